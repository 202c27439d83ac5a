"""Scores of heat maps against the pixels that are known to count.

All take maps ``[N, H, W]``, larger where a pixel speaks more for the class,
and a truth ``bool [N, H, W]``; all give a number a face, ``float64 [N]``,
0..1, more is better.  Where there is nothing to score it is not a number:
each says when.  Other shapes and values that are not finite are refused.
What a map that knows nothing gets is :func:`chance`.

References:

1. L. Arras, A. Osman, W. Samek, "CLEVR-XAI: A Benchmark Dataset for the
   Ground Truth Evaluation of Neural Network Explanations", Information
   Fusion 81, 2022: relevance mass and relevance rank accuracy.
2. J. Zhang, S. A. Bargal, Z. Lin, J. Brandt, X. Shen, S. Sclaroff, "Top-Down
   Neural Attention by Excitation Backprop", International Journal of
   Computer Vision 126, 2018: the pointing game, here without a margin around
   the truth.
"""

from collections.abc import Callable

import numpy as np

from fer_lib.errors import FerError, optional


def relevance_mass(maps: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of what speaks for the class that lies in the truth; [1].

    What is below zero in a map is left out.  Not a number where the truth is
    empty or nothing in the map is above zero.

    Example:
        >>> relevance_mass([[[1, 1, -5, 2]]], [[[True, True, True, False]]])
        array([0.5])
    """
    values, inside = _flat(maps, truth)
    mass = values.clip(min=0)
    return _ratio((mass * inside).sum(1), mass.sum(1) * inside.any(1))


def relevance_rank(maps: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of the K largest pixels that lie in the truth of K pixels; [1].

    Of pixels that tie for the last places each counts by its chance.  Not a
    number where the truth is empty.
    """
    values, inside = _flat(maps, truth)
    size = inside.sum(1)
    places = np.maximum(size - 1, 0)[:, None]
    last = np.take_along_axis(-np.sort(-values, 1), places, 1)
    above, ties = values > last, values == last
    left = size - above.sum(1)
    hits = (above & inside).sum(1) + left * (ties & inside).sum(1) / ties.sum(1)
    return _ratio(hits, size)


def pointing_game(maps: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Whether the largest pixel lies in the truth, 0 or 1; [2].

    Of several largest pixels the share that lies inside.  Not a number where
    the truth is empty.
    """
    values, inside = _flat(maps, truth)
    largest = values == values.max(1, keepdims=True)
    hits = (largest & inside).sum(1) / largest.sum(1)
    return np.where(inside.any(1), hits, np.nan)


def inside_auc(maps: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Chance that a pixel of the truth is above one outside of it.

    The area under the ROC curve, from the rank sum of Mann and Whitney; a
    tie counts one half.  Not a number where the truth is empty or everything.
    """
    values, inside = _flat(maps, truth)
    size = inside.sum(1)
    ranked = optional("scipy.stats", "rendered").rankdata
    ranks = np.where(inside, ranked(values, axis=1), 0).sum(1)
    return _ratio(ranks - size * (size + 1) / 2, size * (values.shape[1] - size))


def weighted_auc(maps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """:func:`inside_auc` of a truth in degrees: ``weights [N, H, W]``, zero or more.

    A pixel counts as inside by its weight over the face's largest, and as outside
    by the rest; of weights 0 and 1 it is ``inside_auc``.  Not a number where
    weights are all alike.
    """
    weights = np.asarray(weights, float)
    values, _ = _flat(maps, weights > 0)
    most = weights.max((1, 2), keepdims=True)
    inside = (weights / np.where(most > 0, most, 1)).reshape(values.shape)
    found = []
    for row, share in zip(values, inside, strict=True):
        _, place = np.unique(row, return_inverse=True)
        own, other = np.bincount(place, share), np.bincount(place, 1 - share)
        below = np.cumsum(other) - other / 2  # ties count one half
        whole = own.sum() * other.sum() if np.ptp(share) else 0
        found.append(own @ below / whole if whole else np.nan)
    return np.array(found)


SCORES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "relevance_mass": relevance_mass,
    "relevance_rank": relevance_rank,
    "pointing_game": pointing_game,
    "inside_auc": inside_auc,
}


def chance(score: str, truth: np.ndarray) -> np.ndarray:
    """What a map that knows nothing of the truth gets on average.

    Of one of the :data:`SCORES`: the area of the truth as a share of the face,
    or one half for ``inside_auc``; not a number where the truth is empty.
    """
    if score not in SCORES:
        raise FerError(f"score '{score}', expected one of {', '.join(SCORES)}.")
    _, inside = _flat(np.zeros_like(truth, float), truth)
    level = 0.5 if score == "inside_auc" else inside.mean(1)
    return np.where(inside.any(1), level, np.nan)


def _flat(maps: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maps ``float64 [N, P]``, and the truth."""
    maps, truth = np.asarray(maps), np.asarray(truth)
    if maps.ndim != 3 or maps.shape != truth.shape or not maps.size:
        raise FerError(
            f"scores: maps of shape {list(maps.shape)} and truth of "
            f"{list(truth.shape)}, expected [N, H, W] for both."
        )
    if not np.isfinite(maps).all():
        raise FerError(
            "scores: found values that are not finite, expected finite maps; see "
            "whether the network's scores are."
        )
    if truth.dtype != bool:
        raise FerError(f"scores: truth of {truth.dtype}, expected bool.")
    return maps.reshape(len(maps), -1).astype(float), truth.reshape(len(maps), -1)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotients, not a number where the whole is zero."""
    lacking = np.full(np.shape(part), np.nan)
    return np.divide(part, whole, where=whole > 0, out=lacking)
