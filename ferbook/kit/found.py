"""What a chapter found, in a few sentences that are right whatever was found.

The words stand in ``book/found.toml``, one wording for each way in which a
claim may stand; figures, intervals and scales come from the ledger, from the
committed networks and from their analyses.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError
from fer_lib.landmarks import FIVE_PARTS
from fer_lib.models.network import Network
from fer_lib.models.saved import committed, load
from ferbook.analysis.pages import of_committed
from ferbook.analysis.record import Analysis
from ferbook.ledger.claims import Claim
from ferbook.ledger.ledger import Ledger, open_ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.rules import Direction, Verdict, rescaling, rules
from ferbook.ledger.verdicts import BESIDE, Judgement
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
_SHOWN = 5  # sentences before the fold, so that the idea comes after one screen
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
    """Four tiles: what the paper printed, what came back, how, and the verdict."""
    claim = judgement.claim
    reading = _shown(judgement)
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
    )


def _other_readings(judgement: Judgement) -> Iterator[tuple[str, str]]:
    """Ours by other readings of the paper, which the tiles do not show."""
    shown, claim = _shown(judgement), judgement.claim
    names = set() if shown is None else {shown.answer.reading}
    for reading in judgement.readings:
        name = reading.answer.reading
        if name and name not in names:
            names.add(name)
            words = f"With {name}, ours reads {phrases.our_figure(claim, reading)}."
            yield words, _figures(claim, reading)


def _standing(judgement: Judgement) -> str:
    return "not decided" if judgement.standing == BESIDE else judgement.standing


def _shown(judgement: Judgement) -> Reading | None:
    """The runs that are told of: those that decide, else the first."""
    for answer in judgement.answers:
        if answer.decided:
            scale = answer.verdict != Verdict.NOT_RUN
            return next((r for r in answer.readings if r.at_scale == scale), None)
    return next(iter(judgement.readings), None)


def _scale(reading: Reading) -> str:
    if reading.at_scale:
        return "the paper's"
    told = {one.item: one for one in rescaling(reading.departures)}
    if set(told) == {"epochs"}:
        return f"{told['epochs'].ours} of {told['epochs'].paper} epochs"
    return f"reduced in {_listed(list(told))}"


def _in_short(reading: Reading) -> str:
    told = _scale(reading)
    return "reduced" if told.startswith("reduced") else told


def _finding(entry: Mapping, ledger: Ledger) -> tuple[str, str] | None:
    """Words and figures; None where there is nothing to say."""
    if "words" in entry:
        return entry["words"], ""
    judgement = ledger.judgement(entry["claim"])
    words = entry.get(OUTCOMES.get(judgement.standing, ""))
    reading = _shown(judgement)
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
    if own := _OWN.get(paper):
        yield own(analysis)


def looks_at(found: Analysis) -> tuple[str, str]:
    """Which part of a face holds more heat than another face's landmarks explain."""
    less = found.numbers["heat.less_other_face"].means
    more, reach, n = less.mean[-1], less.reach[-1], less.n[-1]
    heat = found.numbers["heat.right"].means.mean[-1]
    above = [k for k in np.argsort(-more) if more[k] - reach[k] > 0]
    if not above:
        return (
            "In photographs its Grad-CAM holds no more heat near any part of the "
            "face than near the landmarks of another face.",
            f"n = {n:,} photographs read correctly.",
        )
    parts = [f"the {list(FIVE_PARTS)[k]}" for k in above]
    first = above[0]
    most = f", most near {parts[0]}" if len(parts) > 1 else ""
    return (
        "In photographs its Grad-CAM is hotter than by chance near "
        f"{_listed(parts)}{most}.",
        f"{heat[first]:.2f} times the mean heat; {more[first]:.2f} "
        f"({more[first] - reach[first]:.2f} to {more[first] + reach[first]:.2f}) more "
        f"than near another face's landmarks; n = {n:,} photographs read correctly.",
    )


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def fixed_window(found: Analysis) -> tuple[str, str]:
    """Whether the transformer's window depends on the expression."""
    corners = found.numbers["window.corners"].means
    classes = corners.mean[:-1]  # not a number where a class has no face
    moved = 100 * (np.nanmax(classes, 0) - np.nanmin(classes, 0)).max()
    turned = found.numbers["window.transform"]
    angle = turned.means.mean[-1, turned.columns.index("rotation")]
    words = (
        "Its transformer looks at nearly the same window for every expression."
        if moved < 100 * _NEARLY
        else "The window of its transformer depends on the expression."
    )
    return (
        words,
        f"From class to class its mean corners move by {moved:.1f} % of the side at "
        f"most; it turns by {angle:.0f} degrees; n = {corners.n[-1]:,}.",
    )


