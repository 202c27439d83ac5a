"""Turning and scaling a face so that its eyes lie in fixed places.

A similarity moves, turns and scales, and keeps shapes.  It is a matrix
``[2, 3]`` that takes ``(x, y, 1)`` of the image to x and y of the aligned
face, in pixels with their centres at whole numbers.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from fer_lib.landmarks import eye_centres
from fer_lib.photos.detection import NoFace


def eye_similarity(
    points: np.ndarray, size: int, *, distance: float, height: float
) -> np.ndarray:
    """The similarity that puts the eyes level, centred and ``distance`` apart.

    Args:
        points: ``[68, 2]``, iBUG order, in pixels of the image.
        size: side of the aligned face in pixels.
        distance: between the centres of the eyes, as a share of the side.
        height: of the eyes below the upper edge, as a share of the side.

    Returns:
        ``float64 [2, 3]``.

    Raises:
        NoFace: when both eyes lie in one place.
    """
    # As complex numbers, a similarity is z -> turn * z + shift.
    left, right = eye_centres(np.asarray(points, np.float64)) @ [1, 1j]
    if left == right:
        raise NoFace(
            f"alignment: both eyes lie at {left.real:g}, {left.imag:g}; expected "
            "68 landmarks of a face."
        )
    turn = distance * size / (right - left)
    middle = (0.5 + 1j * height) * size - (0.5 + 0.5j)
    shift = middle - turn * (left + right) / 2
    return np.array(
        [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]]
    )


def move_points(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Points ``[..., 2]`` where a similarity ``[2, 3]`` takes them."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def warp_face(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """The image under a similarity, its border repeated where it ends.

    Args:
        image: ``uint8 [H, W]`` grey or ``[H, W, 3]`` RGB.
        matrix: ``[2, 3]``, as of :func:`eye_similarity`.
        size: side of the result in pixels.

    Returns:
        ``uint8 [C, size, size]``, C 1 or 3.
    """
    # Several samples a pixel where the face shrinks, else stripes would appear.
    samples = max(1, math.ceil(1 / np.hypot(*matrix[:, 0])))
    places = (np.arange(size * samples) + 0.5) / samples - 0.5
    back = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    seen = move_points(np.stack(np.meshgrid(places, places), -1), back)
    # The rest of a large photograph need not become floating point.
    ends = np.array(image.shape[1::-1]) - 1
    left, top = np.clip(np.floor(seen.min((0, 1))), 0, ends).astype(int)
    right, bottom = np.clip(np.ceil(seen.max((0, 1))), 0, ends).astype(int)
    part = np.atleast_3d(image[top : bottom + 1, left : right + 1])
    pixels = torch.from_numpy(part.transpose(2, 0, 1)[None].astype(np.float64))
    height, width = pixels.shape[2:]
    seen = seen - [left, top]
    grid = torch.as_tensor(2 * seen / [max(width - 1, 1), max(height - 1, 1)] - 1)[None]
    face = F.grid_sample(pixels, grid, padding_mode="border", align_corners=True)
    return F.avg_pool2d(face, samples)[0].round().byte().numpy()
