"""Sliding-window occlusion: what a covered patch does to a prediction.

Two readings of the same experiment.  :func:`label_flips` is the one of
Deep-Emotion (section 4.4, after Zeiler and Fergus 2014): a square is set to
zero, and where the prediction turns wrong, the square is marked.
:func:`score_drops` is captum's: how far the score of a class falls.  Both at
once, for any network, in :mod:`fer_lib.explain.occlusion_maps`.
"""

from collections.abc import Callable

import numpy as np
import torch
from captum.attr import Occlusion
from torch import Tensor, nn
from tqdm.auto import tqdm

from fer_lib.evaluation.inference import evaluating, faces_together
from fer_lib.explain.covering import cover, filling, pixel_means, window_starts
from fer_lib.models.network import logits_of

Scores = Callable[[Tensor], Tensor]


def from_pixels(network: nn.Module) -> Scores:
    """Class scores as a function of pixels in 0..1, the scale to occlude in.

    Zero is black there; after normalisation it would be mid-grey.  The
    network is evaluated, and left in the mode it was in.
    """

    def scores(unit: Tensor) -> Tensor:
        with evaluating(network):
            return logits_of(network(network.input.normalise(unit)))

    return scores


@torch.inference_mode()
def covered_scores(
    scores: Scores,
    unit: Tensor,
    *,
    window: int,
    stride: int = 1,
    fill: float | str = "zero",
    batch_size: int | None = None,
    progress: bool = False,
) -> Tensor:
    """Class scores of every face under every window.

    Faces and windows fill passes together, whatever their numbers.

    Args:
        scores: class scores of pixels; see :func:`from_pixels`.
        unit: faces ``[N, C, H, W]``, pixels in 0..1.
        window: side of the square in pixels.
        stride: step between squares in pixels.
        fill: as of :func:`filling`.
        batch_size: covered faces in one pass; by their size if None.
        progress: whether to show a bar.

    Returns:
        ``[N, rows, columns, num_classes]``, one entry a window position.
    """
    starts = [window_starts(side, window, stride) for side in unit.shape[-2:]]
    tops, lefts = (torch.as_tensor(s, device=unit.device) for s in starts)
    fillings = filling(unit, fill, window)
    grid = (len(unit), len(tops), len(lefts))
    total = len(unit) * len(tops) * len(lefts)
    count = batch_size or faces_together(unit.shape[1], unit.shape[-1])
    found = []
    with tqdm(total=total, unit="window", disable=not progress) as bar:
        for flat in torch.arange(total, device=unit.device).split(count):
            face, row, column = torch.unravel_index(flat, grid)
            at = (tops[row], lefts[column], window)
            found.append(scores(cover(unit[face], fillings[face], *at)))
            bar.update(len(flat))
    return torch.cat(found).unflatten(0, grid)


def label_flips(
    scores: Scores, unit: Tensor, labels: Tensor, *, window: int, **options
) -> np.ndarray:
    """Whether each covered square makes the prediction wrong.

    Args:
        scores: class scores of pixels; see :func:`from_pixels`.
        unit: faces ``[N, C, H, W]``, pixels in 0..1.
        labels: ``int64 [N]``, what counts as right.
        window: side of the square in pixels; the paper's N, not given there.
        options: of :func:`covered_scores`: ``stride``, the paper's s, not
            given, ``fill``, the paper's is zero, and the rest.

    Returns:
        ``bool [N, rows, columns]``, one entry a window position.
    """
    found = covered_scores(scores, unit, window=window, **options)
    return (found.argmax(-1) != labels[:, None, None]).cpu().numpy()


def flip_map(flips: np.ndarray, size: int, window: int, stride: int) -> np.ndarray:
    """Share of the windows over each pixel that make the prediction wrong.

    Args:
        flips: ``bool [..., rows, columns]`` of :func:`label_flips`.
        size: height and width of the faces in pixels.
        window: as given to :func:`label_flips`.
        stride: likewise.

    Returns:
        ``float64 [..., size, size]`` in 0..1.  The paper's marked region is
        where this is above zero.
    """
    return pixel_means(flips, (size, size), window, stride)


def score_drops(
    scores: Scores,
    unit: Tensor,
    targets: Tensor,
    *,
    window: int,
    stride: int = 1,
    fill: float | str = "zero",
    windows_per_pass: int = 64,
) -> np.ndarray:
    """How far the class score falls when a pixel is covered (captum).

    Args:
        scores: class scores of pixels; see :func:`from_pixels`.
        unit: faces ``[N, C, H, W]``, pixels in 0..1.
        targets: ``int64 [N]``, the class whose score is watched.
        window: side of the square in pixels.
        stride: step in pixels; where it leaves a rest, captum's last window
            is cut off at the edge, not moved back.
        fill: as of :func:`filling`.
        windows_per_pass: window positions in one pass of the network.

    Returns:
        ``float32 [N, H, W]``: mean drop over the windows that cover a
        pixel, in units of the score; negative where covering helps.
    """
    window_starts(unit.shape[-1], window, stride)
    drops = Occlusion(scores).attribute(
        unit,
        sliding_window_shapes=(unit.shape[1], window, window),
        strides=(unit.shape[1], stride, stride),
        baselines=filling(unit, fill, window),
        target=targets,
        perturbations_per_eval=windows_per_pass,
    )
    # All channels of a pixel are covered together and carry the same drop.
    return drops[:, 0].detach().cpu().numpy()


def class_means(maps: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Mean map of each class, ``[classes, H, W]``; NaN for an empty class."""
    means = np.full((classes, *maps.shape[1:]), np.nan)
    for label in range(classes):
        if (rows := labels == label).any():
            means[label] = maps[rows].mean(0)
    return means
