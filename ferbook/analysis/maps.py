"""Heat maps of many faces, each so small that all of them fit into memory."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.fitted_landmarks import landmarks_seen
from fer_lib.explain.grad_cam import class_maps
from fer_lib.explain.occlusion import occlude
from fer_lib.landmarks import FIVE_PARTS
from fer_lib.models.network import Network
from ferbook.papers.part_measures import near_parts, share_inside

SIDE = 24  # of a Grad-CAM map that is kept
BATCH = 64  # faces that are explained together
# Squares of a quarter of the side, moved by half of it: 7 x 7 of them, which
# tell 8 x 8 places apart.
WINDOW, CELLS = 1 / 4, 8
WINDOWS = (CELLS - 1) ** 2


def smaller(maps: np.ndarray, side: int) -> np.ndarray:
    """Maps ``[..., H, W]`` as means over ``side`` x ``side`` places.

    >>> smaller(np.arange(16.0).reshape(4, 4), 2)
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    flat = torch.as_tensor(maps).reshape(-1, 1, *np.shape(maps)[-2:])
    return (
        F.adaptive_avg_pool2d(flat, side)
        .reshape(*np.shape(maps)[:-2], side, side)
        .numpy()
    )


def scaled(maps: np.ndarray) -> np.ndarray:
    """Maps ``[..., H, W]``, each divided by its mean; NaN where that is zero."""
    mean = maps.mean((-2, -1), keepdims=True)
    return np.divide(maps, mean, out=np.full_like(maps, np.nan), where=mean > 0)


class Cams(NamedTuple):
    """What :func:`cams` returns of N faces.

    Attributes:
        names: of the L learners.
        united: ``float32 [N, SIDE, SIDE]``, scaled to a mean of one; not a
            number for a face without evidence for the class.
        learners: likewise of each, ``[N, L, SIDE, SIDE]``.
        heat: mean near the landmarks of each part, ``float32 [N, 5]``, in the
            order of ``FIVE_PARTS``, the map scaled likewise; not a number for
            a face without landmarks.
        other: the same near the landmarks of another face.
    """

    names: tuple[str, ...]
    united: np.ndarray
    learners: np.ndarray
    heat: np.ndarray
    other: np.ndarray


def cams(
    network: Network, faces: FaceSet, trusted: np.ndarray, bar: tqdm, batch: int = BATCH
) -> Cams:
    """Grad-CAM of the true classes.

    Args:
        network: whose maps are asked for.
        faces: with landmarks, labelled by the network's classes.
        trusted: ``bool [N]``, faces whose landmarks count.
        bar: is told of every pass of a face.
        batch: faces that are explained together; the result is the same.
    """
    points = landmarks_seen(faces, network.input.size)
    places = _own_and_other(points, trusted)
    found = []
    for start in range(0, len(faces), batch):
        rows = slice(start, start + batch)
        told = class_maps(network, faces.images[rows], faces.labels[rows])
        heats = [_heat(told.united, near[rows]) for near in places]
        learners = scaled(smaller(told.maps, SIDE)).swapaxes(0, 1)
        found.append((scaled(smaller(told.united, SIDE)), learners, *heats))
        bar.update(3 * len(told.names) * len(told.united))  # there and back
    return Cams(told.names, *map(np.concatenate, zip(*found, strict=True)))


def _own_and_other(points: Tensor, trusted: np.ndarray) -> tuple[Tensor, Tensor]:
    """Landmarks ``[N, 68, 2]`` of each face and of the trusted one before it."""
    own, other = torch.full((2, *points.shape), torch.nan)
    rows = np.flatnonzero(trusted)
    own[rows] = points[rows].float()
    other[rows] = own[np.roll(rows, 1)]
    return own, other


def _heat(maps: np.ndarray, points: Tensor) -> np.ndarray:
    maps, found = torch.as_tensor(maps), []
    known = torch.isfinite(points).all((1, 2)) & (maps.amax((1, 2)) > 0)
    for part in FIVE_PARTS:
        region = near_parts(points, maps.shape[-1], part)
        there = known & region.any((1, 2))  # a part may lie outside
        found.append(torch.where(there, share_inside(maps, region), torch.nan))
    return torch.stack(found, 1).numpy()


class Covered(NamedTuple):
    """What :func:`covered` returns of N faces, ``float32 [N, CELLS, CELLS]`` each.

    Attributes:
        drops: mean fall of the true class's score under the squares over a
            place, in units of the score.
        misled: share of these squares under which another class is read.
    """

    drops: np.ndarray
    misled: np.ndarray


def covered(
    network: Network, faces: FaceSet, bar: tqdm, batch: int = BATCH // 4
) -> Covered:
    """Black squares over all places of each face, as Deep-Emotion has them."""
    window = round(WINDOW * network.input.size)
    squares = {"window": window, "stride": window // 2}
    found = [np.zeros((2, 0, CELLS, CELLS), np.float32)]  # perhaps there is no face
    for start in range(0, len(faces), batch):
        rows = slice(start, start + batch)
        told = occlude(network, faces.images[rows], faces.labels[rows], **squares)
        found.append([smaller(one, CELLS) for one in (told.drops, told.misled)])
        bar.update(WINDOWS * len(told.targets))
    return Covered(*map(np.concatenate, zip(*found, strict=True)))


def alike(maps: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Correlation of each pair of learners, ``[N, L, L]``, over places.

    Args:
        maps: ``[N, L, h, w]``.
        others: the second of each pair, the same maps if None.

    Returns:
        Not a number for a map that is even or has no number.
    """
    first, second = (
        _standardised(one) for one in (maps, maps if others is None else others)
    )
    return np.einsum("nlp,nmp->nlm", first, second)


def _standardised(maps: np.ndarray) -> np.ndarray:
    flat = np.asarray(maps, np.float64).reshape(*maps.shape[:2], -1)
    flat = flat - flat.mean(-1, keepdims=True)
    size = np.linalg.norm(flat, axis=-1, keepdims=True)
    return np.divide(flat, size, out=np.full_like(flat, np.nan), where=size > 1e-9)


def between(pairs: np.ndarray) -> np.ndarray:
    """Mean of ``[N, L, L]`` off the diagonal, ``[N]``; pairs without number apart."""
    off = ~np.eye(pairs.shape[1], dtype=bool)
    values = pairs[:, off]
    known = np.isfinite(values)
    total, count = np.where(known, values, 0).sum(1), known.sum(1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
