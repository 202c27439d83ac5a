"""Plots that every chapter uses, and the look of curves."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_lib.data.faceset import FaceSet
from ferbook.show.figures import COLOURS

DASHES = ("-", "--", ":", "-.", (0, (1, 3)))
MARKS = "osD^vPX<>"
_HATCHES = ("", "//", "..", "xx")


def look(place: int, *names: str) -> dict:
    """Colour, of those named or all, and dashes of a figure's ``place``-th curve."""
    colours = names or tuple(COLOURS)
    colour = COLOURS[colours[place % len(colours)]]
    return {"color": colour, "ls": DASHES[place % len(DASHES)]}


def finish(axes: Axes, *, legend: float | None = 8, **labels) -> None:
    """A light grid, labels as of ``axes.set``, a legend in that many points."""
    axes.set(**labels)
    axes.grid(alpha=0.3)
    if legend:
        axes.legend(fontsize=legend)


def panels(
    count: int, columns: int, width: float, height: float, **options
) -> tuple[Figure, np.ndarray]:
    """A figure of ``count`` panels of that size in inches, in lines of so many."""
    lines = -(-count // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(width * columns, height * lines), squeeze=False,
        layout="constrained", **options,
    )  # fmt: skip
    for panel in axes.flat[count:]:
        panel.axis("off")
    return figure, axes.ravel()[:count]


def even(count: int, most: int) -> int:
    """Columns, ``most`` at most, for as few lines of about the same length."""
    return -(-count // -(-count // most))


def write_numbers(axes: Axes, values: np.ndarray, form: str, **style) -> None:
    """Numbers ``[R, C]`` in the cells of a heat map, dark ones on bright colours."""
    middle = np.mean(axes.images[-1].get_clim())
    for (row, column), value in np.ndenumerate(values):
        text = form.format(value) if np.isfinite(value) else "-"
        colour = "black" if value > middle else "white"
        axes.text(column, row, text, ha="center", va="center", color=colour, **style)


def plot_curves(curves: Mapping[str, Sequence[dict]], key: str, label: str) -> Figure:
    """A proportion ``key`` of training curves, by name, against the epoch."""
    figure, axes = plt.subplots(figsize=(7, 3.6))
    for row, (name, curve) in enumerate(curves.items()):
        told = [point for point in curve if key in point]  # not every stage has it
        epochs = [point["epoch"] for point in told]
        values = [100 * point[key] for point in told]
        axes.plot(epochs, values, label=name, **look(row))
    axes.xaxis.get_major_locator().set_params(integer=True)
    finish(axes, xlabel="epoch", ylabel=f"{label} (%)", legend=10)
    return figure


def plot_confusions(matrices: Mapping[str, Sequence], classes: Sequence[str]) -> Figure:
    """Confusion matrices ``[C, C]``, rows true, as shares of their class."""
    figure, all_axes = panels(len(matrices), min(2, len(matrices)), 5.2, 4.9)
    for axes, (title, matrix) in zip(all_axes, matrices.items(), strict=True):
        counts = np.asarray(matrix)
        faces = counts.sum(1, keepdims=True)
        share = 100 * counts / np.maximum(faces, 1)
        axes.imshow(share, cmap="cividis", vmin=0, vmax=100)
        write_numbers(axes, share, "{:.0f}", fontsize=9)
        ticks = range(len(classes))
        axes.set_xticks(ticks, classes, rotation=45, ha="right")
        names = [f"{c} ({n})" for c, n in zip(classes, faces[:, 0], strict=True)]
        axes.set_yticks(ticks, names)
        axes.set(xlabel="predicted", ylabel="true (n)")
        name = textwrap.fill(title, 44)  # letters that a panel is wide
        axes.set_title(f"{name}\n% of each true class, n = {counts.sum():,}")
    return figure


def plot_faces(faces: FaceSet, rows: Sequence[int], titles: Sequence[str]) -> Figure:
    """Some faces in a grid of up to seven columns, with titles."""
    written = max(title.count("\n") for title in titles)  # a line is 0.16 inches
    figure, all_axes = panels(len(rows), even(len(rows), 7), 1.35, 1.6 + 0.16 * written)
    for axes, row, title in zip(all_axes, rows, titles, strict=True):
        axes.axis("off")
        image = faces.images[row].transpose(1, 2, 0).squeeze()
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        axes.set_title(title, fontsize=9)
    return figure


def plot_shares(
    counts: Mapping[str, Sequence[int]], classes: Sequence[str], title: str = ""
) -> Figure:
    """Class shares of several sets, from their faces per class, as grouped bars."""
    figure, axes = plt.subplots(figsize=(8, 3.4))
    width = 0.8 / len(counts)
    for row, (name, values) in enumerate(counts.items()):
        values = np.asarray(values)
        axes.bar(
            np.arange(len(classes)) + (row - (len(counts) - 1) / 2) * width,
            100 * values / values.sum(),
            width,
            label=f"{name} (n = {values.sum():,})",
            color=list(COLOURS.values())[row],
            hatch=_HATCHES[row % 4],
            edgecolor="white",
        )
    axes.set_xticks(range(len(classes)), classes)
    axes.set(ylabel="share of the faces (%)", title=title)
    axes.legend()
    axes.grid(axis="y", alpha=0.3)
    return figure
