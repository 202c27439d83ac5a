"""Occlusion: what a covered square does to a prediction.

Two readings of one experiment (M. D. Zeiler, R. Fergus, "Visualizing and
Understanding Convolutional Networks", ECCV 2014).  That of Deep-Emotion (S.
Minaee, M. Minaei, A. Abdolrashidi, Sensors 21(9), 2021, section 4.4, Figures
11 to 13): a square is set to zero, and where the prediction turns wrong, it
is marked.  And captum's: how far the score of a class falls.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import faces_together
from fer_lib.explain.inputs import Images, from_pixels, passes, ready
from fer_lib.models.network import Network

FILLS = ("zero", "mean", "blur")
WINDOW, STRIDE = 1 / 6, 1 / 12  # of the methods' squares, as shares of the side


def window_starts(side: int, window: int, stride: int) -> np.ndarray:
    """Left (or top) edges of the windows along one side, in pixels.

    The last window is moved back where the stride would leave a rest.
    """
    if not 1 <= window <= side or stride < 1:
        raise FerError(
            f"window {window} and stride {stride} do not fit a side of {side} "
            f"pixels, expected a window of 1 to {side} and a stride of 1 or more."
        )
    rest = side - window
    starts = np.arange(0, rest + 1, stride)
    return starts if starts[-1] == rest else np.append(starts, rest)


def filling(unit: Tensor, fill: float | str, window: int) -> Tensor:
    """What covers faces ``[N, C, H, W]`` in 0..1: as large, windows are cut from it.

    A value 0..1, or one of :data:`FILLS`: black; each face's mean colour; the face
    itself, blurred by a Gaussian of half a window.
    """
    if fill == "mean":
        return unit.mean((2, 3), keepdim=True).expand_as(unit)
    if fill == "blur":
        from kornia.filters import gaussian_blur2d  # takes half a second

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
    """Faces ``[B, C, H, W]`` with one square each covered by their
    :func:`filling`, from ``tops [B]`` and ``lefts [B]`` on, in pixels."""
    rows, columns = (
        _over(start, side, window)
        for start, side in zip((tops, lefts), unit.shape[-2:], strict=True)
    )
    square = rows[:, None, :, None] & columns[:, None, None, :]
    return torch.where(square, fillings, unit)


def _over(starts: Tensor, side: int, window: int) -> Tensor:
    """Which pixels of a side each window lies over, ``bool [windows, side]``."""
    at = torch.arange(side, device=starts.device)
    return (at >= starts[:, None]) & (at < starts[:, None] + window)


@torch.inference_mode()
def covered_scores(
    scores: Callable[[Tensor], Tensor],
    unit: Tensor,
    *,
    window: int,
    stride: int,
    fill: float | str = "zero",
) -> Tensor:
    """Class scores of every face under every window.

    Args:
        scores: of :func:`~fer_lib.explain.inputs.from_pixels`.
        unit: faces ``[N, C, H, W]``, pixels in 0..1.
        window: side of the square in pixels.
        stride: step between squares in pixels.
        fill: as of :func:`filling`.

    Returns:
        ``[N, rows, columns, num_classes]``, one entry a window position.
    """
    starts = [window_starts(side, window, stride) for side in unit.shape[-2:]]
    tops, lefts = (torch.as_tensor(s, device=unit.device) for s in starts)
    fillings, found = filling(unit, fill, window), []
    grid = (len(unit), len(tops), len(lefts))
    flat = torch.arange(np.prod(grid), device=unit.device)
    for part in flat.split(faces_together(*unit.shape[1:3])):
        face, row, column = torch.unravel_index(part, grid)
        at = (tops[row], lefts[column], window)
        found.append(scores(cover(unit[face], fillings[face], *at)))
    return torch.cat(found).unflatten(0, grid)


def label_flips(covered: Tensor, labels: Tensor) -> Tensor:
    """Whether each square makes the prediction wrong.

    Of :func:`covered_scores`, and labels ``[N]`` that count as right:
    ``bool [N, rows, columns]``.
    """
    return covered.argmax(-1) != labels[:, None, None]


def pixel_means(
    values: np.ndarray, sides: tuple[int, int], window: int, stride: int
) -> np.ndarray:
    """Mean of what the windows over each pixel say, ``float64 [..., H, W]``.

    Of ``[..., rows, columns]``, a value a window, as of :func:`covered_scores`.
    """
    starts = [torch.as_tensor(window_starts(side, window, stride)) for side in sides]
    rows, columns = (
        _over(one, side, window).double().numpy()
        for one, side in zip(starts, sides, strict=True)
    )
    return rows.T @ values @ columns / np.outer(rows.sum(0), columns.sum(0))


def class_means(maps: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Mean map of each class, ``[classes, H, W]``; NaN for an empty class."""
    means = np.full((classes, *maps.shape[1:]), np.nan)
    for label in np.unique(labels):
        means[label] = maps[labels == label].mean(0)
    return means


