"""What networks and trainings cost: operations counted, times of recorded runs.

Operations are counted, nothing is computed for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from fer_lib.data.sources.published import PUBLISHED
from fer_lib.errors import FerError
from fer_lib.models import NETWORKS, build
from fer_lib.models.cost import TRAINING, counted
from ferbook.ledger.ledger import Ledger
from ferbook.papers import find_paper
from ferbook.papers.costs import network_cost
from ferbook.runs.records import Record
from ferbook.show import phrases
from ferbook.show.figures import COLOURS, Panels, Plot
from ferbook.show.plots import MARKS, finish
from ferbook.show.run_tables import seconds_an_epoch
from ferbook.show.tables import Page, Sentence

FER2013 = PUBLISHED["fer2013"].total("Training")
# Achieved GFLOP/s of networks below and above SMALL GFLOPs per face.  On two
# cores: the page on speed, Deep-Emotion and the least of the others.  On a T4
# a twelfth and a quarter of the 8,100 in NVIDIA's data sheet; not measured.
RATES = {"two CPU cores": (18.0, 120.0), "a T4": (700.0, 2000.0)}
SMALL = 0.1
_CROPS = (0, 4, 5, 7, 9, 10)
_BRANCHES = (1, 5, 9, 15)
_SIDES = (48, 96, 160, 224)
_EPOCHS = (1, 10, 60, 300)
PAPERS = tuple(name for name in NETWORKS if name != "comparison")
_SIZE = (4.6, 3.9)  # inches; two stand side by side
_COLOURS = ("blue", "orange", "green", "vermilion", "purple", "black", "sky")


def rate(gflops: float, machine: str) -> float:
    """GFLOP/s that networks of so many GFLOPs per face reach on one of ``RATES``."""
    return RATES[machine][gflops >= SMALL]


@cache
def gflops(network: str, **options) -> float:
    """Of a face's forward pass, in 1e9; options as of ``build``."""
    return counted(lambda: build(network, **options)).gflops


def by_side() -> dict[str, dict[int, float]]:
    """GFLOPs of each network's forward pass by the side of a face in pixels."""
    found: dict[str, dict[int, float]] = {}
    for name in PAPERS:
        for side in _SIDES:
            try:
                work = gflops(name, input_size=side)
            except FerError:  # too small for a network that halves it often
                continue
            found.setdefault(name, {})[side] = work
    return found


@dataclass(frozen=True)
class Measured:
    """Runs of one network on one machine: GFLOPs and mean seconds of an epoch."""

    paper: str
    machine: str
    work: float
    seconds: float
    runs: int


def work_an_epoch(record: Record) -> float:
    """GFLOPs that an epoch of a run's training takes.

    Ensembles are counted whole, also where a stage trains a part of them.
    """
    settings = {k: v for k, v in record.config.items() if k != "pretrained"}
    recipe = find_paper(record.paper)
    config = recipe.make_config("paper", **settings)
    network = network_cost(recipe, config, len(record.classes))
    faces = next(iter(record.data["splits"].values()))["n"]
    return TRAINING * network.gflops * faces


def measured(records: Iterable[Record]) -> list[Measured]:
    """Times of recorded runs; like runs on like machines are one."""
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        place = (record.paper, phrases.hardware(record), work_an_epoch(record))
        groups.setdefault(place, []).append(record)
    return [
        Measured(*place, sum(map(seconds_an_epoch, runs)) / len(runs), len(runs))
        for place, runs in groups.items()
    ]


def cost_growth(ledger: Ledger) -> Page:
    """Counted operations and measured times as plots."""
    names = {claims.paper: claims.name for claims in ledger.papers}
    sides = by_side()
    with torch.device("meta"):
        own = {name: build(name).input.size for name in PAPERS}
    shown = (_regions(), _branches(), _sides(sides, own, names))
    shown += (_trainings({name: sides[name][own[name]] for name in PAPERS}, names),)
    return Page((Panels(shown), measured_plot(ledger.records, names)))


def by_crops() -> dict[int, float]:
    """GFLOPs of RAMN's forward pass by the number of its sub-images."""
    return {crops: gflops("ramn", crops=crops) for crops in _CROPS}


def _regions() -> Plot:
    crops = by_crops()
    figure, axes = plt.subplots(figsize=_SIZE)
    axes.plot(list(crops), list(crops.values()), "o-", color=COLOURS["green"])
    axes.plot(5, crops[5], "o", color=COLOURS["green"], ms=11)
    labels = {"xlabel": "sub-images beside the whole face", "ylabel": "GFLOPs per face"}
    finish(axes, legend=None, title="RAMN: regions", ylim=(0, None), **labels)
    return Plot(
        figure,
        f"GFLOPs of a face against sub-images: a straight line from {crops[0]:.0f} "
        f"without any to {crops[10]:.0f} with ten.",
        "Every sub-image goes through the whole VGG16; the large mark is the paper's "
        "own number. Counted, one face of 224 pixels.",
    )


def by_branches() -> dict[int, float]:
    """GFLOPs of ESR's forward pass by the number of its branches."""
    return {n: gflops("diversified_esr", branches=n) for n in _BRANCHES}


