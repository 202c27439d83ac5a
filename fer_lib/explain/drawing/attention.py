"""Attention drawn on faces ``uint8 [N, C, H, W]``, each with its title."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from fer_lib.explain.attention import CBAMAttention, RegionWeights, Windows
from fer_lib.explain.drawing.colours import COLOURS, DIVERGING, MARK, SEQUENTIAL
from fer_lib.explain.drawing.panels import (
    colour_bar,
    faces_grid,
    lay_over,
    show_face,
    with_alt,
)
from fer_lib.explain.masking import MULTIPLES, Masking
from fer_lib.explain.occlusion import class_means

_BLOCKS = [COLOURS[name] for name in ("blue", "orange", "green", "purple")]
_STYLES = ("-", "--", ":", "-.")


def draw_spatial_attention(
    result: CBAMAttention, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Where the blocks look; the patches of MA-Net together on one face."""
    apart = len(set(result.places)) == 1  # all see the same part
    rows = list(result.names) if apart else ["four patches"]
    figure, axes = faces_grid(["face", *rows], images, titles)
    low, high = _range(result.spatial)
    for i, panels in enumerate(axes.T):
        for j, maps in enumerate(result.spatial):
            drawn = lay_over(
                panels[1 + j if apart else 1], maps[i], result.places[j],
                colours=SEQUENTIAL, low=low, high=high,
            )  # fmt: skip
    colour_bar(figure, drawn, axes[1:], "attention (0 shut, 1 open)")
    return with_alt(figure, describe_spatial_attention(result))


def _range(maps: Sequence[np.ndarray]) -> tuple[float, float]:
    return float(min(m.min() for m in maps)), float(max(m.max() for m in maps))


def describe_spatial_attention(result: CBAMAttention) -> str:
    """What :func:`draw_spatial_attention` shows, in words and numbers."""
    low, high = _range(result.spatial)
    # Over positions of a face, and over faces at a position.
    inside = np.mean([m.std((1, 2)).mean() for m in result.spatial])
    between = np.mean([m.std(0).mean() for m in result.spatial])
    return (
        f"Spatial attention of {len(result.names)} blocks on {len(result.spatial[0])} "
        f"faces, from {low:.2f} to {high:.2f}. Its standard deviation is {inside:.3f} "
        f"over the positions of a face, and {between:.3f} over the faces at a position."
    )


def draw_channel_attention(result: CBAMAttention) -> Figure:
    """How far open the channels of every block are, in the order of openness.

    The line is a channel's mean over the faces, the band holds all faces.
    """
    figure, axes = plt.subplots(
        1, len(result.names), figsize=(1.5 * len(result.names) + 1.4, 2.6),
        sharey=True, squeeze=False, layout="constrained",
    )  # fmt: skip
    for panel, name, gate in zip(axes[0], result.names, result.channel, strict=True):
        order = gate.mean(0).argsort()[::-1]
        rank = np.arange(1, len(order) + 1)
        low, high = gate.min(0)[order], gate.max(0)[order]
        panel.fill_between(rank, low, high, color=COLOURS["sky"], alpha=0.5, lw=0)
        panel.plot(rank, gate.mean(0)[order], color=COLOURS["blue"])
        panel.set(ylim=(0, 1))
        panel.set_title(name, fontsize=9)
        panel.grid(alpha=0.3)
    axes[0, 0].set_ylabel("attention (0 shut, 1 open)")
    figure.supxlabel(f"rank of the channel (n = {len(gate)} faces)", fontsize=9)
    between = np.mean([gate.std(0).mean() for gate in result.channel])
    means = [gate.mean() for gate in result.channel]
    return with_alt(
        figure,
        f"Channel attention of {len(result.names)} blocks on {len(gate)} "
        f"faces, channels sorted. A block's mean lies between {min(means):.2f} and "
        f"{max(means):.2f}; over the faces a channel's standard deviation is "
        f"{between:.3f} on average.",
    )


