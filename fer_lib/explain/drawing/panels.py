"""Faces, and what lies on them, in a grid of panels.

Positions are shares of the face, from its upper left corner: maps of any
resolution then lie where they belong.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from fer_lib.errors import FerError
from fer_lib.explain.placing import WHOLE, Place


def grid(
    rows: Sequence[str], titles: Sequence[str], *, n: int | None = None
) -> tuple[Figure, np.ndarray]:
    """A figure and its empty axes ``[rows, titles]``, one title a face.

    ``n``: number of faces that it is about; those shown if None.
    """
    size = (1.5 * len(titles) + 1.6, 1.5 * len(rows) + 0.7)
    figure, axes = plt.subplots(
        len(rows), len(titles), figsize=size, squeeze=False, layout="constrained"
    )
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
    for panel, name in zip(axes[:, 0], rows, strict=True):
        panel.set_ylabel(name, fontsize=9)
    for panel, title in zip(axes[0], titles, strict=True):
        panel.set_title(title, fontsize=9)
    shown = len(titles) if n is None else n
    figure.supxlabel(f"n = {shown} face{'s' * (shown != 1)}", fontsize=8)
    return figure, axes


def show_face(axes: Axes, image: np.ndarray) -> None:
    """A face ``[C, H, W]``, ``uint8`` or 0..1, that fills the panel."""
    end = 255 if image.dtype == np.uint8 else 1
    picture = np.moveaxis(image, 0, -1).squeeze()
    if picture.ndim == 3:
        picture = np.clip(picture / end, 0, 1)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=end, extent=(0, 1, 1, 0))


def faces_grid(
    rows: Sequence[str], images: np.ndarray, titles: Sequence[str]
) -> tuple[Figure, np.ndarray]:
    """A :func:`grid` with the faces in every row."""
    if len(titles) != len(images):
        raise FerError(
            f"figure: {len(titles)} titles for {len(images)} faces, expected one each."
        )
    figure, axes = grid(rows, titles)
    for line in axes:
        for panel, image in zip(line, images, strict=True):
            show_face(panel, image)
    return figure, axes


def lay_over(
    axes: Axes,
    values: np.ndarray,
    place: Place = WHOLE,
    *,
    colours: str,
    low: float,
    high: float,
    alpha: float = 0.65,
) -> AxesImage:
    """A map ``[h, w]`` on its part of the face, every value a rectangle.

    Nothing is smoothed: what is drawn is what the layer holds.
    """
    left, top, right, bottom = place
    drawn = axes.imshow(
        values, cmap=colours, vmin=low, vmax=high, alpha=alpha,
        extent=(left, right, bottom, top), interpolation="nearest",
    )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(1, 0))
    return drawn


def say(axes: Axes, text: str) -> None:
    """A word in the middle of a panel, where a map has nothing to show."""
    box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5}
    axes.text(
        0.5, 0.5, text, ha="center", va="center", fontsize=7, bbox=box,
        transform=axes.transAxes,
    )  # fmt: skip


def colour_bar(
    figure: Figure, drawn: AxesImage, axes: np.ndarray | Sequence[Axes], label: str
) -> None:
    """One scale for some panels; the label has the unit."""
    axes = np.atleast_2d(np.asarray(axes))
    beside, aspect = list(axes.flat), 20 * len(axes)  # tall ones stay narrow
    figure.colorbar(drawn, ax=beside, label=label, shrink=0.9, aspect=aspect)


def with_alt(figure: Figure, text: str) -> Figure:
    """The figure, with ``alt_text`` for readers who cannot see it."""
    figure.alt_text = text
    return figure