def _branches() -> Plot:
    branches = by_branches()
    figure, axes = plt.subplots(figsize=_SIZE)
    many, colour = np.array(list(branches)), COLOURS["vermilion"]
    shared, apart = list(branches.values()), many * branches[1]
    axes.plot(many, shared, "o-", color=colour, label="ESR: first layers shared")
    for number in (9, 15):
        axes.plot(number, branches[number], "o", color=colour, ms=11)
    axes.plot(many, apart, "--", color="black", label="as many networks apart")
    labels = {"xlabel": "branches", "ylabel": "GFLOPs per face"}
    finish(axes, title="ESR: branches", ylim=(0, None), legend=10, **labels)
    return Plot(
        figure,
        f"GFLOPs of a face against branches: from {branches[1]:.1f} with one to "
        f"{branches[15]:.1f} with fifteen, far below as many networks apart.",
        "Branches that share their first layers against networks that do not; large "
        "marks are the paper's ESR-9 and ESR-15. Counted, one face of 96 pixels.",
    )


def _lines(curves: Mapping, names: Mapping[str, str], large: Mapping | None = None):
    figure, axes = plt.subplots(figsize=_SIZE)
    for name, (mark, colour) in _styles(curves).items():
        line = curves[name]
        told = {"color": colour, "label": names.get(name, name)}
        axes.loglog(list(line), list(line.values()), f"{mark}-", ms=3.5, lw=1, **told)
        if large:
            axes.loglog(large[name], line[large[name]], mark, color=colour, ms=10)
    ticks = sorted({x for line in curves.values() for x in line})
    axes.set_xticks(ticks, list(map(str, ticks)), fontsize=8)
    axes.set_xticks([], minor=True)
    return figure, axes


def _sides(sides: Mapping, own: Mapping[str, int], names: Mapping) -> Plot:
    figure, axes = _lines(sides, names, own)
    finish(
        axes, legend=None, xlabel="side of a face (pixels)", ylabel="GFLOPs per face"
    )
    axes.legend(fontsize=7, ncols=2, loc="lower right")
    lowest = min(min(line.values()) for line in sides.values())
    axes.set(title="All: size of a face", ylim=(lowest / 30, None))  # for the legend
    return Plot(
        figure,
        "GFLOPs of a face against its side, on logarithmic axes: lines of "
        "slope about two; RAMN highest, Deep-Emotion lowest.",
        "Each network at its paper's width; large marks are the papers' own "
        "sizes. Counted, one face.",
    )


def _trainings(faces: Mapping[str, float], names: Mapping[str, str]) -> Plot:
    epoch = {name: TRAINING * FER2013 * one / 1e6 for name, one in faces.items()}
    work = {name: {k: k * one for k in _EPOCHS} for name, one in epoch.items()}
    figure, axes = _lines(work, names)
    labels = {"xlabel": "epochs of 28,709 faces", "ylabel": "PFLOPs of training"}
    finish(axes, legend=None, title="All: images and epochs", **labels)
    axes.legend(fontsize=7, ncols=2, loc="upper left")
    axes.set_ylim(None, 300 * max(epoch.values()) * 40)  # room for the legend
    return Plot(
        figure,
        "PFLOPs of training against epochs, on logarithmic axes: parallel "
        "lines; RAMN highest, Deep-Emotion lowest.",
        f"Training on FER2013, taken as {TRAINING} times the forward pass of "
        "every face; 1 PFLOP is a million GFLOPs. Counted, whole networks.",
    )


def measured_plot(
    records: Iterable[Record], names: Mapping[str, str]
) -> Plot | Sentence:
    """Seconds of an epoch against its operations."""
    points = measured(records)
    if not points:
        return Sentence("No run is recorded yet, so no time is measured.")
    runs = sum(point.runs for point in points)
    machines = "; ".join(sorted({point.machine for point in points}))
    rates = [point.work / point.seconds for point in points]
    alt = (
        "Seconds of an epoch against the operations that it takes, on logarithmic "
        f"axes, {len(points)} points from {runs} runs, between the lines of "
        f"{min(rates):.0f} to {max(rates):.0f} GFLOP/s."
    )
    caption = (
        f"Measured: median seconds of an epoch of n = {runs} recorded runs on "
        f"{machines}, the look at the selection split among them; runs of one network "
        "and machine are averaged. Dashed lines are constant rates."
    )
    return Plot(_plot_times(points, rates, names), alt, caption)


def _plot_times(points: list, rates: list[float], names: Mapping[str, str]) -> Figure:
    figure, axes = plt.subplots(figsize=(7, 4.4))
    work = np.array([min(p.work for p in points), max(p.work for p in points)])
    work = work * (0.5, 2)
    for speed in (1, 10, 100, 1000, 10_000):
        if min(rates) / 10 < speed < max(rates) * 10:
            axes.loglog(work, work / speed, "--", color="grey", lw=0.8)
            place, above = (work[0], work[0] / speed), {"textcoords": "offset points"}
            text = f"{speed:,} GFLOP/s"
            axes.annotate(text, place, (0, 9), fontsize=8, color="dimgrey", **above)
    shown = {point.paper for point in points}
    # By one order of papers, so that figures side by side agree.
    order = [paper for paper in names if paper in shown]
    styles = _styles([*order, *sorted(shown.difference(order))])
    for paper, (mark, colour) in styles.items():
        own = [(p.work, p.seconds) for p in points if p.paper == paper]
        label = names.get(paper, paper)
        axes.loglog(*zip(*own, strict=True), mark, color=colour, ms=7, label=label)
    finish(axes, xlabel="GFLOPs of an epoch, counted", legend=10)
    axes.set(ylabel="seconds of an epoch, measured")
    return figure


def _styles(papers: Iterable[str]) -> dict[str, tuple[str, str]]:
    looks = zip(MARKS, (COLOURS[name] for name in _COLOURS), strict=False)
    return dict(zip(papers, looks, strict=False))
