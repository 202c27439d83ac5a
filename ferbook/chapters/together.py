"""Chapter 9: networks that decide together, and a face beside its mirror image."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fer_lib.evaluation.ensembles import (
    MOST_MEMBERS,
    Choice,
    decide,
    selection_report,
)
from fer_lib.evaluation.intervals import wilson_interval
from ferbook.chapters.across import Part
from ferbook.ledger.comparing import Look, Runs, per_face, rows_of
from ferbook.ledger.statistics import Difference, crossed
from ferbook.runs.key import RunKey
from ferbook.runs.records import Record
from ferbook.show import phrases
from ferbook.show.tables import Page, Sentence, Table, cell, table

_RULES = {"sum": "mean probability", "vote": "majority vote"}
_MOST_RUNS = 8  # that all subsets are tried of


def ensemble_table(
    names: Sequence[str], validation: Part, test: Part, kind: str
) -> Table | Sentence:
    """Members alone, and together in three ways of choosing them."""
    if not 2 <= len(names) <= MOST_MEMBERS:
        return Sentence(
            f"{len(names)} networks are at hand here; an ensemble needs 2 to "
            f"{MOST_MEMBERS}."
        )
    n = len(test[1])

    def row(which: str, name: str, rule: str, shares: Sequence[float]) -> tuple:
        low, high = wilson_interval(round(n * shares[1]), n)
        reported = f"{100 * shares[1]:.1f}\n {100 * low:.1f}–{100 * high:.1f}"
        return which, name, rule, f"{100 * shares[0]:.1f}", reported

    alone = zip(*map(_alone, (validation, test)), strict=True)
    rows = [
        row(f"{k + 1}", name, "alone", shares)
        for k, (name, shares) in enumerate(zip(names, alone, strict=True))
    ]
    for rule, told in _RULES.items():
        found = selection_report(validation, test, rule)
        for way, choice in (
            ("all", found.everyone),
            ("chosen on validation", found.chosen),
            ("chosen on test (a warning)", found.test_selected),
        ):
            members = ", ".join(f"{k + 1}" for k in choice.members)
            rows.append(row(members, way, told, (choice.validation, choice.test)))
    header = ("Members", "Network or choice", "Rule", "Validation (%)")
    header += ("Test (%), 95 % interval",)
    both = f"n = {len(validation[1]):,} and {n:,}"
    return Table(f"Ensembles on {kind}, {both}", header, tuple(rows))


def _alone(part: Part) -> np.ndarray:
    logits, labels = part
    return (logits.argmax(-1) == labels).mean(-1)


def together_table(names: Sequence[str], parts: Mapping[str, Part]) -> Table:
    """The best member and all members together, by corpus."""
    rows = []
    for corpus, (logits, labels) in parts.items():
        alone = _alone((logits, labels))
        both = [(decide(logits, rule) == labels).mean() for rule in _RULES]
        first = f"{100 * alone.max():.1f}\n {names[int(alone.argmax())]}"
        told = [f"{100 * share:.1f}" for share in both]
        rows.append((f"{corpus}\n n = {len(labels):,}", first, *told))
    header = ("Tested on", "Best member there (%)")
    header += tuple(f"All, {name} (%)" for name in _RULES.values())
    return Table("Together, at home and away", header, tuple(rows))


class Together(NamedTuple):
    """Recorded runs of one label set that decide together.

    Their probabilities are added: equation (4) of Wadhawan and Gandhi (2022).

    Attributes:
        runs: the members that can be chosen, the best on validation first.
        chosen: of them, on validation.
        peeked: the same, chosen on the reported split.
        alone: accuracy there of the member that is best on validation, 0 to 1.
        gain: of those chosen over that member, over faces.
    """

    runs: tuple[Record, ...]
    chosen: Choice
    peeked: Choice
    alone: float
    gain: Difference


def recorded_together(records: Iterable[Record]) -> tuple[Together, ...]:
    """Ensembles of recorded runs, one for each label set that has two runs or more.

    Of the last epoch, whose scores alone are kept for both splits; of many runs the
    eight that are best on validation.  Folds have too few faces to choose on.
    """
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        splits = record.results.get("last", ())
        if len(splits) == 2 and "-fold" not in record.protocol:
            faces = (record.dataset, record.protocol, record.data["sha256"])
            groups.setdefault(faces, []).append(record)
    found = []
    for runs in groups.values():
        if len(runs) > 1:
            reported = runs[0].reported
            (validation,) = runs[0].results["last"].keys() - {reported}
            share = {run: run.metrics("last", validation)["accuracy"] for run in runs}
            best = sorted(runs, key=share.__getitem__, reverse=True)[:_MOST_RUNS]
            found.append(
                _together(best, _part(best, validation), _part(best, reported))
            )
    return tuple(found)


def _together(runs: Sequence[Record], validation: Part, test: Part) -> Together:
    choice = selection_report(validation, test)
    logits, labels = test
    first = logits[0].argmax(-1) == labels
    both = decide(logits[list(choice.chosen.members)]) == labels
    gain = crossed(both.astype(float), first.astype(float))
    alone = float(first.mean())
    return Together(tuple(runs), choice.chosen, choice.test_selected, alone, gain)


def _part(runs: Sequence[Record], split: str) -> Part:
    key = f"last/{split}/single/logits"
    logits = np.stack([run.predictions[key].astype(np.float32) for run in runs])
    return logits, runs[0].predictions[f"{split}/labels"].astype(np.int64)


def recorded_table(records: Iterable[Record]) -> Table | Sentence:
    """Recorded runs together, a row for each label set."""

    def accuracy(one: Together) -> str:
        n = one.gain.n
        low, high = wilson_interval(round(n * one.chosen.test), n)
        limits = f"{phrases.percent(low)}–{phrases.percent(high)}"
        return cell(phrases.percent(one.chosen.test), limits, f"n = {n:,}")

    found = recorded_together(records)
    return table(
        "Recorded runs on photographs that decide together",
        found,
        {
            "Labels": lambda one: cell(
                phrases.dataset_name(one.runs[0].dataset),
                phrases.protocol_name(one.runs[0].protocol),
            ),
            "Members chosen": lambda one: cell(
                f"{len(one.chosen.members)} of {len(one.runs)}",
                *_counted(one.runs[k].paper for k in one.chosen.members),
            ),
            "Best member alone (%)": lambda one: cell(
                phrases.percent(one.alone), phrases.network_name(one.runs[0].paper)
            ),
            "Together (%), 95 % interval": accuracy,
            "Gain": lambda one: phrases.points(one.gain),
            "Had we peeked (%)": lambda one: phrases.percent(one.peeked.test),
        },
        empty="Fewer than two recorded runs are of the same faces.",
        note="Scores of the last epoch, summed probabilities. The best member and the "
        "members are chosen on the split that the run selects on; of many runs, the "
        f"{_MOST_RUNS} best there stand for choice. The last column chooses on the "
        f"reported split, and is no result{_feigned(found)}.",
    )


def _feigned(found: Sequence[Together]) -> str:
    """By how much a choice on the reported split flatters most, and where."""
    if not found:
        return ""
    most = max(found, key=lambda one: one.peeked.test - one.chosen.test)
    points = phrases.percent(most.peeked.test - most.chosen.test)
    name = phrases.dataset_name(most.runs[0].dataset)
    return f": it feigns up to {points} points, on {most.gain.n:,} faces of {name}"


def _counted(papers: Iterable[str]) -> list[str]:
    counts = Counter(phrases.network_name(paper) for paper in papers)
    return [f"{count} × {name}" for name, count in counts.items()]


class Mirrored(NamedTuple):
    """What the mean with the mirror image adds to a single pass.

    Attributes:
        key: what the runs have in common; of folds without their number.
        means: accuracy of a single pass and with the mirror image, 0 to 1.
        gain: of the same networks on the same faces, over seeds and faces.
        seeds: of the runs.
    """

    key: RunKey
    means: tuple[float, float]
    gain: Difference
    seeds: tuple[int, ...]


def mirrored(records: Iterable[Record]) -> list[Mirrored]:
    """Of each kind of run, on reported faces not in training; most gain first.

    Folds count together, of seeds that have all that are recorded.
    """
    kinds: dict[RunKey, dict[int, dict[str, Record]]] = {}
    for record in records:
        if "flip" in record.results["selected"][record.reported]:
            protocol, _, fold = record.protocol.partition("-fold")
            key = replace(record.trained_as, protocol=protocol, seed=0)
            kinds.setdefault(key, {}).setdefault(record.seed, {})[fold] = record
    found = []
    for key, seeds in kinds.items():
        folds = sorted(set().union(*seeds.values()))
        whole = {s: runs for s, runs in seeds.items() if len(runs) == len(folds)}
        if whole:
            runs = [tuple(whole[s][fold] for fold in folds) for s in sorted(whole)]
            found.append(Mirrored(key, *_gain(runs), tuple(sorted(whole))))
    return sorted(found, key=lambda one: one.gain.mean, reverse=True)


def _gain(seeds: Sequence[Runs]) -> tuple[tuple[float, float], Difference]:
    among = [record for runs in seeds for record in runs]
    look = Look()
    rows = rows_of(seeds[0], look, among)
    sides = (per_face(seeds, one, among)[:, rows] for one in (look, Look(view="flip")))
    single, both = sides
    means = float(single.mean()), float(both.mean())
    return means, crossed(both - single, shares=False)


def mirror_tables(records: Iterable[Record]) -> Page | Sentence:
    """:func:`mirrored`, in a sentence and as a table."""
    found = mirrored(records)
    if not found:
        return Sentence("No recorded run was tested with the mirror image yet.")
    signs = Counter(one.gain.sign() for one in found)
    gains = [100 * one.gain.mean for one in found]
    sentence = (
        f"Of {len(found)} kinds of runs, {signs[1]} gain by the mirror image and "
        f"{signs[-1]} lose, where the interval excludes 0; the means lie between "
        f"{min(gains):+.1f} and {max(gains):+.1f} points. It costs a second pass, and "
        "no training."
    )
    shown = table(
        "What the mirror image adds",
        found,
        {
            "Runs": lambda one: cell(
                f"{phrases.network_name(one.key.paper)}, {one.key.variant}",
                phrases.dataset_name(one.key.dataset),
                phrases.protocol_name(one.key.protocol),
                phrases.trained(one.key),
            ),
            "Single pass (%)": lambda one: phrases.percent(one.means[0]),
            "With the mirror image (%)": lambda one: phrases.percent(one.means[1]),
            "Adds": lambda one: phrases.points(one.gain),
            "n": lambda one: cell(
                f"{one.gain.n:,}", phrases.seeds(one.seeds, one.gain.spread)
            ),
        },
        note="Reported faces whose very image is not in training. The same networks "
        "are on both sides, so the interval is that of their gain.",
        folded=True,
    )
    return Page((Sentence(sentence), shown))
