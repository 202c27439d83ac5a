"""Forest plots: the papers' figures beside ours, a row a claim."""

from collections.abc import Mapping, Sequence
from textwrap import fill

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
_VALUES = (
    "Accuracies and recalls. The paper's with the 95 % interval of its test faces, "
    "ours over faces and seeds. The legend names labels, preset and recipe."
)
_COMPARED = (
    "Differences and orders in {}, on the same test faces, none of them trained on. "
    "Of an order its weakest pair."
)
_WIDE = 44  # letters of a line of a label
_LINE = 0.45  # a line of a label, in the distance of two claims


def with_runs(ledger: Ledger, *kinds: str, paper: str | None = None) -> list[Judgement]:
    """Claims of some kinds of ``KINDS`` beside which runs stand."""
    found = ledger.select(paper, None)
    return [j for j in found if j.readings and kind_of(j.claim) in kinds]


def forest(paper: str, ledger: Ledger | None = None) -> Page:
    """A paper's values, then its differences and orders, beside our runs."""
    ledger = ledger or open_ledger()
    values = with_runs(ledger, "value", "recall", paper=paper)
    shown = [*_plots(values, _VALUES, ledger), *compared_plots(ledger, paper)]
    return Page(tuple(shown) or (Sentence("No run stands beside its claims yet."),))


def compared_plots(ledger: Ledger, paper: str | None = None) -> list[Plot]:
    """Differences and orders of a paper, or of all, beside our runs: a plot a unit."""
    alike: dict[str, list[Judgement]] = {"points": []}
    for judgement in with_runs(ledger, "difference", "order", paper=paper):
        alike.setdefault(phrases.unit(judgement.claim), []).append(judgement)
    return [
        plot
        for unit, found in alike.items()
        for plot in _plots(found, _COMPARED.format(unit), ledger)
    ]


def _plots(found: Sequence[Judgement], caption: str, ledger: Ledger) -> list[Plot]:
    if not found:
        return []
    figure = draw_forest(found, ledger)
    return [Plot(figure, figure.alt_text, caption)]


def draw_forest(judgements: Sequence[Judgement], ledger: Ledger) -> Figure:
    """The papers' figures beside ours.

    A filled mark answers: it is of the paper's scale, with seeds enough.

    Args:
        judgements: of :func:`with_runs`, one or more; values, or comparisons of
            one unit.
        ledger: which they are of.
    """
    names = {claims.paper: claims.name for claims in ledger.papers}
    styles = _styles(judgements)
    labels = labels_of([j.claim for j in judgements], names)
    told, ticks, y = [], [], 0.0
    figure, axes = plt.subplots()
    for judgement, label in zip(judgements, labels, strict=True):
        claim, lines = judgement.claim, label.count("\n") + 1
        runs = 0.45 * len(judgement.readings)
        room = max(runs, _LINE * (lines - 1))  # beside the middle of the label
        ticks.append(y + room / 2)
        y += (room - runs) / 2
        if claim.value:
            _paper_mark(axes, claim, y)
        for place, reading in enumerate(judgement.readings, start=1):
            _our_mark(axes, reading, y + 0.45 * place, styles[_setting(reading)])
        y += (room + runs) / 2 + 1
        ours = [phrases.our_value(claim, reading) for reading in judgement.readings]
        printed = phrases.paper_value(claim) or "an order, no value"
        told.append(f"{names[claim.paper]}, {claim.says} {printed}; {'; '.join(ours)}")
    figure.set_size_inches(8, 1.6 + 0.36 * y)
    axes.set_yticks(ticks, labels, fontsize=9)
    axes.set_ylim(y - 0.5, -0.6)
    unit = "accuracy or recall (%)"
    if any(j.claim.kind != "value" for j in judgements):
        unit = f"difference ({phrases.unit(judgements[0].claim)})"
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


def labels_of(claims: Sequence[Claim], names: Mapping[str, str]) -> list[str]:
    """What claims say, whole, with paper and data set where these differ."""
    several = {c.paper for c in claims}, {c.dataset for c in claims}
    labels = []
    for claim in claims:
        whose = (names[claim.paper], phrases.dataset_name(claim.dataset))
        told = [n for n, found in zip(whose, several, strict=True) if len(found) > 1]
        lines = [", ".join(told)] if told else []
        labels.append("\n".join([*lines, fill(claim.says.rstrip("."), _WIDE)]))
    return labels
