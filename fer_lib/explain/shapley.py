"""Shapley values: what each facial part adds to a class score.

Reference:

1. S. M. Lundberg, S.-I. Lee, "A Unified Approach to Interpreting Model
   Predictions", NIPS 2017, arXiv:1705.07874, equation (4).  KernelSHAP
   estimates these values; six parts have 64 coalitions, so that here they
   are exact.
"""

from math import factorial

import numpy as np
import torch

from fer_lib.errors import FerError
from fer_lib.explain.inputs import Images, from_pixels, ready, variants
from fer_lib.explain.occlusion import filling
from fer_lib.landmarks import FIVE_PARTS, interocular
from fer_lib.models.network import Network

FACIAL_PARTS = (*FIVE_PARTS, "rest")
REACH = 0.25  # of a part around its landmarks, in inter-ocular distances


def facial_parts(landmarks: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """Which of the :data:`FACIAL_PARTS` each pixel belongs to, ``int64 [N, H, W]``.

    That of the nearest landmark, if this is within a quarter of the distance
    between the outer corners of the eyes; else the rest: forehead, cheeks,
    hair and background.  Landmarks are ``[N, 68, 2]``, in pixels.
    """
    points = np.ascontiguousarray(landmarks, np.float32)
    if points.ndim != 3 or points.shape[1:] != (68, 2):
        raise FerError(
            f"facial parts: landmarks of shape {list(points.shape)}, expected "
            "[N, 68, 2]."
        )
    rows, columns = np.indices(sides).reshape(2, -1)
    pixels = torch.tensor(np.stack([columns, rows], 1)).float()
    away = torch.cdist(pixels, torch.as_tensor(points))  # [N, H W, 68]
    nearest, point = away.min(-1)
    part_of = np.empty(68, int)
    for i, (start, end) in enumerate(FIVE_PARTS.values()):
        part_of[start:end] = i
    far = nearest.numpy() > REACH * interocular(points)[:, None]
    found = np.where(far, FACIAL_PARTS.index("rest"), part_of[point.numpy()])
    return found.reshape(-1, *sides)


def shapley_weights(players: int) -> np.ndarray:
    """Equation (4) of [1] as ``float64 [P, 2**P]``.

    Times the values of all :func:`coalitions` these are the P players' shares.
    """
    held = coalitions(players)
    size = held.sum(1)
    # Chance that exactly k of the others come before a part.
    before = [
        factorial(k) * factorial(players - k - 1) / factorial(players)
        for k in range(players)
    ]
    joins = np.array([0, *before])[size]  # the part was the last to come
    stays = np.array([*before, 0])[size]
    return np.where(held, joins[:, None], -stays[:, None]).T


def coalitions(players: int) -> np.ndarray:
    """``bool [2**P, P]``: who is in each; player i where bit i is set."""
    return (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)


def part_shapley(
    network: Network,
    images: Images,
    targets: np.ndarray | None,
    parts: np.ndarray,
) -> np.ndarray:
    """What each of the :data:`FACIAL_PARTS` adds to the class score.

    ``float64 [N, 6]`` of parts ``[N, size, size]``, in units of the score; they
    add up to the score of the face less that of its mean colour.
    """
    unit, wanted = ready(network, images, targets)
    scores, found = from_pixels(network), []
    fillings = filling(unit, "mean", unit.shape[-1])
    held = torch.as_tensor(coalitions(len(FACIAL_PARTS)), device=unit.device)
    belongs = torch.as_tensor(parts, device=unit.device)
    with torch.inference_mode():
        for face, coalition in variants(network, unit, len(held)):
            shown = held[coalition].gather(1, belongs[face].flatten(1))  # [B, H W]
            shown = shown.view(-1, 1, *unit.shape[-2:])
            faces = torch.where(shown, unit[face], fillings[face])
            found.append(scores(faces).gather(1, wanted[face, None])[:, 0])
    values = torch.cat(found).view(len(unit), -1).double().cpu().numpy()
    return values @ shapley_weights(len(FACIAL_PARTS)).T


def shapley_parts(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """Shapley value of each facial part, spread evenly over its pixels; [1].

    Signed; a map adds up to the score of the face less that of its mean colour.
    Called as any :class:`~fer_lib.explain.methods.Method`; it needs landmarks.
    """
    parts = known_parts(network, images, landmarks)
    values = part_shapley(network, images, targets, parts)
    flat = parts.reshape(len(parts), -1)
    sizes = (flat[..., None] == np.arange(len(FACIAL_PARTS))).sum(1)
    shares = values / np.maximum(sizes, 1)  # a part may be hidden
    spread = np.take_along_axis(shares, flat, 1)
    return spread.reshape(parts.shape).astype(np.float32)


def known_parts(
    network: Network, images: Images, landmarks: np.ndarray | None
) -> np.ndarray:
    """:func:`facial_parts` in the network's size, ``int64 [N, size, size]``."""
    size = network.input.size
    return facial_parts(checked_landmarks(network, images, landmarks), (size, size))


def checked_landmarks(
    network: Network, images: Images, landmarks: np.ndarray | None
) -> np.ndarray:
    """Landmarks ``[N, 68, 2]`` of the images in pixels of the network's size."""
    if landmarks is None or len(landmarks) != len(images):
        found = "none" if landmarks is None else f"{len(landmarks)} sets"
        raise FerError(
            f"facial parts: {found} of landmarks for {len(images)} faces, expected "
            "one set a face; take faces with landmarks or another method."
        )
    sides = np.array([images.shape[-1], images.shape[-2]], np.float32)
    scale = network.input.size / sides
    return (np.asarray(landmarks) + 0.5) * scale - 0.5
