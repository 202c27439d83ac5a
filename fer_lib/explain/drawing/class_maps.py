"""Grad-CAM drawn: faces above, the map of every learner below."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from fer_lib.explain.class_maps import ClassMaps
from fer_lib.explain.drawing.colours import SEQUENTIAL, part_colour
from fer_lib.explain.drawing.panels import (
    check_titles,
    colour_bar,
    grid,
    lay_over,
    say,
    show_face,
    with_alt,
)


def draw_class_maps(
    result: ClassMaps,
    images: np.ndarray,
    titles: Sequence[str],
    *,
    each: bool = True,
) -> Figure:
    """Faces, below them the map of every learner, last the union of several.

    Every map is divided by its own maximum: values of different layers, and
    of different faces, have no common unit.

    Args:
        result: of the same faces.
        images: ``uint8 [N, C, H, W]``.
        titles: one a face.
        each: whether to draw the learners, or their union alone.
    """
    check_titles(len(result.targets), titles)
    several = len(result.names) > 1
    rows = dict(zip(result.names, result.maps, strict=True))
    rows = rows if each or not several else {}
    rows |= {"union": result.united} if several else {}
    figure, axes = grid(["face", *rows], titles)
    for panel, image in zip(axes[0], images, strict=True):
        show_face(panel, image)
    drawn = None
    for line, (name, maps) in zip(axes[1:], rows.items(), strict=True):
        line[0].yaxis.label.set_color(part_colour(name))
        for i, panel in enumerate(line):
            show_face(panel, images[i])
            if (end := maps[i].max()) > 0:
                shares = maps[i] / end
                drawn = lay_over(panel, shares, colours=SEQUENTIAL, low=0, high=1)
            else:
                say(panel, _why_empty(result, name, i))
    if drawn is not None:
        colour_bar(figure, drawn, axes[1:], "Grad-CAM / its maximum")
    return with_alt(figure, describe_class_maps(result))


def _why_empty(result: ClassMaps, name: str, face: int) -> str:
    if name == "union":
        return "all empty"
    at = (result.names.index(name), face)
    return "no evidence" if result.dead[at] else "all against"


def describe_class_maps(result: ClassMaps) -> str:
    """What the figure shows, in words and numbers."""
    learners, faces, height, width = result.maps.shape
    rows, columns = np.divmod(result.united.reshape(faces, -1).argmax(1), width)
    h, w = result.cells[0]
    empty = int((~result.maps.any((2, 3))).sum())
    found = (
        f"Grad-CAM of {learners} layer{'s' * (learners > 1)} of {h} by {w} values, "
        f"enlarged bilinearly, on {faces} faces. The largest value lies on average at "
        f"{100 * rows.mean() / height:.0f} per cent of the height and "
        f"{100 * columns.mean() / width:.0f} per cent of the width."
    )
    if not empty:
        return found
    return (
        f"{found} {empty} of {learners * faces} maps are empty: "
        f"{int(result.dead.sum())} without any evidence, "
        f"{int(result.negative.sum())} with evidence against the class alone."
    )
