"""How much each sub-image of RAMN counts, face by face.

L. Cui, Y. Tian, 2021 (:mod:`fer_lib.models.ramn`): theta of equation (1) on
the boxes of section III.C.
"""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fer_lib.crops import crop_names
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.drawing.panels import (
    check_titles,
    colour_bar,
    grid,
    show_face,
    with_alt,
)
from fer_lib.models.ramn import RAMN


class RegionWeights(NamedTuple):
    """What :func:`region_weights` returns; N faces, R regions.

    Attributes:
        names: of the regions, the whole face first.
        boxes: ``float64 [R, 4]``: left, top, right, bottom as shares 0..1 of
            the face.
        weights: ``float32 [N, R]``, theta 0..1.
        shares: ``float32 [N, R]``, theta over the sum of a face: what a
            region's feature is multiplied with.  1 / R is no preference.
        predicted: ``int64 [N]``.
    """

    names: tuple[str, ...]
    boxes: np.ndarray
    weights: np.ndarray
    shares: np.ndarray
    predicted: np.ndarray


@torch.inference_mode()
def region_weights(
    network: RAMN,
    images: np.ndarray,
    *,
    batch_size: int | None = None,
) -> RegionWeights:
    """The attention of every face to every region.

    Args:
        network: with any number of regions; left as it was.
        images: ``uint8 [N, C, H, W]``.
        batch_size: faces in one pass; by their size if None.
    """
    weights, predicted = [], []
    with evaluating(network):
        for _, unit in batches(network, images, batch_size):
            found = network(network.input.normalise(unit))
            weights.append(found.weights.float().cpu())
            predicted.append(found.logits.argmax(1).cpu())
    theta = torch.cat(weights)
    boxes = network.boxes.cpu().double() / network.input.size
    return RegionWeights(
        crop_names(len(boxes) - 1),
        boxes.numpy(),
        theta.numpy(),
        (theta / theta.sum(1, keepdim=True)).numpy(),
        torch.cat(predicted).numpy(),
    )


@torch.inference_mode()
def crop_features(
    network: RAMN, images: np.ndarray, crops: int, scale: float = 1.0
) -> tuple[RAMN, torch.Tensor]:
    """Features of other sub-images than a network was trained with.

    Args:
        network: its weights fit any boxes.
        images: ``uint8 [N, C, H, W]``.
        crops: number of sub-images.
        scale: of Figure 3(b).

    Returns:
        The network with these boxes, and F_k of equation (1),
        ``[N, crops + 1, D]``, whole face first.
    """
    other = network.with_crops(crops, scale)
    with evaluating(other):
        found = [
            other.region_features(other.input.normalise(unit))
            for _, unit in batches(other, images)
        ]
    return other, torch.cat(found)


def draw_region_weights(
    result: RegionWeights, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Faces, and below them every region in a frame of its weight's colour.

    Args:
        result: of the same faces.
        images: ``uint8 [N, C, H, W]``.
        titles: one a face.
    """
    check_titles(len(result.weights), titles)
    figure, axes = grid(result.names, titles)
    low, high = float(result.weights.min()), float(result.weights.max())
    colours = ScalarMappable(Normalize(low, max(high, low + 1e-6)), SEQUENTIAL)
    for line, box, weights in zip(axes, result.boxes, result.weights.T, strict=True):
        for panel, image, weight in zip(line, images, weights, strict=True):
            show_face(panel, image)
            _frame(panel, box, colours.to_rgba(weight))
            panel.text(
                0.5, 0.03, f"{weight:.3f}", ha="center", fontsize=7,
                transform=panel.transAxes,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )  # fmt: skip
    colour_bar(figure, colours, axes, "weight theta, 0 to 1")
    return with_alt(figure, describe_region_weights(result))


def _frame(panel: Axes, box: np.ndarray, colour: tuple) -> None:
    """What lies outside the box is dimmed, the box framed."""
    left, top, right, bottom = box
    outside = np.ones((64, 64, 4))  # white
    centres = (np.arange(64) + 0.5) / 64
    inside = ((centres >= top) & (centres < bottom))[:, None] & (
        (centres >= left) & (centres < right)
    )
    outside[..., 3] = np.where(inside, 0, 0.6)
    panel.imshow(outside, extent=(0, 1, 1, 0), interpolation="nearest")
    size = (right - left, bottom - top)
    panel.add_patch(Rectangle((left, top), *size, fill=False, ec=colour, lw=4))
    panel.set(xlim=(-0.02, 1.02), ylim=(1.02, -0.02))


def draw_mean_shares(
    result: RegionWeights, labels: np.ndarray, classes: Sequence[str]
) -> Figure:
    """Mean share of every region, class by class.

    Args:
        result: of some faces.
        labels: ``int64 [N]``, classes to part them by.
        classes: their names.
    """
    figure, axes = plt.subplots(
        figsize=(0.75 * len(result.names) + 3, 0.42 * len(classes) + 1.6),
        layout="constrained",
    )
    counts = np.bincount(labels, minlength=len(classes))
    means = np.full((len(classes), len(result.names)), np.nan)
    for label in np.flatnonzero(counts):
        means[label] = 100 * result.shares[labels == label].mean(0)
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
    return with_alt(figure, describe_region_weights(result))


def describe_region_weights(result: RegionWeights) -> str:
    """What the figures show, in words and numbers."""
    means = 100 * result.shares.mean(0)
    most, least = int(means.argmax()), int(means.argmin())
    return (
        f"Attention of {len(result.shares)} faces to {len(result.names)} regions. The "
        f"{result.names[most]} has the largest share, {means[most]:.2f} per cent on "
        f"average, the {result.names[least]} the smallest, {means[least]:.2f}; "
        f"{100 / len(result.names):.2f} would be no preference."
    )
