"""Forest plots: the papers' figures beside ours, a row a claim."""

from collections.abc import Mapping, Sequence
from textwrap import fill, shorten

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fer_lib.evaluation.intervals import wilson_interval
from ferbook.ledger.claims import Claim
from ferbook.ledger.ledger import Ledger, kind_of, open_ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.verdicts import Judgement
from ferbook.show import phrases
from ferbook.show.figures import COLOURS, Plot
from ferbook.show.plots import MARKS
from ferbook.show.tables import Page, Sentence

_SETTINGS = ("blue", "purple", "orange", "green", "sky", "vermilion", "yellow")
_CAPTIONS = {
    "value": "Accuracies and recalls. The paper's with the 95 % interval of its test "
    "faces, ours over faces and seeds.",
    "compared": "Differences and orders, on the same test faces, none of them trained "
    "on. Of an order its weakest pair.",
}


def with_runs(ledger: Ledger, *kinds: str, paper: str | None = None) -> list[Judgement]:
    """Claims of some kinds of ``KINDS`` beside which runs stand."""
    found = ledger.select(paper, None)
    return [j for j in found if j.readings and kind_of(j.claim) in kinds]


def forest(paper: str, ledger: Ledger | None = None) -> Page:
    """A paper's values, then its differences and orders, beside our runs."""
    ledger = ledger or open_ledger()
    shown = []
    groups = {"value": ("value", "recall"), "compared": ("difference", "order")}
    for name, kinds in groups.items():
        if found := with_runs(ledger, *kinds, paper=paper):
            figure = draw_forest(found, ledger)
            shown.append(Plot(figure, figure.alt_text, _CAPTIONS[name]))
    return Page(tuple(shown) or (Sentence("No run stands beside its claims yet."),))


def draw_forest(judgements: Sequence[Judgement], ledger: Ledger) -> Figure:
    """The papers' figures beside ours.

    A filled mark answers: it is of the paper's scale, with seeds enough.

    Args:
        judgements: of :func:`with_runs`, one or more; values or comparisons.
        ledger: which they are of.
    """
    names = {claims.paper: claims.name for claims in ledger.papers}
    styles = _styles(judgements)
    rows = sum(1 + 0.45 * len(j.readings) for j in judgements)
    figure, axes = plt.subplots(figsize=(8, 1.6 + 0.36 * rows))
    told, ticks, y = [], [], 0.0
    for judgement in judgements:
        claim = judgement.claim
        ticks.append(y)
        if claim.value:
            _paper_mark(axes, claim, y)
        for reading in judgement.readings:
            y += 0.45
            _our_mark(axes, reading, y, styles[_setting(reading)])
        y += 1
        ours = [phrases.our_value(claim, reading) for reading in judgement.readings]
        printed = phrases.paper_value(claim) or "an order, no value"
        told.append(f"{names[claim.paper]}, {claim.says} {printed}; {'; '.join(ours)}")
    several = len({j.claim.paper for j in judgements}) > 1
    labels = [
        (f"{names[j.claim.paper]}\n" if several else "") + _short(j.claim)
        for j in judgements
    ]
    axes.set_yticks(ticks, labels, fontsize=9)
    axes.set_ylim(y - 0.5, -0.6)
    unit = "accuracy or recall (%)"
    if any(j.claim.kind != "value" for j in judgements):
        unit = "difference (points)"
        axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(f"{unit}, with 95 % interval")
    axes.grid(axis="x", alpha=0.3)
    _legend(axes, styles, any(j.claim.value for j in judgements))
    figure.tight_layout()
    figure.alt_text = f"Papers' figures beside ours. {' '.join(told)}"
    return figure


def _paper_mark(axes: Axes, claim: Claim, y: float) -> None:
    """A diamond, with the interval of an accuracy on the paper's own faces."""
    if claim.kind == "value" and claim.n:
        limits = wilson_interval(claim.number * claim.n, claim.n)
        axes.plot([100 * x for x in limits], [y, y], color="black", linewidth=1)
    axes.plot(100 * claim.number, y, "D", color="black", markersize=5)


def _our_mark(axes: Axes, reading: Reading, y: float, style: tuple[str, str]) -> None:
    """Filled at the paper's scale with seeds enough, else hollow."""
    (colour, mark), found = style, reading.found
    axes.plot([100 * found.low, 100 * found.high], [y, y], color=colour)
    face = colour if reading.at_scale and reading.enough else "white"
    axes.plot(100 * found.mean, y, mark, color=colour, markerfacecolor=face)


def _setting(reading: Reading) -> str:
    """How the runs of a reading were made, for the legend."""
    answer, seeds = reading.answer, len(reading.seeds)
    labels = phrases.protocol_name(answer.protocol)
    count = f"{seeds} seed{'s' if seeds > 1 else ''}"
    return f"{labels}; preset {answer.preset}, recipe {answer.recipe}; {count}"


def _styles(judgements: Sequence[Judgement]) -> dict[str, tuple[str, str]]:
    """Colour and mark of every setting that occurs."""
    found = dict.fromkeys(_setting(r) for j in judgements for r in j.readings)
    looks = [(COLOURS[name], mark) for mark in MARKS for name in _SETTINGS]
    return dict(zip(found, looks, strict=False))


def _legend(axes: Axes, styles: Mapping[str, tuple[str, str]], printed: bool) -> None:
    marks = [Line2D([], [], color="black", marker="D", linestyle="", label="paper")]
    marks = marks if printed else []
    marks += [
        Line2D([], [], color=colour, marker=mark, markerfacecolor="white", label=name)
        for name, (colour, mark) in styles.items()
    ]
    filled = {"color": "grey", "marker": "o", "linestyle": ""}
    marks.append(Line2D([], [], label="filled: paper's scale, 3 seeds", **filled))
    place = {"loc": "lower right", "bbox_to_anchor": (1, 1)}
    axes.legend(handles=marks, fontsize=9, frameon=False, **place)


def _short(claim: Claim) -> str:
    """The beginning of a claim's sentence, in up to two lines."""
    return fill(shorten(claim.says.rstrip("."), 76, placeholder=" ..."), 40)