def draw_region_weights(
    result: RegionWeights, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Faces, and below them every region in a frame of its weight's colour."""
    figure, axes = faces_grid(result.names, images, titles)
    low, high = _range([result.weights])
    colours = ScalarMappable(Normalize(low, max(high, low + 1e-6)), SEQUENTIAL)
    for line, box, weights in zip(axes, result.boxes, result.weights.T, strict=True):
        for panel, weight in zip(line, weights, strict=True):
            _frame(panel, box, colours.to_rgba(weight))
            panel.text(
                0.5, 0.03, f"{weight:.3f}", ha="center", fontsize=7,
                transform=panel.transAxes,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )  # fmt: skip
    colour_bar(figure, colours, axes, "weight theta, 0 to 1")
    return with_alt(figure, _describe_regions(result))


def _frame(panel: Axes, box: np.ndarray, colour: tuple) -> None:
    """What lies outside the box is dimmed, the box framed."""
    left, top, right, bottom = box
    dimmed = np.ones((64, 64, 4))  # white
    dimmed[..., 3] = 0.6
    # Pixels whose centres lie inside.
    first, last = np.ceil(64 * box - 0.5).astype(int).reshape(2, 2)
    dimmed[first[1] : last[1], first[0] : last[0], 3] = 0
    panel.imshow(dimmed, extent=(0, 1, 1, 0), interpolation="nearest")
    size = (right - left, bottom - top)
    panel.add_patch(Rectangle((left, top), *size, fill=False, ec=colour, lw=4))
    panel.set(xlim=(-0.02, 1.02), ylim=(1.02, -0.02))


def draw_mean_shares(
    result: RegionWeights, labels: np.ndarray, classes: Sequence[str]
) -> Figure:
    """Mean share of every region, by classes that faces are labelled with."""
    size = (0.75 * len(result.names) + 3, 0.42 * len(classes) + 1.6)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    counts = np.bincount(labels, minlength=len(classes))
    means = 100 * class_means(result.shares, labels, len(classes))
    drawn = axes.imshow(means, cmap=SEQUENTIAL, aspect="auto")
    middle = (np.nanmin(means) + np.nanmax(means)) / 2
    for row, column in np.argwhere(np.isfinite(means)):
        value = means[row, column]
        colour = "black" if value > middle else "white"
        axes.text(
            column, row, f"{value:.2f}", ha="center", va="center", color=colour, size=8
        )
    axes.set_xticks(range(len(result.names)), result.names, rotation=45, ha="right")
    named = [f"{name} ({n})" for name, n in zip(classes, counts, strict=True)]
    axes.set_yticks(range(len(classes)), named)
    axes.set(xlabel="region", ylabel="class (n)", title=f"n = {len(labels)} faces")
    figure.colorbar(drawn, ax=axes, label="mean share (%)")
    return with_alt(figure, _describe_regions(result))


def _describe_regions(result: RegionWeights) -> str:
    means = 100 * result.shares.mean(0)
    most, least = int(means.argmax()), int(means.argmin())
    return (
        f"Attention of {len(result.shares)} faces to {len(result.names)} regions. The "
        f"{result.names[most]} has the largest share, {means[most]:.2f} per cent on "
        f"average, the {result.names[least]} the smallest, {means[least]:.2f}; "
        f"{100 / len(result.names):.2f} would be no preference."
    )


def draw_sampled_windows(
    result: Windows, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Faces with their windows, and below what the window shows.

    A dot marks the corner that becomes the upper left one."""
    figure, axes = faces_grid(["window", "what it samples"], images, titles)
    for i, (above, below) in enumerate(axes.T):
        above.add_patch(Polygon(result.corners[i], fill=False, ec=MARK, lw=2))
        above.plot(*result.corners[i][0], "o", color=MARK, ms=4)
        above.set(xlim=(-0.25, 1.25), ylim=(1.25, -0.25))  # it may reach beyond
        show_face(below, result.warped[i])
    areas, spread = 100 * result.areas, 100 * result.corners.std(0).mean()
    return with_alt(
        figure,
        f"The window that the transformer samples on {len(areas)} faces. It covers "
        f"{areas.min():.0f} to {areas.max():.0f} per cent of a face's area, "
        f"{areas.mean():.0f} on average; over the faces, the standard deviation of its "
        f"corners is {spread:.2f} per cent of the side.",
    )


def draw_masking(
    result: Masking, images: np.ndarray, titles: Sequence[str], block: int = 3
) -> Figure:
    """Faces, maps before and after a block, 1 to 4, and the block's gain."""
    at = block - 1
    before, after, gain = result.before[at], result.after[at], result.gain[at]
    rows = ["face", f"before mask {block}", f"after mask {block}", "gain"]
    figure, axes = faces_grid(rows, images, titles)
    high = float(max(before.max(), after.max())) or 1.0
    usual = 1 + 1 / result.channels[at]  # the control's
    reach = float(np.abs(gain - usual).max()) or 1e-6
    around = {"colours": DIVERGING, "low": usual - reach, "high": usual + reach}
    for i, panels in enumerate(axes.T):
        for panel, maps in zip(panels[1:3], (before, after), strict=True):
            shown = lay_over(panel, maps[i], colours=SEQUENTIAL, low=0, high=high)
        ratio = lay_over(panels[3], gain[i], **around)
    colour_bar(figure, shown, axes[1:3], "mean activation")
    colour_bar(figure, ratio, axes[3:], "after / before")
    h, w = gain.shape[1:]
    return with_alt(
        figure,
        f"Maps of {h} by {w} values before and after masking block {block} on "
        f"{len(gain)} faces. The block multiplies the mean activation by "
        f"{gain.min():.3f} to {gain.max():.3f}; a mask that is the same everywhere "
        f"would multiply it by {usual:.3f}.",
    )


def draw_mask_distribution(result: Masking) -> Figure:
    """How the values of every mask are distributed around the control."""
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    centres = np.sqrt(MULTIPLES[:-1] * MULTIPLES[1:])
    for i, (name, counts) in enumerate(zip(result.names, result.counts, strict=True)):
        label = f"{name}, C = {result.channels[i]}"
        share = 100 * counts / counts.sum()
        style = {"color": _BLOCKS[i], "ls": _STYLES[i], "drawstyle": "steps-mid"}
        axes.plot(centres, share, label=label, **style)
    # Few masks have values near both ends of the histogram.
    hit = np.flatnonzero(np.sum(result.counts, axis=0))
    axes.set_xlim(MULTIPLES[max(hit[0] - 1, 0)], MULTIPLES[hit[-1] + 1])
    axes.axvline(1, color="black", lw=0.8)
    axes.text(1, 1, " control, 1 / C", va="top", fontsize=8,
              transform=axes.get_xaxis_transform())  # fmt: skip
    axes.set(
        xscale="log", xlabel="value of the mask, in multiples of 1 / C",
        ylabel="share of the values (%)", title=f"n = {len(result.predicted)} faces",
    )  # fmt: skip
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    near = (MULTIPLES[:-1] >= 0.5) & (MULTIPLES[1:] <= 2.001)
    shares = [100 * counts[near].sum() / counts.sum() for counts in result.counts]
    told = ", ".join(
        f"{share:.0f} per cent in {name}"
        for name, share in zip(result.names, shares, strict=True)
    )
    return with_alt(
        figure,
        "Distribution of the values of the masks in multiples of one over the number "
        f"of channels. Between half and twice that control lie {told}. With the "
        f"control in place of all masks, {100 * result.agreement:.0f} per cent of "
        f"{len(result.predicted)} faces are given the same class.",
    )
