"""What the part ensemble's chapter alone draws."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fer_lib.explain.drawing.colours import (
    PART_COLOURS,
    PART_MARKERS,
    part_colour,
)
from fer_lib.landmarks import FIVE_PARTS
from ferbook.chapters.part_ensemble.tables import ORDER, Accuracies
from ferbook.chapters.part_ensemble.yaw_sweep import YawSweep
from ferbook.show.plots import even, panels


def draw_points(axes: Axes, points: np.ndarray, **style) -> None:
    """Landmarks ``[68, 2]`` in the colours and marks of their parts."""
    for part, (start, end) in FIVE_PARTS.items():
        look = {"color": PART_COLOURS[part], "marker": PART_MARKERS[part], "ms": 3.2}
        look |= {"mec": "white", "mew": 0.3, "ls": "", "label": part} | style
        axes.plot(*points[start:end].T, **look)


def plot_five_parts(faces: Sequence[tuple[str, np.ndarray, np.ndarray]]) -> Figure:
    """Faces as in Figure 4: title, picture ``uint8 [H, W]`` and points ``[68, 2]``."""
    figure, axes = panels(len(faces), len(faces), 2.6, 3.2)
    for panel, (title, image, points) in zip(axes, faces, strict=True):
        panel.imshow(image, cmap="gray", vmin=0, vmax=255)
        draw_points(panel, points)
        panel.set(title=title, xticks=[], yticks=[])
        panel.set(xlim=(-0.5, len(image[0]) - 0.5), ylim=(len(image) - 0.5, -0.5))
    handles, names = panel.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=5)
    return figure


def plot_accuracies(found: Mapping[str, Accuracies]) -> Figure:
    """Shares with interval of each sub-network alone and of all five, by panel.

    In the order that is claimed: where it holds, points fall from left to right.
    """
    columns = even(len(found), 4)
    figure, axes = panels(len(found), columns, 2.75, 2.9)
    for panel, (title, shares) in zip(axes, found.items(), strict=True):
        names = [*(n for n in ORDER if n in shares), "ensemble"]
        for place, name in enumerate(names):
            share, low, high = (100 * value for value in shares[name])
            known = high > low  # printed values come without an interval
            bars = [[share - low], [high - share]] if known else None
            panel.errorbar(
                place, share, bars, capsize=3 * known, ms=6,
                color=part_colour(name), marker=PART_MARKERS.get(name, "*"),
            )  # fmt: skip
        panel.set_xticks(range(len(names)), names, rotation=60, ha="right")
        panel.set_title(title, fontsize=9)
        panel.grid(axis="y", alpha=0.3)
    for panel in axes[::columns]:
        panel.set_ylabel("accuracy (%)")
    return figure


def plot_stages(curve: Sequence[Mapping], split: str) -> Figure:
    """Landmarks and accuracies of the parts on a split through a run's stages."""
    figure, axes = panels(2, 2, 4.5, 3.4)
    keys = (
        (f"{split}_landmarks_", "coordinate error (% of the side)"),
        (f"{split}_accuracy_", "accuracy of the part alone (%)"),
    )
    for panel, (key, label) in zip(axes, keys, strict=True):
        for part in ORDER:
            told = [row for row in curve if key + part in row]
            panel.plot(
                [row["epoch"] for row in told],
                [100 * row[key + part] for row in told],
                color=PART_COLOURS[part], marker=PART_MARKERS[part], ms=3, label=part,
            )  # fmt: skip
        for stage in dict.fromkeys(row["stage"] for row in curve):
            start = next(row["epoch"] for row in curve if row["stage"] == stage)
            panel.axvline(start - 0.5, color="grey", lw=0.8, ls="--")
            top = {"transform": panel.get_xaxis_transform(), "va": "bottom"}
            panel.text(start - 0.4, 1.01, stage, fontsize=8, **top)
        panel.set(xlabel="epoch", ylabel=label, xlim=(0.5, curve[-1]["epoch"] + 0.5))
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3)
    axes[0].set_yscale("log")
    axes[0].yaxis.set_major_formatter("{x:g}")
    axes[0].yaxis.set_minor_formatter("{x:g}")
    axes[0].legend(fontsize=8)
    return figure


def plot_turning(sweep: YawSweep) -> Figure:
    """Heads that turn: the first with its points, and the error of all.

    White rings are the truth, coloured points the trees', given the square around it.
    """
    count = len(sweep.angles)
    figure = plt.figure(figsize=(1.7 * count, 5), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.4))
    for k, panel in enumerate(above.subplots(1, count)):
        panel.imshow(sweep.images[k, 0], cmap="gray", vmin=0, vmax=255)
        seen = sweep.truth[k, 0][sweep.visible[k, 0]]
        panel.plot(*seen.T, "o", mfc="none", mec="white", ms=3, mew=0.6)
        draw_points(panel, sweep.fitted["crop"][k, 0], ms=2.2, mew=0)
        panel.set(title=f"{sweep.angles[k]:g} degrees", xticks=[], yticks=[])
    given = {"crop": "the square around the points", "detector": "the detector's box"}
    both = below.subplots(1, 2, sharey=True)
    for panel, (box, title) in zip(both, given.items(), strict=True):
        for part, errors in sweep.part_errors(box).items():
            look = {"color": PART_COLOURS[part], "marker": PART_MARKERS[part]}
            panel.plot(sweep.angles, 100 * errors, label=part, **look)
        panel.axhline(8, color="black", lw=0.8, ls=":")
        panel.set(xlabel="yaw (degrees)", title=f"trees are given {title}")
        panel.set_xlim(sweep.angles.min() - 3, sweep.angles.max() + 3)
        panel.grid(alpha=0.3)
    both[0].set_ylabel("error (% of the eye distance)")
    both[1].legend(fontsize=8)
    return figure
