"""Explanations drawn on faces."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from fer_lib.explain.drawing.colours import DIVERGING, MARK, SEQUENTIAL


def draw_maps(
    images: np.ndarray,
    maps: np.ndarray,
    titles: Sequence[str],
    *,
    label: str,
    signed: bool = False,
    limit: float | None = None,
) -> Figure:
    """Faces above, maps below, one colour scale for all of them.

    Args:
        images: ``[N, H, W]`` grey, 0 to 1.
        maps: ``[N, H, W]``; a map of NaN alone is left blank.
        titles: one a face.
        label: of the colour bar, with its unit.
        signed: whether maps have two signs; zero is then white.
        limit: end of the colour scale; the largest absolute value if None.
    """
    largest = float(np.nanmax(np.abs(maps))) if np.isfinite(maps).any() else 1.0
    end = limit or largest or 1.0  # an all-zero map still needs a scale
    scale = {"vmin": -end if signed else 0, "vmax": end}
    colours = DIVERGING if signed else SEQUENTIAL
    n = len(images)
    figure, axes = plt.subplots(
        2, n, figsize=(1.5 * n + 0.8, 3.4), squeeze=False, layout="constrained"
    )
    for column in range(n):
        top, below = axes[:, column]
        top.imshow(images[column], cmap="gray", vmin=0, vmax=1)
        top.set_title(titles[column], fontsize=9)
        below.imshow(images[column], cmap="gray", vmin=0, vmax=1)
        shown = below.imshow(maps[column], cmap=colours, alpha=0.75, **scale)
        for panel in (top, below):
            panel.set(xticks=[], yticks=[])
    figure.colorbar(shown, ax=axes[1].tolist(), label=label, shrink=0.9)
    return figure


def draw_windows(
    images: np.ndarray, corners: np.ndarray, titles: Sequence[str]
) -> Figure:
    """The window of a spatial transformer on each face.

    Args:
        images: ``[N, H, W]`` grey, 0 to 1.
        corners: ``[N, 4, 2]`` of
            :func:`fer_lib.explain.transformer.sampling_window`.
        titles: one a face.
    """
    n, size = len(images), images.shape[-1]
    figure, axes = plt.subplots(1, n, figsize=(1.5 * n, 2), squeeze=False)
    margin = size / 4  # a window may reach beyond the face
    for panel, image, polygon, title in zip(
        axes[0], images, corners, titles, strict=True
    ):
        panel.imshow(image, cmap="gray", vmin=0, vmax=1)
        panel.add_patch(Polygon(polygon, fill=False, edgecolor=MARK, lw=2))
        panel.plot(*polygon[0], "o", color=MARK, ms=4)
        panel.set(xticks=[], yticks=[])
        panel.set_xlim(-margin, size + margin)
        panel.set_ylim(size + margin, -margin)
        panel.set_title(title, fontsize=9)
    figure.tight_layout()
    return figure
