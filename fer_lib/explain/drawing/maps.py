"""Heat maps drawn on faces ``uint8 [N, C, H, W]``, each with its title."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fer_lib.explain.drawing.colours import DIVERGING, MARK, SEQUENTIAL, part_colour
from fer_lib.explain.drawing.panels import (
    colour_bar,
    faces_grid,
    grid,
    lay_over,
    say,
    show_face,
    with_alt,
)
from fer_lib.explain.grad_cam import ClassMaps
from fer_lib.explain.occlusion import Covers, OcclusionMaps


def draw_maps(
    images: np.ndarray,
    maps: np.ndarray,
    titles: Sequence[str],
    *,
    label: str,
    signed: bool = False,
) -> Figure:
    """Faces above, maps below, one colour scale for all of them.

    Args:
        images: ``[N, H, W]`` grey, 0 to 1.
        maps: ``[N, H, W]``; a map of NaN alone is left blank.
        titles: one a face.
        label: of the colour bar, with its unit.
        signed: whether maps have two signs; zero is then white.
    """
    end = np.nanmax(np.abs(maps), initial=0) or 1.0  # maps may be all zero
    scale = {"vmin": -end if signed else 0, "vmax": end}
    scale["cmap"] = DIVERGING if signed else SEQUENTIAL
    n = len(images)
    figure, axes = plt.subplots(
        2, n, figsize=(1.5 * n + 0.8, 3.4), squeeze=False, layout="constrained",
        subplot_kw={"xticks": [], "yticks": []},
    )  # fmt: skip
    for column, (top, below) in enumerate(axes.T):
        for panel in (top, below):
            panel.imshow(images[column], cmap="gray", vmin=0, vmax=1)
        top.set_title(titles[column], fontsize=9)
        shown = below.imshow(maps[column], alpha=0.75, **scale)
    figure.colorbar(shown, ax=axes[1].tolist(), label=label, shrink=0.9)
    return figure


def draw_class_maps(
    result: ClassMaps, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Faces, below them the map of every learner, last the union of several.

    Every map is divided by its own maximum: values of different layers, and
    of different faces, have no common unit."""
    rows = dict(zip(result.names, result.maps, strict=True))
    if len(rows) > 1:
        rows["union"] = result.united
    figure, axes = faces_grid(["face", *rows], images, titles)
    drawn = None
    for line, (name, maps) in zip(axes[1:], rows.items(), strict=True):
        line[0].yaxis.label.set_color(part_colour(name))
        for i, panel in enumerate(line):
            if (end := maps[i].max()) > 0:
                shares = maps[i] / end
                drawn = lay_over(panel, shares, colours=SEQUENTIAL, low=0, high=1)
            else:
                say(panel, _why_empty(result, name, i))
    if drawn is not None:
        colour_bar(figure, drawn, axes[1:], "Grad-CAM / its maximum")
    return with_alt(figure, _describe_class_maps(result))


def _why_empty(result: ClassMaps, name: str, face: int) -> str:
    if name == "union":
        return "all empty"
    at = (result.names.index(name), face)
    return "no evidence" if result.dead[at] else "all against"


def _describe_class_maps(result: ClassMaps) -> str:
    learners, faces = result.maps.shape[:2]
    h, w = result.cells[0]
    empty = int((~result.maps.any((2, 3))).sum())
    found = (
        f"Grad-CAM of {learners} layer{'s' * (learners > 1)} of {h} by {w} values, "
        f"enlarged bilinearly, on {faces} faces. The largest value lies on average at "
        f"{_peak(result.united)}."
    )
    if not empty:
        return found
    return (
        f"{found} {empty} of {learners * faces} maps are empty: "
        f"{int(result.dead.sum())} without any evidence, "
        f"{int(result.negative.sum())} with evidence against the class alone."
    )


def _peak(maps: np.ndarray) -> str:
    """Where the largest values of maps ``[N, H, W]`` lie on average."""
    height, width = maps.shape[1:]
    rows, columns = np.divmod(maps.reshape(len(maps), -1).argmax(1), width)
    return (
        f"{100 * rows.mean() / height:.0f} per cent of the height and "
        f"{100 * columns.mean() / width:.0f} per cent of the width"
    )


def draw_occlusion(
    result: OcclusionMaps, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Faces with the square's size, and both maps, each with one scale."""
    rows = ["face, square", "label changes", "score drop"]
    figure, axes = faces_grid(rows, images, titles)
    side = result.window / result.misled.shape[-1]
    largest = float(np.abs(result.drops).max()) or 1.0
    for i, (face, misled, drop) in enumerate(axes.T):
        face.add_patch(Rectangle((0, 0), side, side, fill=False, ec=MARK, lw=2))
        shares = lay_over(misled, result.misled[i], colours=SEQUENTIAL, low=0, high=1)
        if result.predicted[i] != result.targets[i]:
            say(misled, "misread\nuncovered")
        lost = lay_over(
            drop, result.drops[i], colours=DIVERGING, low=-largest, high=largest
        )
    colour_bar(figure, shares, axes[1], "share of squares")
    colour_bar(figure, lost, axes[2], "drop (score)")
    faces, marked = len(images), (result.misled > 0).mean((1, 2))
    misread = int((result.predicted != result.targets).sum())
    return with_alt(
        figure,
        f"Occlusion of {faces} faces by a square of {result.window} pixels moved by "
        f"{result.stride} pixels, filled with {result.fill}. On average "
        f"{100 * marked.mean():.0f} per cent of a face is "
        "under a square that misleads the network, and the score drops most at "
        f"{_peak(result.drops)}. Misread even when nothing is covered: {misread} of "
        f"{faces} faces.",
    )


def draw_covers(result: Covers, classes: Sequence[str], target: int) -> Figure:
    """Covered faces of a true class, each with what the network takes it for."""
    side = int(len(result.faces) ** 0.5)
    figure, axes = grid([""] * side, [""] * side, n=1)
    says = result.probabilities.argmax(1)
    for panel, face, label, chances in zip(
        axes.flat, result.faces, says, result.probabilities, strict=True
    ):
        show_face(panel, face)
        right = "" if label == target else ", wrong"
        panel.set_title(f"{classes[label]} {100 * chances[label]:.0f} %{right}", size=8)
    wrong = int((says != target).sum())
    return with_alt(
        figure,
        f"A face of the class {classes[target]} under {len(says)} squares. Under "
        f"{wrong} of them the network predicts another class.",
    )
