"""The figures of the data chapter."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from fer_lib.data.faceset import FaceSet
from fer_lib.explain.drawing.colours import part_colour
from fer_lib.expressions import FERPLUS_COLUMNS
from fer_lib.landmarks import FIVE_PARTS
from ferbook.chapters.faces.pipeline import Step
from ferbook.chapters.faces.sheets import corpus_sheet
from ferbook.show.figures import COLOURS

# By the numbers that ``membership`` gives.
_USES = {
    "not used": "#ffffff",
    "trained on": COLOURS["sky"],
    "selects": COLOURS["yellow"],
    "tested": COLOURS["vermilion"],
}
_GREY = {"cmap": "gray", "vmin": 0, "vmax": 255}


def plot_sheet(faces: FaceSet, rows: int) -> Figure:
    """People of a corpus in rows, as :func:`corpus_sheet` has them."""
    times = -(-96 // faces.images.shape[-1])  # room for the titles
    large = replace(faces, images=faces.images.repeat(times, 2).repeat(times, 3))
    sheet = np.asarray(corpus_sheet(large, rows))
    figure = plt.figure(figsize=(7, 7 * sheet.shape[0] / sheet.shape[1]))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(sheet, **_GREY, interpolation="lanczos")
    axes.axis("off")
    return figure


def plot_membership(panels: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Who is trained on, selected on and tested: two panels a row.

    Args:
        panels: by title, what each of F folds does with each face ``int
            [F, N]`` (see :func:`~ferbook.chapters.faces.corpora.membership`),
            and who the faces show ``int [N]``.
    """
    lines = -(-len(panels) // 2)
    figure, all_axes = plt.subplots(
        lines, 2, figsize=(9, 2.1 * lines + 0.5), squeeze=False, layout="constrained"
    )
    for axes, (title, (uses, people)) in zip(
        all_axes.flat, panels.items(), strict=False
    ):
        _draw_uses(axes, np.atleast_2d(uses), people)
        axes.set_title(title, fontsize=10)
    for axes in all_axes.flat[len(panels) :]:
        axes.axis("off")
    patches = [
        Patch(facecolor=colour, edgecolor="grey", label=use)
        for use, colour in _USES.items()
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=4)
    return figure


def _draw_uses(axes: Axes, uses: np.ndarray, people: np.ndarray) -> None:
    """Folds from top to bottom, used faces from left to right by person."""
    used = np.flatnonzero((uses > 0).any(0))
    order = used[np.argsort(people[used], kind="stable")]
    axes.imshow(
        uses[:, order],
        cmap=ListedColormap(list(_USES.values())),
        vmin=0,
        vmax=len(_USES) - 1,
        aspect="auto",
        interpolation="nearest",
    )
    starts = np.flatnonzero(np.diff(people[order])) + 0.5
    if len(starts) < 40:  # more lines would hide what they part
        axes.vlines(starts, -0.5, len(uses) - 0.5, color="black", lw=0.6)
    axes.set(xlabel=f"{len(order):,} faces of {len(starts) + 1} people", xticks=[])
    axes.set_yticks([0, len(uses) - 1] if len(uses) > 1 else [])
    axes.set_ylabel("fold" if len(uses) > 1 else "")


def plot_votes(faces: FaceSet, rows: Sequence[int], titles: Sequence[str]) -> Figure:
    """Faces above, the votes of their ten raters below.

    Args:
        faces: grey, with votes.
        rows: which of them.
        titles: one each.
    """
    figure, axes = plt.subplots(
        2, len(rows), figsize=(1.7 * len(rows), 4.2), layout="constrained",
        squeeze=False, sharey="row",
    )  # fmt: skip
    for (top, below), row, title in zip(axes.T, rows, titles, strict=True):
        top.imshow(faces.images[row, 0], **_GREY)
        top.set_title(title, fontsize=8)
        top.axis("off")
        below.barh(FERPLUS_COLUMNS, faces.votes[row], color=COLOURS["blue"])
        below.invert_yaxis() if below is axes[1, 0] else None
        below.set(xlim=(0, 10), xticks=[0, 5, 10], xlabel="votes")
        below.tick_params(axis="y", labelsize=8)
    return figure


def plot_pipeline(rows: Sequence[Sequence[Step]]) -> Figure:
    """The stages of the preparation of some photographs, one in a line."""
    figure, axes = plt.subplots(
        len(rows), len(rows[0]), figsize=(1.75 * len(rows[0]), 2.1 * len(rows)),
        squeeze=False, layout="constrained",
    )  # fmt: skip
    for line, stages in zip(axes, rows, strict=True):
        for panel, stage in zip(line, stages, strict=True):
            panel.imshow(stage.image.transpose(1, 2, 0).squeeze(), **_GREY)
            # Landmarks may lie outside the crop; grey is outside.
            panel.set(xticks=[], yticks=[], facecolor="lightgrey")
            panel.set_title(stage.title, fontsize=8.5)
            _draw_marks(panel, stage)
    return figure


def _draw_marks(panel: Axes, stage: Step) -> None:
    if stage.box is not None:
        left, top, right, bottom = stage.box
        panel.add_patch(
            Rectangle((left, top), right - left, bottom - top, fill=False,
                      edgecolor=COLOURS["yellow"], lw=2)
        )  # fmt: skip
    if stage.points is not None:
        for name, part in FIVE_PARTS.items():
            colour = part_colour(name)
            panel.plot(*stage.points[slice(*part)].T, ".", color=colour, ms=3)


def plot_optimism(
    counts: Sequence[int], gaps: np.ndarray, accuracy: tuple[np.ndarray, np.ndarray]
) -> Figure:
    """What choosing on the reported split promises too much.

    Args:
        counts: numbers of networks to choose from.
        gaps: of :func:`~ferbook.chapters.faces.traps.optimism`.
        accuracy: of each network on PublicTest and PrivateTest, ``[K]`` each.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    public, private = (100 * values for values in accuracy)
    left.plot(public, private, "o", color=COLOURS["blue"], alpha=0.6, label="a seed")
    for values, name, mark, colour in (
        (public, "best on PublicTest", "s", "green"),
        (private, "best on PrivateTest", "^", "vermilion"),
    ):
        best = values.argmax()
        left.plot(
            public[best], private[best], mark, color=COLOURS[colour], ms=10, label=name
        )
    left.set(xlabel="accuracy on PublicTest (%)", ylabel="accuracy on PrivateTest (%)")
    low, high = np.percentile(gaps, [2.5, 97.5], axis=1)
    right.fill_between(
        counts, 100 * low, 100 * high, color=COLOURS["sky"], alpha=0.4,
        label="95 % of the draws",
    )  # fmt: skip
    right.plot(counts, 100 * gaps.mean(1), "o-", color=COLOURS["blue"], label="mean")
    right.axhline(0, color="black", lw=0.8)
    right.set_xscale("log", base=2)
    right.set_xticks(counts, [str(count) for count in counts])
    right.set(xlabel="networks to choose from", ylabel="promised too much (points)")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure
