"""The papers' networks as drawings of our own."""

from collections.abc import Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from fer_lib.book.figures import COLOURS

Box = tuple[str, str, str]  # name, shape below it, colour of COLOURS


def draw_chain(
    axes: Axes, boxes: Sequence[Box], *, left: float, y: float, step: float
) -> list[float]:
    """Boxes from left to right with arrows between; their centres' x."""
    centres = [left + column * step for column in range(len(boxes))]
    for x, (name, shape, colour) in zip(centres, boxes, strict=True):
        axes.add_patch(
            FancyBboxPatch(
                (x - 0.4 * step, y - 0.38),
                0.8 * step,
                0.76,
                boxstyle="round,pad=0.02",
                facecolor=COLOURS[colour] + "33",
                edgecolor=COLOURS[colour],
            )
        )
        axes.text(x, y, name, ha="center", va="center", fontsize=8.5)
        axes.text(x, y - 0.5, shape, ha="center", va="top", fontsize=7.5)
    for before, after in pairwise(centres):
        axes.annotate(
            "",
            (after - 0.42 * step, y),
            (before + 0.42 * step, y),
            arrowprops={"arrowstyle": "->"},
        )
    return centres


def draw_deep_emotion() -> Figure:
    """Deep-Emotion in its default reading, with the shape after each part."""
    figure, axes = plt.subplots(figsize=(10, 3.6))
    main = [
        ("face", "1 x 48 x 48", "black"),
        ("warp", "1 x 48 x 48", "vermilion"),
        ("conv 3x3\nReLU", "10 x 46 x 46", "blue"),
        ("conv 3x3\npool, ReLU", "10 x 22 x 22", "blue"),
        ("conv 3x3\nReLU", "10 x 20 x 20", "blue"),
        ("conv 3x3\npool, ReLU", "10 x 9 x 9", "blue"),
        ("dropout", "810", "sky"),
        ("FC, ReLU", "50", "green"),
        ("FC", "7 scores", "green"),
    ]
    where = [
        ("conv 7x7\npool, ReLU", "8 x 21 x 21", "orange"),
        ("conv 5x5\npool, ReLU", "10 x 8 x 8", "orange"),
        ("FC, ReLU", "32", "orange"),
        ("FC", r"$\theta$: 6 numbers", "orange"),
    ]
    centres = draw_chain(axes, main, left=0, y=0, step=1.25)
    above = draw_chain(axes, where, left=0.4, y=1.9, step=1.25)
    arrow = {"arrowstyle": "->", "color": COLOURS["vermilion"]}
    axes.annotate("", (above[0] - 0.1, 1.25), (centres[0], 0.42), arrowprops=arrow)
    axes.annotate(
        "",
        (centres[1] + 0.1, 0.42),
        (above[3] - 0.1, 1.2),
        arrowprops=arrow | {"connectionstyle": "arc3,rad=-0.1"},
    )
    axes.text(4.1, 1.0, "where to look", color=COLOURS["vermilion"], fontsize=8)
    axes.text(6.0, 1.9, "localisation network", va="center", color="#8a6000")
    axes.set_xlim(-0.7, 10.7)
    axes.set_ylim(-0.95, 2.5)
    axes.axis("off")
    figure.tight_layout()
    return figure
