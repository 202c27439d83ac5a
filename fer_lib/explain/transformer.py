"""Where a spatial transformer looks."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from torch import Tensor

from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.explain.drawing.colours import MARK
from fer_lib.explain.drawing.panels import check_titles, grid, show_face, with_alt
from fer_lib.models.deep_emotion import DeepEmotion
from fer_lib.models.spatial_transformer import affine_warp


def sampling_window(theta: Tensor, size: int, align_corners: bool = True) -> np.ndarray:
    """Corners of the part of a face that a transformer samples.

    Args:
        theta: ``[N, 2, 3]``, from output to input positions in -1..1.
        size: height and width of the face in pixels.
        align_corners: whether -1 and 1 are the centres of the border pixels
            (``True``) or their outer edges.

    Returns:
        ``float64 [N, 4, 2]``, x and y in pixels (pixel centres are whole
        numbers) of the top left, top right, bottom right and bottom left
        corner; a flipped window runs the other way round.
    """
    square = torch.tensor([[-1.0, -1], [1, -1], [1, 1], [-1, 1]]).to(theta)
    homogeneous = torch.cat([square, torch.ones(4, 1).to(theta)], 1)
    corners = torch.einsum("nij,kj->nki", theta, homogeneous).double()
    if align_corners:
        pixels = (corners + 1) / 2 * (size - 1)
    else:
        pixels = ((corners + 1) * size - 1) / 2
    return pixels.detach().cpu().numpy()


def window_area(theta: Tensor) -> np.ndarray:
    """Area of each sampled window as a share of the face's, ``[N]``.

    1 is the whole face; above 1 the window reaches beyond it.
    """
    return torch.linalg.det(theta[:, :, :2]).abs().detach().cpu().numpy()


def unwarped(maps: Tensor, theta: Tensor, align_corners: bool = True) -> Tensor:
    """Maps of what a transformer saw, put back on the face.

    Args:
        maps: ``[N, H, W]``, as large as the face.
        theta: ``[N, 2, 3]``, from positions of the map to those of the face,
            both in -1..1.
        align_corners: as of :func:`sampling_window`.

    Returns:
        ``[N, H, W]``, zero where the transformer did not look.  A window
        without area has no inverse; what it gives means nothing.
    """
    last = theta.new_tensor([0.0, 0, 1]).expand(len(theta), 1, 3)
    # Positions of the face back to those of the map.
    back = torch.linalg.pinv(torch.cat([theta, last], 1))[:, :2]
    return affine_warp(maps[:, None], back, align_corners=align_corners)[:, 0]


class Windows(NamedTuple):
    """What :func:`sampled_windows` returns of N faces.

    Attributes:
        theta: ``float32 [N, 2, 3]``, from output to input positions in -1..1.
        corners: ``float64 [N, 4, 2]``, x and y as shares of the face, in the
            order of :func:`sampling_window`.
        areas: ``[N]``, share of the face's area.
        warped: ``float32 [N, C, H, W]``, the faces through their windows,
            pixels in 0..1.
    """

    theta: np.ndarray
    corners: np.ndarray
    areas: np.ndarray
    warped: np.ndarray


@torch.inference_mode()
def sampled_windows(
    network: DeepEmotion,
    images: np.ndarray,
    *,
    batch_size: int | None = None,
) -> Windows:
    """The window of every face, and the face through it.

    Args:
        network: with a transformer; left as it was.
        images: ``uint8 [N, C, H, W]``.
        batch_size: faces in one pass; by their size if None.

    Raises:
        FerError: when the network was built without a transformer.
    """
    thetas, warped = [], []
    with evaluating(network):
        for _, unit in batches(network, images, batch_size):
            x = network.input.normalise(unit)
            thetas.append(network.theta(x))
            # As the network does it: zero, where nothing is, is no black.
            seen = network.transform(x, thetas[-1])
            zero = network.input.normalise(torch.zeros_like(x[:1]))
            one = network.input.normalise(torch.ones_like(x[:1]))
            warped.append((seen - zero) / (one - zero))
    theta, size = torch.cat(thetas), network.input.size
    corners = (sampling_window(theta, size, network.align_corners) + 0.5) / size
    seen = torch.cat(warped).clamp(0, 1)
    return Windows(theta.cpu().numpy(), corners, window_area(theta), seen.cpu().numpy())


def draw_sampled_windows(
    result: Windows, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Faces with their windows, and below what the window shows.

    A dot marks the corner that becomes the upper left one.

    Args:
        result: of the same faces.
        images: ``uint8 [N, C, H, W]``.
        titles: one a face.
    """
    check_titles(len(result.areas), titles)
    figure, axes = grid(["window", "through it"], titles)
    for i, (above, below) in enumerate(axes.T):
        show_face(above, images[i])
        above.add_patch(Polygon(result.corners[i], fill=False, ec=MARK, lw=2))
        above.plot(*result.corners[i][0], "o", color=MARK, ms=4)
        above.set(xlim=(-0.25, 1.25), ylim=(1.25, -0.25))  # it may reach beyond
        show_face(below, result.warped[i])
    return with_alt(figure, describe_windows(result))


def describe_windows(result: Windows) -> str:
    """What the figure shows, in words and numbers."""
    areas, spread = 100 * result.areas, 100 * result.corners.std(0).mean()
    return (
        f"The window that the transformer samples on {len(areas)} faces. It covers "
        f"{areas.min():.0f} to {areas.max():.0f} per cent of a face's area, "
        f"{areas.mean():.0f} on average; over the faces, the standard deviation of its "
        f"corners is {spread:.2f} per cent of the side."
    )
