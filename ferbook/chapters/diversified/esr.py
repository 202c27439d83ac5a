"""What the ESR chapter draws of the network and its training.

Its branches are in :mod:`ferbook.chapters.diversified.esr_branches`, what it
shares with MA-Net's in :mod:`ferbook.chapters.diversified.learners`.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ferbook.show.diagrams import Block, draw_blocks
from ferbook.show.figures import COLOURS


def draw_esr() -> Figure:
    """ESR-9 with CBAM, with the shape of what leaves each part."""
    steps = {  # x, y, text, what leaves it, colour
        "face": (0, 0, "face", "3 x 96 x 96", "black"),
        "base": (1.5, 0, "base: 4 layers,\neach with CBAM", "128 x 20 x 20", "blue"),
        "1": (3.4, 1.5, "branch 1:\n4 layers, CBAM", "", "green"),
        "2": (3.4, 0.5, "branch 2", "", "green"),
        "k": (3.4, -0.5, "...", "", "green"),
        "9": (3.4, -1.5, "branch 9\n(or 15)", "512 x 6 x 6", "green"),
        "scores": (5.3, -0.75, "9 x 8 scores,\nvote", "", "black"),
        "maps": (5.3, 0.95, "last attention:\nchannels, positions", "", "orange"),
        "ce": (7.2, -0.75, "cross-entropy of\neach branch (4)", "", "vermilion"),
        "div": (7.2, 0.95, "similarity (1),\ndiversity (2)", "", "vermilion"),
    }
    blocks = {name: Block(*step, width=1.35) for name, step in steps.items()}
    branches = ("1", "2", "k", "9")
    arrows = [("face", "base"), ("scores", "ce"), ("maps", "div")]
    arrows += [("base", branch) for branch in branches]
    arrows += [(b, end) for b in branches for end in ("maps", "scores")]
    return draw_blocks(blocks, arrows, size=(10, 4.2))


def draw_pooling(
    maps: Tensor, spatial: Tensor, channel: Tensor, name: str = "branch 1"
) -> Figure:
    """The paper's Figure 1 on a face: maps, and what pooling keeps of them.

    Args:
        maps: of one learner, ``[C, h, w]``.
        spatial: attention over positions, ``[h, w]``.
        channel: attention over channels, ``[C]``.
        name: of the learner.
    """
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.9), layout="constrained")
    strongest = maps.mean((1, 2)).argsort(descending=True)[:9].tolist()
    count, *size = maps.shape
    maps = maps.repeat_interleave(4, 1).repeat_interleave(4, 2)  # narrow gaps
    height, width = maps.shape[1:]
    tiles = torch.full((3 * (height + 1) - 1, 3 * (width + 1) - 1), float("nan"))
    for place, i in enumerate(strongest):
        y, x = place // 3 * (height + 1), place % 3 * (width + 1)
        tiles[y : y + height, x : x + width] = maps[i]
    shown = axes[0].imshow(tiles.numpy(), cmap="cividis", vmin=0)
    axes[0].set_title(f"{name}: 9 strongest of {count} maps", fontsize=9)
    figure.colorbar(shown, ax=axes[0], label="value", shrink=0.8)
    shown = axes[1].imshow(spatial.numpy(), cmap="cividis", vmin=0, vmax=1)
    axes[1].set_title(f"over positions: {size[0]} x {size[1]} numbers", fontsize=9)
    figure.colorbar(shown, ax=axes[1], label="attention", shrink=0.8)
    axes[2].bar(range(count), channel.numpy(), color=COLOURS["blue"])
    axes[2].set(ylim=(0, 1), xlabel="channel", ylabel="attention")
    axes[2].set_title(f"over channels: {count} numbers", fontsize=9)
    for panel in axes[:2]:
        panel.set(xticks=[], yticks=[])
    return figure


def draw_growth(curve: Sequence[Mapping], key: str, label: str) -> Figure:
    """A training curve, with a line where a branch joins.

    Args:
        curve: rows with ``epoch``, ``stage`` and the key.
        key: of the value to draw, 0 to 1.
        label: of the axis, without its unit.
    """
    figure, panel = plt.subplots(figsize=(8, 3.3), layout="constrained")
    told = [row for row in curve if key in row]
    values = [100 * row[key] for row in told]
    panel.plot([row["epoch"] for row in told], values, "o-", ms=3, color="#0072B2")
    for epoch, number in joins(told):
        panel.axvline(epoch - 0.5, color="#D55E00", lw=0.8, ls="--")
        place = {"xycoords": ("data", "axes fraction"), "fontsize": 8}
        panel.annotate(f" {number}", (epoch - 0.5, 0.03), color="#D55E00", **place)
    panel.set(xlabel="epoch (dashed: a branch joins)", ylabel=f"{label} (%)")
    panel.grid(alpha=0.3)
    return figure


def joins(curve: Sequence[Mapping]) -> list[tuple[int, str]]:
    """Epoch and number of each branch's first row in a curve."""
    first = {}
    for row in curve:
        first.setdefault(row["stage"], row["epoch"])
    return [(epoch, stage.rpartition(" ")[2]) for stage, epoch in first.items()]