class OcclusionMaps(NamedTuple):
    """What :func:`occlude` returns of N faces, H by W as the network's.

    Attributes:
        misled: ``float32 [N, H, W]``, share 0..1 of the windows over a pixel
            under which another class than the target is predicted.  The
            paper's marked region is where this is above zero.
        drops: ``float32 [N, H, W]``, by how much these windows lower the
            target's score, on average; negative where covering helps.
        targets: ``int64 [N]``.
        predicted: ``int64 [N]``, without any cover.  Where this is not the
            target, ``misled`` explains nothing.
        window: and ``stride``, ``fill``: as they were asked for.
    """

    misled: np.ndarray
    drops: np.ndarray
    targets: np.ndarray
    predicted: np.ndarray
    window: int
    stride: int
    fill: float | str


@torch.inference_mode()
def occlude(
    network: Network,
    images: Images,
    targets: np.ndarray | None = None,
    *,
    window: int,
    stride: int = 1,
    fill: float | str = "zero",
) -> OcclusionMaps:
    """Cover every square of every face, and see what the network says.

    Args:
        network: and so on, as of :class:`fer_lib.explain.methods.Method`; the
            paper's map is that of the true classes.
        window: side of the square in pixels of the network's faces (the
            paper's N, not given there).
        stride: step between squares, likewise (the paper's s, not given).
        fill: as of :func:`filling`.
    """
    unit, wanted = ready(network, images, targets)
    scores = from_pixels(network)
    plain = torch.cat([scores(part) for (part,) in passes(network, unit)])
    at = {"window": window, "stride": stride}
    found = covered_scores(scores, unit, fill=fill, **at)
    own = wanted[:, None, None, None].expand(*found.shape[:3], 1)
    drops = plain.gather(1, wanted[:, None])[..., None] - found.gather(-1, own)[..., 0]
    misled, drops = (
        pixel_means(values.cpu().numpy(), unit.shape[-2:], **at).astype(np.float32)
        for values in (label_flips(found, wanted), drops)
    )
    said = plain.argmax(1).cpu().numpy()
    return OcclusionMaps(misled, drops, wanted.cpu().numpy(), said, **at, fill=fill)


def occlusion(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """How far the score falls under the squares over a pixel, on average.

    The squares are a sixth of the side, move by a twelfth, and have the face's
    mean colour.  Called as any :class:`~fer_lib.explain.methods.Method`.
    """
    return occlude(network, images, targets, fill="mean", **_squares(network)).drops


def label_flip(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """Share of the black squares over a pixel that turn the prediction.

    One everywhere where the network errs even when nothing is covered.
    Squares, arguments and result are those of :func:`occlusion`.
    """
    return occlude(network, images, targets, fill="zero", **_squares(network)).misled


def _squares(network: Network) -> dict[str, int]:
    shares = {"window": WINDOW, "stride": STRIDE}
    return {k: max(1, round(share * network.input.size)) for k, share in shares.items()}


class Covers(NamedTuple):
    """One face under S squares, ``float32 [S, C, H, W]`` in 0..1, and what the
    network then says, ``float32 [S, num_classes]``."""

    faces: np.ndarray
    probabilities: np.ndarray


@torch.inference_mode()
def covers(network: Network, image: np.ndarray, *, window: int) -> Covers:
    """One face ``[C, H, W]`` under nine black squares, as in Figure 11.

    ``window``: side of the square in pixels of the network's faces.
    """
    unit, _ = ready(network, image[None])
    rest = unit.shape[-1] - window
    places = torch.linspace(0, rest, 3, device=unit.device).round().long()
    tops, lefts = torch.cartesian_prod(places, places).T
    repeated = unit.expand(len(tops), -1, -1, -1)
    faces = cover(repeated, filling(repeated, "zero", window), tops, lefts, window)
    said = from_pixels(network)(faces).softmax(1)
    return Covers(faces.cpu().numpy(), said.cpu().numpy())
