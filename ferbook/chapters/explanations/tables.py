"""What the recorded study comes to, in five sentences."""

from collections.abc import Sequence

import numpy as np

from ferbook.show.tables import Sentence
from ferbook.study.analysis import Answer, Records
from ferbook.study.cell import METHOD_ROWS
from ferbook.study.networks import NAMES
from ferbook.study.plan import HYPOTHESES, RANK, UNITS
from ferbook.study.report import LABELS, bare, interval
from ferbook.study.settings import FAIR
from ferbook.study.standing import standings

WORDS = ("confirmed", "contradicted", "undecided")


def in_words(records: Records, answers: Sequence[Answer]) -> Sentence:
    """Five sentences: what was learned, asserted, marked, ordered and foretold."""
    asserted = _asserted(answers, records.missing)
    told = (_learned(records), asserted, _marked(records), _ordered(records))
    return Sentence(" ".join((*told, _cues(records))))


def _learned(records: Records) -> str:
    able, trained = records.learned[FAIR], ~np.isnan(records.auc[FAIR])
    networks = [n for k, n in enumerate(records.networks) if trained[:, k].any()]
    return (
        f"{int(trained.any(0).sum())} networks of {len(networks)} kinds "
        f"({', '.join(NAMES[n] for n in networks)}) were trained to see "
        f"{len(records.tasks)} movements of rendered faces; of these pairs "
        f"{able.sum():,} of {trained.sum():,} were learned, and their maps scored."
    )


def _asserted(answers: Sequence[Answer], missing: int) -> str:
    keys = {w: [a.hypothesis.key for a in answers if a.word == w] for w in WORDS}
    counts = ", ".join(
        f"{len(found)} {'is' if len(found) == 1 else 'are'} {word}"
        + (f" ({', '.join(found)})" if found else "")
        for word, found in keys.items()
    )
    left = len(HYPOTHESES) - len(answers)
    without = f"; for {left} there is no record yet" if left else ""
    interim = (
        f" These are no answers yet: {missing} of the plan's cells are missing, and "
        "its answers count when all are recorded."
    )
    return (
        f"Of {len(HYPOTHESES)} hypotheses that were fixed before the first record, "
        f"{counts} after Holm's correction{without}." + interim * bool(missing)
    )


def _marked(records: Records) -> str:
    told = standings(records, RANK, METHOD_ROWS)
    noise = standings(records, RANK, ("noise",))["noise"].found.mean
    best = max(told, key=lambda row: told[row].found.mean)
    one = told[best]
    below = [row for row in told if told[row].word != "above it"]
    return (
        f"{_first(best)} marks best what moves: {interval(one.found)} of its hottest "
        f"pixels lie on it, where the hardest decoy, the {bare(one.rival)}, has "
        f"{one.found.mean - one.margin.mean:.2f} and noise {noise:.2f}; "
        f"{len(below)} of {len(told)} methods are not shown to be above the decoy that "
        "is hardest for them."
    )


def _ordered(records: Records) -> str:
    told = standings(records, UNITS, METHOD_ROWS)
    best = max(told, key=lambda row: told[row].found.mean)
    above = sum(one.word == "above it" for one in told.values())
    return (
        f"{_first(best)} comes nearest to the order in which the movements of a "
        f"face count for the answer, {interval(told[best].found)} where chance has "
        f"one half; above the hardest decoy: {above} of {len(told)} methods."
    )


def _first(row: str) -> str:
    """A row's label where a sentence begins."""
    return LABELS[row][0].upper() + LABELS[row][1:]


def _cues(records: Records) -> str:
    planted = [c for c in records.values if c.startswith("tied")]
    if not planted:
        return "Planted shortcuts are not recorded yet."
    last = max(planted, key=lambda c: int(c.removeprefix("tied")))
    told = standings(records, "cue_mass", METHOD_ROWS, condition=last)
    shown = [LABELS[row] for row in told if told[row].word == "above it"]
    return (
        f"Where a cue agreed with the movement in {last.removeprefix('tied')} % of the "
        "faces that a network learned from, more mass on it than the hardest decoy "
        f"has, which is what a reader could notice, is found for {len(shown)} of "
        f"{len(told)} methods" + (f": {', '.join(shown)}." if shown else ".")
    )
