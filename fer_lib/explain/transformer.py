"""Where a spatial transformer looks."""

import numpy as np
import torch
from torch import Tensor


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
