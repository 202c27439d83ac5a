"""Plots of what networks and trainings cost."""

from collections.abc import Iterable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ferbook.show.figures import COLOURS

# Told apart by colour and by shape.
_COLOURS = [COLOURS[c] for c in ("blue", "orange", "green", "vermilion", "purple")]
_COLOURS += [COLOURS["black"], COLOURS["sky"]]
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_RATES = (1, 10, 100, 1000, 10_000)  # GFLOP/s
_SIZE = (4.6, 3.9)  # inches; two stand side by side


def plot_regions(crops: Mapping[int, float], own: int) -> Figure:
    """GFLOPs of a face by the number of sub-images; ``own`` is the paper's."""
    figure, axes = plt.subplots(figsize=_SIZE)
    axes.plot(list(crops), list(crops.values()), "o-", color=COLOURS["green"])
    axes.plot(own, crops[own], "o", color=COLOURS["green"], ms=11)
    axes.set(xlabel="sub-images beside the whole face", ylabel="GFLOPs a face")
    axes.set(title="RAMN: regions", ylim=(0, None))
    axes.grid(alpha=0.3)
    return figure


def plot_branches(branches: Mapping[int, float], own: Iterable[int]) -> Figure:
    """GFLOPs of a face by the number of branches, and of networks apart."""
    figure, axes = plt.subplots(figsize=_SIZE)
    many, colour = np.array(list(branches)), COLOURS["vermilion"]
    shared, apart = list(branches.values()), many * branches[1]
    axes.plot(many, shared, "o-", color=colour, label="ESR: first layers shared")
    for number in own:
        axes.plot(number, branches[number], "o", color=colour, ms=11)
    axes.plot(many, apart, "--", color=COLOURS["black"], label="as many networks apart")
    axes.set(xlabel="branches", ylabel="GFLOPs a face", ylim=(0, None))
    axes.set(title="ESR: branches")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def plot_sides(
    sides: Mapping[str, Mapping[int, float]],
    own: Mapping[str, int],
    names: Mapping[str, str],
) -> Figure:
    """GFLOPs of a face by its side.

    Args:
        sides: GFLOPs by the side in pixels, by network.
        own: each paper's side.
        names: what the book calls the networks.
    """
    figure, axes = plt.subplots(figsize=_SIZE)
    for name, (mark, colour) in _styles(sides).items():
        line = sides[name]
        told = {"color": colour, "label": names.get(name, name)}
        axes.loglog(list(line), list(line.values()), f"{mark}-", ms=3, lw=1, **told)
        axes.loglog(own[name], line[own[name]], mark, color=colour, ms=10)
    ticks = sorted({side for line in sides.values() for side in line})
    axes.set_xticks(ticks, list(map(str, ticks)), fontsize=8)
    axes.set_xticks([], minor=True)
    axes.set(xlabel="side of a face (pixels)", ylabel="GFLOPs a face")
    axes.set(title="All: size of a face")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2, loc="lower right")
    axes.set_ylim(min(min(line.values()) for line in sides.values()) / 30)  # for it
    return figure


def plot_trainings(work: Mapping[str, float], names: Mapping[str, str]) -> Figure:
    """PFLOPs of a training by its epochs.

    Args:
        work: PFLOPs of one epoch, by network.
        names: what the book calls the networks.
    """
    figure, axes = plt.subplots(figsize=_SIZE)
    epochs = np.array([1, 10, 60, 300])
    for name, (mark, colour) in _styles(work).items():
        told = {"color": colour, "label": names.get(name, name)}
        axes.loglog(epochs, epochs * work[name], f"{mark}-", ms=4, lw=1, **told)
    axes.set_xticks(epochs, list(map(str, epochs)))
    axes.set_xticks([], minor=True)
    axes.set(xlabel="epochs of 28,709 faces", ylabel="PFLOPs of training")
    axes.set(title="All: images and epochs")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2, loc="upper left")
    axes.set_ylim(None, 300 * max(work.values()) * 40)  # room for the legend
    return figure


def plot_times(points: Iterable, names: Mapping[str, str]) -> Figure:
    """Seconds of an epoch against its operations.

    Args:
        points: with ``paper``, ``work`` in GFLOPs and ``seconds``.
        names: what the book calls the networks; others keep their nickname.
    """
    points = list(points)
    figure, axes = plt.subplots(figsize=(7, 4.4))
    work = np.array([min(p.work for p in points), max(p.work for p in points)])
    work = work * (0.5, 2)
    for rate in _rates_near(points):
        axes.loglog(work, work / rate, "--", color="grey", lw=0.8)
        axes.annotate(
            f"{rate:,} GFLOP/s",
            (work[0], work[0] / rate),
            (0, 9),
            textcoords="offset points",
            fontsize=8,
            color="dimgrey",
        )
    styles = _styles(dict.fromkeys(point.paper for point in points))
    for paper, (mark, colour) in styles.items():
        own = [(p.work, p.seconds) for p in points if p.paper == paper]
        label = names.get(paper, paper)
        axes.loglog(*zip(*own, strict=True), mark, color=colour, ms=7, label=label)
    axes.set(xlabel="GFLOPs of an epoch, counted")
    axes.set(ylabel="seconds of an epoch, measured")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _rates_near(points: list) -> list[int]:
    """Round rates around those that were reached."""
    reached = [point.work / point.seconds for point in points]
    return [r for r in _RATES if min(reached) / 10 < r < max(reached) * 10]


def _styles(papers: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Mark and colour of each paper, in a fixed order."""
    return dict(zip(papers, zip(_MARKS, _COLOURS, strict=False), strict=False))
