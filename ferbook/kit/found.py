"""What a chapter found, in a few sentences that are right whatever was found.

The words stand in ``book/found.toml``, one wording for each way in which a
claim may stand; figures, intervals and scales come from the ledger, from the
committed networks and from their analyses.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.models.network import Network
from fer_lib.models.saved import committed, load
from ferbook.analysis.pages import of_committed
from ferbook.kit.looks import OWN, listed, looks_at
from ferbook.ledger.claims import Claim
from ferbook.ledger.ledger import Ledger, open_ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.rules import Direction, Verdict, rescaling, rules
from ferbook.ledger.verdicts import BESIDE, Answered, Judgement
from ferbook.runs.paths import repository_root
from ferbook.show import phrases
from ferbook.show.figures import percent
from ferbook.show.tables import VERDICT_COLOURS

WORDS = Path("book/found.toml")
_HOLDS = (Verdict.REPRODUCED, Verdict.EXCEEDS, Verdict.CONSISTENT, Direction.SAME)
_FAILS = (Verdict.NOT_REPRODUCED, Verdict.CONTRADICTORY, Direction.OPPOSITE)
_OPEN = (Verdict.UNDECIDED, Direction.NOT_TOLD_APART, BESIDE)
OUTCOMES = {str(one): "holds" for one in _HOLDS}
OUTCOMES |= {str(one): "fails" for one in _FAILS}
OUTCOMES |= {str(one): "open" for one in _OPEN}
_NOTE = (
    "Differences are with the idea less without it. An interval covers other test "
    "faces; another random start, a seed, it covers only where there are several. "
    "So an answer takes several seeds, and with one a result stays open."
)
_SHOWN = 4  # sentences before the fold, so that the idea comes after one screen
_KEYS = {"claim", "words", "holds", "fails", "open", "none"}


@dataclass(frozen=True)
class Found:
    """The box at the top of a chapter.

    Attributes:
        tiles: name and value: printed, ours, scale, verdict.
        sentences: what was found; of each the words, and the figures behind them.
    """

    tiles: tuple[tuple[str, str], ...]
    sentences: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        tiles = [f"{name}: {value}" for name, value in self.tiles]
        told = [f"- {words} {figures}".rstrip() for words, figures in self.sentences]
        return "\n".join([*tiles, "", *told])

    def _repr_html_(self) -> str:
        tiles = "".join(_tile(*one) for one in self.tiles)
        first, more = self.sentences[:_SHOWN], self.sentences[_SHOWN:]
        finding = "findings" if len(more) > 1 else "finding"
        folded = f"{len(more)} more {finding}, and how to read them"
        return (
            f'<div class="found"><dl class="found-tiles">{tiles}</dl>{_list(first)}'
            f"<details><summary>{folded if more else 'How to read these'}</summary>"
            f'{_list(more)}<p class="found-note">{_NOTE}</p></details></div>'
        )


def _list(sentences: Sequence[tuple[str, str]]) -> str:
    told = "".join(
        f"<li>{escape(words)}"
        + (f' <span class="found-figures">{escape(figures)}</span>' * bool(figures))
        + "</li>"
        for words, figures in sentences
    )
    return f"<ul>{told}</ul>" if told else ""


def _tile(name: str, value: str) -> str:
    colour = VERDICT_COLOURS.get(value)
    mark = (
        f'<span aria-hidden="true" style="color: {colour}">&#9632;</span> '
        if colour
        else ""
    )
    return f"<div><dt>{escape(name)}</dt><dd>{mark}{escape(value)}</dd></div>"


def found(paper: str, ledger: Ledger | None = None) -> Found:
    """What the book found about a paper, first about its headline.

    Raises:
        FerError: when the words name what no ledger knows.
    """
    ledger = ledger or open_ledger()
    told = read_words()[paper]
    sentences = [one for entry in told["findings"] if (one := _finding(entry, ledger))]
    network = load(committed(paper))
    # The first finding says why there is another reading.
    sentences[1:1] = _other_readings(ledger.judgement(told["headline"]))
    sentences += [*_reads(network), *_looks(paper)]
    return Found(headline(ledger.judgement(told["headline"])), tuple(sentences))


@cache
def read_words(path: Path | None = None) -> dict[str, dict]:
    """The words of each paper, by its nickname.

    Raises:
        FerError: when an entry has keys that are not known, or says nothing.
    """
    path = path or repository_root() / WORDS
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    for paper, words in told.items():
        for number, entry in enumerate(words["findings"], 1):
            odd = sorted(set(entry) - _KEYS)
            if odd or ("words" in entry) == ("claim" in entry):
                why = f"has {', '.join(odd)}" if odd else "needs words or a claim"
                raise FerError(
                    f"{path.name}: finding {number} of {paper} {why}; it takes "
                    f"{', '.join(sorted(_KEYS))}."
                )
    return told


def headline(judgement: Judgement) -> tuple[tuple[str, str], ...]:
    """Tiles: what the paper printed, what came back, how, and the verdict.

    Where another reading of the paper has a verdict of its own, that stands last.
    """
    claim = judgement.claim
    reading = judgement.shown
    where = phrases.dataset_name(claim.dataset)
    printed = (f"Printed, {where}", phrases.paper_value(claim))
    if reading is None:
        why = phrases.verdict(judgement)
        return (printed, ("Ours", "no run"), ("Verdict", why))
    low, high = (phrases.percent(x) for x in (reading.found.low, reading.found.high))
    ours = f"{phrases.our_figure(claim, reading)} ({low} to {high})"
    return (
        printed,
        ("Ours, 95 % interval", ours),
        ("Scale", f"{_in_short(reading)}, {phrases.seeds(reading.seeds, None)}"),
        ("Verdict", _standing(judgement)),
        *(
            ("By another reading", answer.standing)
            for answer in _others(judgement)
            if answer.decided
        ),
    )


def _other_readings(judgement: Judgement) -> Iterator[tuple[str, str]]:
    """Ours by other readings of the paper, whose runs the tiles do not show."""
    claim = judgement.claim
    for answer in _others(judgement):
        reading = answer.readings[0]
        standing = f": {answer.standing}" if answer.decided else ""
        ours = phrases.our_figure(claim, reading)
        words = f"With {answer.reading}, ours reads {ours}{standing}."
        yield words, _figures(claim, reading)


def _others(judgement: Judgement) -> list[Answered]:
    """Answers of runs by other readings than the one that is shown."""
    shown = judgement.shown
    return [
        answer
        for answer in judgement.answers
        if answer.reading and answer.readings and shown not in answer.readings
    ]


def _standing(judgement: Judgement) -> str:
    return "not decided" if judgement.standing == BESIDE else judgement.standing


def _scale(reading: Reading) -> str:
    if reading.at_scale:
        return "the paper's"
    told = {one.item: one for one in rescaling(reading.departures)}
    if set(told) == {"epochs"}:
        return f"{told['epochs'].ours} of {told['epochs'].paper} epochs"
    return f"reduced in {listed(list(told))}"


def _in_short(reading: Reading) -> str:
    told = _scale(reading)
    return "reduced" if told.startswith("reduced") else told


def _finding(entry: Mapping, ledger: Ledger) -> tuple[str, str] | None:
    """Words and figures; None where there is nothing to say."""
    if "words" in entry:
        return entry["words"], ""
    judgement = ledger.judgement(entry["claim"])
    words = entry.get(OUTCOMES.get(judgement.standing, ""))
    reading = judgement.shown
    if reading is None and judgement.claim.kind != "arithmetic":
        return (entry["none"], "") if "none" in entry else None
    if words is None:
        return None
    return words, _figures(judgement.claim, reading) if reading else ""


def _figures(claim: Claim, reading: Reading) -> str:
    printed = f"Printed: {phrases.paper_value(claim)}. " if claim.value else ""
    told = phrases.our_figure(claim, reading), phrases.our_interval(claim, reading)
    few = "" if reading.enough else f"; an answer takes {rules()['seeds']}"
    return f"{printed}Ours: {told[0]} ({told[1]}{few}; scale: {_scale(reading)})."


def _reads(network: Network) -> Iterator[tuple[str, str]]:
    """How well the network that comes with the book reads faces."""
    reads = network.about.get("reads")
    name = network.NAME
    if not reads:
        yield (
            f"The {name} that comes with the book has learned from rendered faces "
            "alone. It shows how such a network is looked at, not what it sees in "
            "photographs.",
            "",
        )
        return
    photographs, rendered = reads["photographs"], reads["rendered faces"]
    yield (
        f"A small {name} of ours reads {percent(photographs)} of FER2013's test "
        "photographs.",
        f"Labels: FER+'s majority. Of rendered strangers: {percent(rendered)}.",
    )


def _looks(paper: str) -> Iterator[tuple[str, str]]:
    """What it looks at in photographs, by its analysis, if it can read."""
    analysis = of_committed(paper)
    if analysis is None or not analysis.reads:
        return
    yield looks_at(analysis)
    if own := OWN.get(paper):
        yield own(analysis)
