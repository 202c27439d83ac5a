"""How sure a score is, and how far scores, maps and methods agree.

Reference:

1. R. Tomsett, D. Harborne, S. Chakraborty, P. Gurram, A. Preece, "Sanity
   Checks for Saliency Metrics", AAAI 2020: scores of maps disagree with each
   other and from face to face, so that both belong to a result.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import kendalltau, rankdata, spearmanr

from fer_lib.errors import FerError

CORRELATIONS = {"spearman": spearmanr, "kendall": kendalltau}
FEWEST = 3  # pairs, below which a rank correlation says nothing
ENDS = (2.5, 97.5)  # percentiles of a 95 % interval


class MeanInterval(NamedTuple):
    """What :func:`mean_with_interval` returns.

    Attributes:
        mean: of the values that are numbers.
        low: lower end of the 95 % interval.
        high: upper end.
        n: how many values are numbers.
    """

    mean: float
    low: float
    high: float
    n: int


def mean_with_interval(
    values: np.ndarray, seed: int = 0, groups: np.ndarray | None = None
) -> MeanInterval:
    """Mean over faces with its 95 % bootstrap interval (percentiles).

    Args:
        values: ``[N]``; what is not a number is left out.
        seed: of the draws.
        groups: ``[N]``, faces that belong together, as those of one person:
            groups are drawn, not faces.  Each face by itself if None.

    Returns:
        Mean, interval and n; no interval, so not a number, for fewer than
        two groups.
    """
    values = np.asarray(values, float)
    known = ~np.isnan(values)
    if not known.any():
        return MeanInterval(np.nan, np.nan, np.nan, 0)
    group = _numbered(groups, len(values))[known]
    means = _drawn_means(values[known, None], group, seed)[:, 0]
    ends = np.percentile(means, ENDS) if np.ptp(group) else (np.nan, np.nan)
    mean = float(values[known].mean())
    return MeanInterval(mean, *map(float, ends), int(known.sum()))


class Standing(NamedTuple):
    """What :func:`standings` returns of M methods.

    Attributes:
        means: ``float64 [M]``, over the faces on which all have a value.
        ranks: ``float64 [M]``, 1 for the largest mean; ties share theirs.
        low: ``float64 [M]``, lower (better) end of a rank's 95 % interval.
        high: ``float64 [M]``, upper end.
        first: ``float64 [M]``, share of the draws in which it came first.
        n: number of these faces.
    """

    means: np.ndarray
    ranks: np.ndarray
    low: np.ndarray
    high: np.ndarray
    first: np.ndarray
    n: int


def standings(
    values: np.ndarray, seed: int = 0, groups: np.ndarray | None = None
) -> Standing:
    """The order of methods by mean score, and how much of it may be luck.

    Every draw takes the same faces for all methods, as their values on a
    face depend on each other.

    Args:
        values: ``[M, N]``, a score of M methods on N faces, more is better.
        seed: of the draws.
        groups: as of :func:`mean_with_interval`.

    Raises:
        FerError: when no face has a value of every method.
    """
    values = np.asarray(values, float)
    known = ~np.isnan(values).any(0)
    if not known.any():
        raise FerError(
            f"standings: no face of {values.shape[1]} has a score of all "
            f"{len(values)} methods, expected one or more; leave out methods."
        )
    shared = values[:, known]
    group = _numbered(groups, values.shape[1])[known]
    ranks = rankdata(-_drawn_means(shared.T, group, seed), axis=1)
    means, ends = shared.mean(1), np.percentile(ranks, ENDS, axis=0)
    first = (ranks == ranks.min(1, keepdims=True)).mean(0)
    return Standing(means, rankdata(-means), *ends, first, int(known.sum()))


def _numbered(groups: np.ndarray | None, n: int) -> np.ndarray:
    """Number of each face's group, ``int64 [N]``; one a face for None."""
    if groups is None:
        return np.arange(n)
    return np.unique(np.asarray(groups), return_inverse=True)[1]


def _drawn_means(
    values: np.ndarray, group: np.ndarray, seed: int, count: int = 2000
) -> np.ndarray:
    """Means ``[count, M]`` of ``[N, M]`` over groups drawn with replacement."""
    _, group = np.unique(group, return_inverse=True)
    counts = np.bincount(group)
    sums = np.zeros((len(counts), values.shape[1]))
    np.add.at(sums, group, values)
    # How often a draw holds each group.
    even = np.full(len(counts), 1 / len(counts))
    held = np.random.default_rng(seed).multinomial(len(counts), even, count)
    return held @ sums / (held @ counts)[:, None]


def rank_correlation(table: np.ndarray, kind: str = "spearman") -> np.ndarray:
    """How far scores agree on the order of methods; [3].

    Args:
        table: ``[methods, scores]``, such as means; what is not a number is
            left out of its pairs.
        kind: ``"spearman"`` or ``"kendall"`` (tau-b).

    Returns:
        ``float64 [scores, scores]``, -1..1; not a number where fewer than
        three methods have both scores, or one score is the same for all.

    Raises:
        FerError: for an unknown kind.
    """
    if kind not in CORRELATIONS:
        raise FerError(f"correlation '{kind}', expected {' or '.join(CORRELATIONS)}.")
    columns = np.asarray(table, float).T
    return np.array([[correlate(a, b, kind) for b in columns] for a in columns])


def map_agreement(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far two maps of a face agree on the order of its pixels.

    For the same network from other seeds, for other networks, and for
    networks whose weights were drawn anew.

    Args:
        first: maps ``[N, H, W]``.
        second: maps of the same faces, likewise.

    Returns:
        ``float64 [N]``, Spearman's correlation over pixels, -1..1; not a
        number where a map is the same everywhere.

    Raises:
        FerError: when the shapes differ.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape or first.ndim != 3:
        raise FerError(
            f"agreement: maps of shape {list(first.shape)} and "
            f"{list(second.shape)}, expected [N, H, W] for both."
        )
    pairs = zip(*(one.reshape(len(one), -1) for one in (first, second)), strict=True)
    return np.array([correlate(a, b) for a, b in pairs])


def correlate(first: np.ndarray, second: np.ndarray, kind: str = "spearman") -> float:
    """Rank correlation of the pairs that are numbers.

    Args:
        first: ``[K]``.
        second: ``[K]``.
        kind: key of :data:`CORRELATIONS`.

    Returns:
        -1..1; not a number for fewer than three pairs, or where one side is
        the same throughout.
    """
    known = ~(np.isnan(first) | np.isnan(second))
    first, second = first[known], second[known]
    if len(first) < FEWEST or not np.ptp(first) or not np.ptp(second):
        return np.nan
    return float(CORRELATIONS[kind](first, second).statistic)
