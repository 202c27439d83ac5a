"""Sliding-window occlusion: what a covered patch does to a prediction.

Two readings of the same experiment.  :func:`label_flips` is the one of
Deep-Emotion (section 4.4, after Zeiler and Fergus 2014): a square is set to
zero, and where the prediction turns wrong, the square is marked.
:func:`score_drops` is captum's: how far the score of a class falls.
"""

from collections.abc import Callable

import numpy as np
import torch
from captum.attr import Occlusion
from torch import Tensor, nn
from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.models.network import logits_of
from fer_lib.preprocessing import Preprocessing

Scores = Callable[[Tensor], Tensor]


def from_pixels(network: nn.Module, preprocessing: Preprocessing) -> Scores:
    """Class scores as a function of pixels in 0..1, the scale to occlude in.

    Zero is black there; after normalisation it would be mid-grey.
    """
    network.eval()
    return lambda unit: logits_of(network(preprocessing.normalise(unit)))


def window_starts(side: int, window: int, stride: int) -> np.ndarray:
    """Left (or top) edges of the windows along one side, in pixels.

    The last window is moved back where the stride would leave a rest, so
    that every pixel is covered.

    Raises:
        FerError: when the window or the stride does not fit.
    """
    if not 1 <= window <= side or stride < 1:
        raise FerError(
            f"window {window} and stride {stride} do not fit a side of {side} "
            f"pixels, expected a window of 1 to {side} and a stride of 1 or more."
        )
    starts = np.arange(0, side - window + 1, stride)
    rest = side - window
    return starts if starts[-1] == rest else np.append(starts, rest)


@torch.inference_mode()
def label_flips(
    scores: Scores,
    unit: Tensor,
    labels: Tensor,
    *,
    window: int,
    stride: int = 1,
    fill: float = 0.0,
    batch_size: int = 1024,
    progress: bool = False,
) -> np.ndarray:
    """Whether each covered square makes the prediction wrong.

    Args:
        scores: class scores of pixels; see :func:`from_pixels`.
        unit: faces ``[N, C, H, W]``, pixels in 0..1.
        labels: ``int64 [N]``, what counts as right.
        window: side of the square in pixels; the paper's N, not given there.
        stride: step between squares in pixels; the paper's s, not given.
        fill: value put in the square, 0..1; the paper's is zero.
        batch_size: covered faces in one pass of the network.
        progress: whether to show a bar.

    Returns:
        ``bool [N, rows, columns]``, one entry a window position.
    """
    height, width = unit.shape[-2:]
    tops = window_starts(height, window, stride)
    lefts = window_starts(width, window, stride)
    masks = torch.zeros(len(tops) * len(lefts), 1, height, width, dtype=torch.bool)
    for row, (top, left) in enumerate((t, s) for t in tops for s in lefts):
        masks[row, :, top : top + window, left : left + window] = True
    masks = masks.to(unit.device)
    wrong = []
    total = len(unit) * len(masks)
    with tqdm(total=total, unit="window", disable=not progress) as bar:
        for flat in torch.arange(total, device=unit.device).split(batch_size):
            face, mask = flat // len(masks), flat % len(masks)
            covered = unit[face].masked_fill(masks[mask], fill)
            wrong.append(scores(covered).argmax(1) != labels[face])
            bar.update(len(flat))
    return torch.cat(wrong).view(len(unit), len(tops), len(lefts)).cpu().numpy()


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
    starts = window_starts(size, window, stride)
    if flips.shape[-2:] != (len(starts), len(starts)):
        raise FerError(
            f"flips have {list(flips.shape[-2:])} windows, expected "
            f"{[len(starts)] * 2} for {size} pixels, window {window}, stride {stride}."
        )
    # cover[window, pixel]: which pixels of a side a window lies over.
    pixel = np.arange(size)
    cover = (pixel >= starts[:, None]) & (pixel < starts[:, None] + window)
    cover = cover.astype(np.float64)
    marked = np.einsum("...rc,rh,cw->...hw", flips.astype(np.float64), cover, cover)
    return marked / np.einsum("rh,cw->hw", cover, cover)


def score_drops(
    scores: Scores,
    unit: Tensor,
    targets: Tensor,
    *,
    window: int,
    stride: int = 1,
    fill: float = 0.0,
    windows_per_pass: int = 64,
) -> np.ndarray:
    """How far the class score falls when a pixel is covered (captum).

    Args:
        scores: class scores of pixels; see :func:`from_pixels`.
        unit: faces ``[N, C, H, W]``, pixels in 0..1.
        targets: ``int64 [N]``, the class whose score is watched.
        window: side of the square in pixels.
        stride: step in pixels.
        fill: value put in the square, 0..1.
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
        baselines=fill,
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
