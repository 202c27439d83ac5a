"""Squares that slide over faces, and what shows in them."""

import numpy as np
import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor

from fer_lib.errors import FerError

FILLS = ("zero", "mean", "blur")


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


def filling(unit: Tensor, fill: float | str, window: int) -> Tensor:
    """What covers the faces: ``[N, C, H, W]`` that windows are cut from.

    Args:
        unit: faces ``[N, C, H, W]``, pixels in 0..1.
        fill: a value 0..1, or one of :data:`FILLS`: black; each face's mean
            colour; the face itself, blurred by a Gaussian of half a window.
        window: side of the square in pixels.

    Raises:
        FerError: for an unknown fill, or a value outside 0..1.
    """
    if fill == "mean":
        return unit.mean((2, 3), keepdim=True).expand_as(unit)
    if fill == "blur":
        sigma, side = window / 2, 2 * window + 1
        return gaussian_blur2d(unit, (side, side), (sigma, sigma), "replicate")
    value = 0.0 if fill == "zero" else fill
    if isinstance(value, str) or not 0 <= value <= 1:
        raise FerError(
            f"occlusion: fill is '{fill}', expected {', '.join(FILLS)} or a value "
            "from 0 to 1."
        )
    return torch.full_like(unit, value)


def cover(
    unit: Tensor, fillings: Tensor, tops: Tensor, lefts: Tensor, window: int
) -> Tensor:
    """Faces with one square each covered.

    Args:
        unit: faces ``[B, C, H, W]``.
        fillings: what shows in the squares, likewise; see :func:`filling`.
        tops: ``int64 [B]``, upper edges in pixels.
        lefts: ``int64 [B]``, left edges.
        window: side of the squares.
    """
    rows, columns = (
        (at >= start[:, None]) & (at < start[:, None] + window)
        for start, at in (
            (tops, torch.arange(unit.shape[-2], device=unit.device)),
            (lefts, torch.arange(unit.shape[-1], device=unit.device)),
        )
    )
    square = rows[:, None, :, None] & columns[:, None, None, :]
    return torch.where(square, fillings, unit)


def pixel_means(
    values: np.ndarray, sides: tuple[int, int], window: int, stride: int
) -> np.ndarray:
    """Mean of what the windows over each pixel say.

    Args:
        values: ``[..., rows, columns]``, one a window position.
        sides: height and width of the faces in pixels.
        window: as given to :func:`covered_scores`.
        stride: likewise.

    Returns:
        ``float64 [..., height, width]``.

    Raises:
        FerError: when these are the values of other windows.
    """
    starts = [window_starts(side, window, stride) for side in sides]
    expected = [len(one) for one in starts]
    if list(values.shape[-2:]) != expected:
        raise FerError(
            f"values of {list(values.shape[-2:])} windows, expected {expected} for "
            f"{sides[0]} x {sides[1]} pixels, window {window}, stride {stride}."
        )
    # over[window, pixel]: which pixels of a side a window lies over.
    rows, columns = (
        (np.arange(side) >= one[:, None]) & (np.arange(side) < one[:, None] + window)
        for side, one in zip(sides, starts, strict=True)
    )
    total = rows.T.astype(float) @ values @ columns.astype(float)
    return total / np.outer(rows.sum(0), columns.sum(0))
