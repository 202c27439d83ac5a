"""Whether a map knows which movements the network goes by; faces made again.

No pixel is covered: the face is rendered again with one unit at rest
(deletion), or at rest with one unit alone moved (insertion), so that the
network only ever sees faces.  What a unit does to the score is then held
against what the map says of the pixels that it moves.
"""

from typing import NamedTuple

import numpy as np

from fer_lib.errors import optional
from fer_lib.evaluation.inference import predict
from fer_lib.models.network import Network
from fer_lib.rendered.known import KnownFaces


class Effects(NamedTuple):
    """What each of K movements does to the explained score, ``float64 [K]``."""

    deletion: np.ndarray  # fall of the score without it
    insertion: np.ndarray  # rise of the score of a resting face with it alone


def unit_effects(network: Network, faces: KnownFaces, targets: np.ndarray) -> Effects:
    """Effects of all movements on the score of each face's target, ``int64 [N]``."""
    row, asked = faces.row, np.asarray(targets)

    def said(images: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        scores = predict(network, images).astype(float)
        return scores[np.arange(len(images)), wanted]

    whole, rest = said(faces.images, asked)[row], said(faces.rest, asked)[row]
    without, alone = (
        said(images, asked[row]) for images in (faces.without, faces.alone)
    )
    return Effects(whole - without, alone - rest)


def unit_order(maps: np.ndarray, faces: KnownFaces, effects: np.ndarray) -> np.ndarray:
    """How well a map orders a face's movements by their effects, ``float64 [N]``.

    A movement is worth the mean of the map over the pixels that it moves, each
    weighted by how far.  1 where movements come in the order of their effects,
    0 where they come in the opposite one, 0.5 for a constant map; a place in
    the order counts by the effects that it gets wrong.  Not a number where
    fewer than two movements can be seen, or all effects are the same.

    Args:
        maps: ``[N, S, S]``, in the size of the faces.
        faces: N of them, with K movements.
        effects: ``[K]``, one of :class:`Effects`.
    """
    ranked = optional("scipy.stats", "rendered").rankdata
    moved = faces.moved.astype(np.float32)
    area = moved.sum((1, 2))
    mass = np.einsum("khw,khw->k", np.asarray(maps, np.float32)[faces.row], moved)
    worth = mass / np.where(area > 0, area, 1)
    found = np.full(len(maps), np.nan)
    for face in range(len(maps)):
        own = np.flatnonzero((faces.row == face) & (area > 0))
        if len(own) < 2:
            continue
        effect = np.sort(effects[own])
        rank = np.arange(1, len(own) + 1)
        best, worst = effect @ rank, effect[::-1] @ rank
        if best > worst:
            # Equal up to rounding is equal: a constant map has no order.
            places = ranked(np.round(worth[own] / (np.abs(worth[own]).max() or 1), 5))
            found[face] = (effects[own] @ places - worst) / (best - worst)
    return found
