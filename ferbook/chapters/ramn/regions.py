"""What the RAMN chapter draws of the network, its sub-images and attention.

Its two losses are in :mod:`ferbook.chapters.ramn.losses`, the paper's sweeps in
:mod:`ferbook.chapters.ramn.sweeps`.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from fer_lib.crops import COUNTS, coverage, crop_boxes, crop_names
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.drawing.panels import colour_bar, lay_over, show_face
from fer_lib.explain.regions import RegionWeights
from ferbook.papers.ramn import RAMNConfig, make_network
from ferbook.show.diagrams import Block, draw_blocks
from ferbook.show.figures import COLOURS
from ferbook.show.tables import Table

SCALES = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2)  # Figure 3(b)
_STYLES = ("-", "--", ":", "-.")


def draw_network() -> Figure:
    """RAMN as the paper's settings make it, with what leaves each part."""
    config = RAMNConfig()
    with torch.device("meta"):  # counted, not computed
        network = make_network(config, 7, 0)
    count, size = len(network.boxes), config.input_size
    features, d = network.backbone.out_features, config.branch_features
    steps = {  # place, text, what leaves it, colour
        "face": (0, 0, "face", f"3 x {size} x {size}", "black"),
        "cut": (1.4, 0, "cut and\nresize", f"{count} x 3 x {size} x {size}", "sky"),
        "trunk": (2.8, 0, "VGG16\nfor each", f"{count} x {features}", "blue"),
        "theta": (2.8, 1.7, f"FC, sigmoid:\n{count} weights", "", "orange"),
        "mean": (4.2, 0, "weighted\nmean (1)", f"{features}", "orange"),
        "branches": (5.6, 0, "7 FC,\none a class", f"7 x {d}", "green"),
        "scores": (7.0, 0, "concatenate,\nFC", "7 scores", "green"),
        "r": (4.2, 1.7, "R-loss (2)", "", "vermilion"),
        "c": (5.6, 1.7, "C-loss (3-6)", "", "vermilion"),
        "ce": (7.0, 1.7, "cross-\nentropy", "", "vermilion"),
    }
    blocks = {name: Block(*step, width=1.05) for name, step in steps.items()}
    arrows = [
        ("face", "cut"), ("cut", "trunk"), ("trunk", "mean"), ("trunk", "theta"),
        ("theta", "mean"), ("theta", "r"), ("mean", "branches"), ("branches", "c"),
        ("branches", "scores"), ("scores", "ce"),
    ]  # fmt: skip
    return draw_blocks(blocks, arrows, size=(10, 3.7))


def draw_crops(image: np.ndarray, counts: Sequence[int] = COUNTS[1:]) -> Figure:
    """The paper's Figure 2: which boxes each number of sub-images adds.

    Args:
        image: a face ``[C, H, W]``, ``uint8`` or 0..1.
        counts: numbers of sub-images; those of Figure 3(a) if not given.

    Returns:
        Above, boxes that the panel before did not have; below, the share of
        the sub-images that see a pixel.
    """
    size, known = image.shape[-1], 0
    figure, axes = plt.subplots(
        2, len(counts), figsize=(2.1 * len(counts) + 0.9, 5.1), layout="constrained"
    )
    for (above, below), count in zip(axes.T, counts, strict=True):
        boxes = crop_boxes(count, size, generator=_fixed())[1:]
        show_face(above, image)
        _draw_boxes(above, boxes[known:], size, crop_names(count)[1 + known :])
        above.set_title(f"{count} sub-images")
        show_face(below, image)
        share = 100 * coverage(boxes, size).numpy() / count
        drawn = lay_over(below, share, colours=SEQUENTIAL, low=0, high=100, alpha=0.7)
        known = count
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
    colour_bar(figure, drawn, axes[1], "share of the sub-images\nthat see a pixel (%)")
    return figure


def draw_scales(image: np.ndarray, scales: Sequence[float] = SCALES) -> Figure:
    """Figure 3(b)'s scales: one corner and the centre box at each."""
    figure, axes = plt.subplots(
        1, len(scales), figsize=(1.75 * len(scales), 3), layout="constrained"
    )
    size = image.shape[-1]
    for panel, scale in zip(axes, scales, strict=True):
        boxes = crop_boxes(5, size, scale=scale)[[1, 5]]
        show_face(panel, image)
        _draw_boxes(panel, boxes, size, ("corner", "centre"), key=False)
        sides = 100 * (boxes[:, 2] - boxes[:, 0]) / size
        panel.set(xticks=[], yticks=[], title=f"scale {scale:.1f}")
        panel.set_xlabel(f"{sides[0]:.0f} % and {sides[1]:.0f} %\nof the side", size=8)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def _fixed() -> torch.Generator:
    """The tenth box is the network's, see ``crop_seed``."""
    return torch.Generator("cpu").manual_seed(0)


def _draw_boxes(
    axes: Axes, boxes: Tensor, size: int, names: Sequence[str], key: bool = True
) -> None:
    """Frames, told apart by colour and dashes; a little inside one another."""
    colours = ("orange", "sky", "vermilion", "yellow")
    for place, (box, name) in enumerate(zip(boxes.tolist(), names, strict=True)):
        inset = 0.012 * (place + 1)
        left, top, right, bottom = (edge / size for edge in box)
        corner, sides = (left + inset, top + inset), (right - left, bottom - top)
        width, height = (side - 2 * inset for side in sides)
        line = {"ec": COLOURS[colours[place]], "ls": _STYLES[place], "lw": 2.2}
        axes.add_patch(Rectangle(corner, width, height, fill=False, label=name, **line))
    axes.set(xlim=(0, 1), ylim=(1, 0))
    if key:
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0)}
        axes.legend(fontsize=7, frameon=False, ncols=2, handlelength=1.6,
                    columnspacing=0.8, borderaxespad=0.3, **below)  # fmt: skip


def lead_table(named: Mapping[str, RegionWeights], betas: Sequence[float]) -> Table:
    """By how much the best crop leads, and for how many faces that is enough.

    Args:
        named: weights of the same faces, by the network's name.
        betas: margins of equation (2).
    """
    rows = []
    for name, found in named.items():
        crops, whole = found.weights[:, 1:], found.weights[:, 0]
        lead = crops.max(1) - whole
        most = np.bincount(crops.argmax(1), minlength=crops.shape[1])
        first = (
            f"{found.names[1 + most.argmax()]}\n {100 * most.max() / len(lead):.0f} %"
        )
        shares = [f"{100 * (lead >= beta).mean():.0f} %" for beta in betas]
        rows.append(
            (name, f"{whole.mean():.3f}", f"{lead.mean():+.4f}", first, *shares)
        )
    header = ("Network", "Weight of the whole face", "Lead of the best crop")
    header += ("Best crop most often", *(f"Lead ≥ {beta:g}" for beta in betas))
    return Table(f"Region attention on {len(lead)} faces", header, tuple(rows))