def plain_mean(found: Analysis) -> tuple[str, str]:
    """Whether the weights of the regions differ enough to weigh anything."""
    theta = found.numbers["regions.theta"].means
    shares = 100 * theta.mean / theta.mean.sum(1, keepdims=True)
    even = 100 / shares.shape[1]
    least, most = shares[:-1].min(), shares[:-1].max()
    words = (
        "Its attention weighs all regions nearly alike: it takes a plain mean."
        if max(most - even, even - least) < _NEARLY * even
        else "Its attention prefers some regions to others."
    )
    return (
        words,
        f"A region's share is {least:.1f} to {most:.1f} % in the mean of a class, "
        f"{even:.1f} % would be no preference; n = {theta.n[-1]:,}.",
    )


def same_without_masks(found: Analysis) -> tuple[str, str]:
    """How many answers stay where constants stand in place of the masks."""
    one = found.numbers["masking.same_without"].means
    *classes, mean = 100 * one.mean.ravel()
    return (
        f"With constants in place of its masks it answers {mean:.0f} % of photographs "
        "as before.",
        f"{np.nanmin(classes):.0f} to {np.nanmax(classes):.0f} % by class; "
        f"n = {one.n[-1]:,}.",
    )


def same_for_all(found: Analysis) -> tuple[str, str]:
    """Whether two branches agree on one face more than on two."""
    one = found.numbers["branches.agreement"].means
    two = found.numbers["branches.agreement.other_face"].means
    alike, other = (float(x.mean[-1].squeeze()) for x in (one, two))
    reach = float(one.reach[-1].squeeze() + two.reach[-1].squeeze())
    words = (
        "Its branches agree on where to look, face by face."
        if alike - other > max(reach, _LITTLE)
        else "Where its branches look hardly depends on the face: two of them agree "
        "on one face no more than on two."
    )
    return (
        words,
        f"Grad-CAM of two branches correlates by {alike:.2f} on one face, by "
        f"{other:.2f} on two different faces; n = {one.n[-1]:,} photographs.",
    )


def who_decides(found: Analysis) -> tuple[str, str]:
    """Whether the quarters or the whole face reads more, each by itself."""
    right = found.numbers["branches.correct"].means
    (local, whole), reach = right.mean[-1], right.reach[-1].max()
    if abs(local - whole) <= reach:
        words = "Its quarters alone read as many faces as the whole face alone."
    else:
        first, second = ("quarters", "whole face")[:: 1 if local > whole else -1]
        words = f"Its {first} alone read more faces than its {second} alone."
    return (
        words,
        f"Quarters {100 * local:.1f} %, the whole {100 * whole:.1f} %, each within "
        f"{100 * reach:.1f} points; n = {right.n[-1]:,} photographs.",
    )


def unlearned_landmarks(found: Analysis) -> tuple[str, str]:
    """Whether the old heads still find the landmarks after fine-tuning."""
    after = found.numbers["landmarks.after"]
    nobody = found.numbers["landmarks.mean_face"].means.mean[-1]
    worse = [
        f"the {name}"
        for name, error, mean in zip(
            after.columns, after.means.mean[-1], nobody, strict=True
        )
        if error > mean
    ]
    parts = _listed(worse) if 0 < len(worse) < len(nobody) else "every part"
    words = (
        "Fine-tuning for expressions unlearns the landmarks: its old heads then place "
        f"{parts} worse than the same points for everybody."
        if worse
        else "After fine-tuning its old heads still find all landmarks better than the "
        "same points for everybody."
    )
    before = found.numbers["landmarks.before"].means.mean[-1]
    return (
        words,
        f"Mean error {100 * before.mean():.1f} % of the side before, "
        f"{100 * after.means.mean[-1].mean():.1f} % after, "
        f"{100 * nobody.mean():.1f} % for the mean face; n = "
        f"{after.means.n[-1]:,} photographs.",
    )


_LITTLE = 0.02  # of a correlation: two that differ by less are called alike
_NEARLY = 0.1  # as a share: means that differ by less are called nearly alike
_OWN: dict[str, Callable[[Analysis], tuple[str, str]]] = {
    "deep_emotion": fixed_window,
    "ramn": plain_mean,
    "residual_masking": same_without_masks,
    "diversified_esr": same_for_all,
    "diversified_manet": who_decides,
    "part_ensemble": unlearned_landmarks,
}
