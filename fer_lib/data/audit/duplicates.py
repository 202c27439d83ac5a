"""Images that stand in a data set twice, to the byte or nearly.

Near copies are found by a perceptual hash of the discrete cosine transform
(C. Zauner, "Implementation and benchmarking of perceptual image hash
functions", 2010): the signs of slow changes of brightness survive another
crop, another contrast and JPEG.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import in_parts
from fer_lib.photos.images import LUMA

# In FER2013, all of 75 pairs that were looked at, drawn over all degrees of
# likeness, show the same photograph at this distance.
NEAR = 2

_GRID, _SLOW = 32, 8  # side that is transformed, frequencies that are kept
_BITS = _SLOW**2


@dataclass(frozen=True, eq=False)
class Copies:
    """Which rows show the same image.

    Attributes:
        ids: ``int64 [N]``, the same number for the same image.
        pairs: ``int64 [P, 2]``, two numbers of nearly the same image.
    """

    ids: np.ndarray
    pairs: np.ndarray

    def also_in(self, chosen: np.ndarray) -> np.ndarray:
        """Rows ``bool [N]`` of which another copy is among the chosen ones."""
        size = self.ids.max(initial=-1) + 1
        held = np.bincount(self.ids[chosen], minlength=size)
        near = np.zeros(size, int)
        for here, there in (self.pairs.T, self.pairs.T[::-1]):
            np.add.at(near, here, held[there])
        return held[self.ids] - chosen + near[self.ids] > 0


def exact_copies(images: Iterable[np.ndarray]) -> Copies:
    """Equal images, of parts ``uint8 [n, C, H, W]`` of all images, in order."""
    digests = [
        hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        for part in images
        for image in part
    ]
    whole = np.frombuffer(b"".join(digests), "V16")
    return Copies(np.unique(whole, return_inverse=True)[1], np.empty((0, 2), int))


def near_copies(images: Iterable[np.ndarray], distance: int = NEAR) -> Copies:
    """Images whose perceptual hashes differ in at most ``distance`` bits.

    Equal images are among them.  Likeness is not passed on: a copy of a copy
    may be no copy.  Since half of the bits are set, only even distances make a
    difference.
    """
    hashes = [np.empty(0, np.uint64), *map(perceptual_hash, images)]
    values, ids = np.unique(np.concatenate(hashes), return_inverse=True)
    return Copies(ids, near_pairs(values, distance))


def perceptual_hash(images: np.ndarray) -> np.ndarray:
    """64 bits ``uint64 [N]``: which slow frequencies are above their median.

    Grey of ``uint8 [N, C, H, W]`` is averaged to 32 x 32 areas and transformed; of
    the 8 x 8 slowest frequencies all but the mean count.  A constant image has hash 0.
    """
    weights = LUMA if images.shape[1] == 3 else np.ones(1)
    grey = np.tensordot(images, weights, ((1,), (0,)))
    rows, columns = map(_slow_waves, images.shape[2:])
    waves = rows @ grey @ columns.T
    # Rounded, so that what is nothing is the same nothing on all machines.
    waves = waves.reshape(-1, _BITS).round(6)
    bits = waves > np.median(waves[:, 1:], axis=1, keepdims=True)
    bits[:, 0] = False
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def _slow_waves(side: int) -> np.ndarray:
    """Matrix ``[8, side]`` from pixels by areas to their slow frequencies."""
    edges = np.arange(_GRID + 1) * side / _GRID
    pixels = np.arange(side)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(
        edges[:-1, None], pixels
    )
    areas = np.clip(shared, 0, None) * _GRID / side
    # The orthonormal cosine transform of type II.
    waves = np.cos(np.pi / _GRID * np.outer(np.arange(_SLOW), np.arange(_GRID) + 0.5))
    waves *= np.sqrt(np.where(np.arange(_SLOW) > 0, 2, 1) / _GRID)[:, None]
    return waves @ areas


def near_pairs(hashes: np.ndarray, distance: int) -> np.ndarray:
    """All pairs ``int64 [P, 2]`` of different hashes that are so near, sorted.

    Two such hashes agree in one of ``distance + 1`` bands of bits at least,
    so only those that do are compared.
    """
    found = [np.empty((0, 2), np.int64)]
    for band in np.array_split(np.arange(_BITS, dtype=np.uint64), distance + 1):
        keys = hashes & np.bitwise_or.reduce(np.uint64(1) << band)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for step in count(1):
            low = np.flatnonzero(keys[step:] == keys[:-step])
            if not len(low):
                break
            pair = np.stack([order[low], order[low + step]], 1)
            apart = hashes[pair[:, 0]] ^ hashes[pair[:, 1]]
            bits = np.unpackbits(apart[:, None].view(np.uint8), axis=1).sum(1)
            found.append(np.sort(pair[bits <= distance], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def leaked(train: FaceSet, test: FaceSet, near: int | None = None) -> np.ndarray:
    """Test rows whose image stands in training, too.

    Accuracy on the other rows is that without leaked images.

    Args:
        train: the faces that were learnt from.
        test: the faces that are reported.
        near: distance up to which a near copy counts; None for equal bytes.

    Returns:
        ``bool [len(test)]``.
    """
    parts = chain(in_parts(train.images), in_parts(test.images))
    copies = exact_copies(parts) if near is None else near_copies(parts, near)
    learnt = np.arange(len(train) + len(test)) < len(train)
    return copies.also_in(learnt)[len(train) :]
