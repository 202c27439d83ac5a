"""Masking blocks drawn: maps around one block, and all distributions."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.explain.drawing.colours import DIVERGING, SEQUENTIAL
from fer_lib.explain.drawing.panels import (
    check_titles,
    colour_bar,
    grid,
    lay_over,
    show_face,
    with_alt,
)
from fer_lib.explain.masking import MULTIPLES, Masking

_BLOCKS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
_STYLES = ("-", "--", ":", "-.")


def draw_masking(
    result: Masking, images: np.ndarray, titles: Sequence[str], block: int = 3
) -> Figure:
    """Faces, maps before and after a block, and the block's gain.

    Args:
        result: of the same faces.
        images: ``uint8 [N, C, H, W]``.
        titles: one a face.
        block: 1 to 4; the paper's figure shows the third.
    """
    check_titles(len(result.predicted), titles)
    at = block - 1
    before, after, gain = result.before[at], result.after[at], result.gain[at]
    rows = ["face", f"before mask {block}", f"after mask {block}", "gain"]
    figure, axes = grid(rows, titles)
    high = float(max(before.max(), after.max())) or 1.0
    usual = 1 + 1 / result.channels[at]  # the control's
    reach = float(np.abs(gain - usual).max()) or 1e-6
    for i, panels in enumerate(axes.T):
        for panel in panels:
            show_face(panel, images[i])
        for panel, maps in zip(panels[1:3], (before, after), strict=True):
            shown = lay_over(panel, maps[i], colours=SEQUENTIAL, low=0, high=high)
        ratio = lay_over(
            panels[3], gain[i], colours=DIVERGING, low=usual - reach, high=usual + reach
        )
    colour_bar(figure, shown, axes[1:3], "mean activation")
    colour_bar(figure, ratio, axes[3:], "after / before")
    return with_alt(figure, describe_masking(result, block))


def draw_mask_distribution(result: Masking) -> Figure:
    """How the values of every mask are distributed around the control.

    Args:
        result: of some faces.
    """
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
    axes.annotate(" control, 1 / C", (1, 1), xycoords=("data", "axes fraction"),
                  va="top", fontsize=8)  # fmt: skip
    axes.set(
        xscale="log",
        xlabel="value of the mask, in multiples of 1 / C",
        ylabel="share of the values (%)",
        title=f"n = {len(result.predicted)} faces",
    )
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return with_alt(figure, describe_distribution(result))


def describe_masking(result: Masking, block: int) -> str:
    """What :func:`draw_masking` shows, in words and numbers."""
    gain, channels = result.gain[block - 1], result.channels[block - 1]
    h, w = gain.shape[1:]
    return (
        f"Maps of {h} by {w} values before and after masking block {block} on "
        f"{len(gain)} faces. The block multiplies the mean activation by "
        f"{gain.min():.3f} to {gain.max():.3f}; a mask that is the same everywhere "
        f"would multiply it by {1 + 1 / channels:.3f}."
    )


def describe_distribution(result: Masking) -> str:
    """What :func:`draw_mask_distribution` shows, in words and numbers."""
    near = (MULTIPLES[:-1] >= 0.5) & (MULTIPLES[1:] <= 2.001)
    shares = [100 * counts[near].sum() / counts.sum() for counts in result.counts]
    told = ", ".join(
        f"{share:.0f} per cent in {name}"
        for name, share in zip(result.names, shares, strict=True)
    )
    return (
        "Distribution of the values of the masks in multiples of one over the number "
        f"of channels. Between half and twice that control lie {told}. With the "
        f"control in place of all masks, {100 * result.agreement:.0f} per cent of "
        f"{len(result.predicted)} faces are given the same class."
    )
