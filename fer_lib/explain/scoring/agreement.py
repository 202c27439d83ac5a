"""How sure a score is, and how far scores and maps agree.

Reference:

1. R. Tomsett, D. Harborne, S. Chakraborty, P. Gurram, A. Preece, "Sanity
   Checks for Saliency Metrics", AAAI 2020: scores of maps disagree with each
   other and from face to face, so that both belong to a result.
"""

from typing import NamedTuple

import numpy as np

from fer_lib.errors import FerError, optional

FEWEST = 3  # pairs, below which a rank correlation says nothing
ENDS = (2.5, 97.5)  # percentiles of a 95 % interval
DRAWS = 2000


class MeanInterval(NamedTuple):
    """Mean of n values that are numbers, and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int


def mean_with_interval(
    values: np.ndarray, groups: np.ndarray | None = None
) -> MeanInterval:
    """Mean over faces with its 95 % bootstrap interval (percentiles).

    Args:
        values: ``[N]``; what is not a number is left out.
        groups: ``[N]``, faces that belong together, as those of one person:
            groups are drawn, not faces.  Each face by itself if None.

    Returns:
        No interval, so not a number, for fewer than two groups.
    """
    values = np.asarray(values, float)
    known = ~np.isnan(values)
    if not known.any():
        return MeanInterval(np.nan, np.nan, np.nan, 0)
    groups = np.arange(len(values)) if groups is None else np.asarray(groups)
    _, group = np.unique(groups[known], return_inverse=True)
    sums, sizes = np.bincount(group, values[known]), np.bincount(group)
    ends = (np.nan, np.nan)
    if len(sizes) > 1:  # how often a draw holds each group
        even = np.full(len(sizes), 1 / len(sizes))
        held = np.random.default_rng(0).multinomial(len(sizes), even, DRAWS)
        ends = np.percentile(held @ sums / (held @ sizes), ENDS)
    mean = float(values[known].mean())
    return MeanInterval(mean, *map(float, ends), int(known.sum()))


def rank_agreement(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far two maps of a face agree on the order of its pixels; [1].

    Or whether the masses of a map on some movements are in the order of what
    these do to the score.  Of values ``[N, ...]`` and others of the same faces
    :func:`correlate`, ``float64 [N]``.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape or first.ndim < 2:
        raise FerError(
            f"agreement: values of shape {list(first.shape)} and "
            f"{list(second.shape)}, expected the same [N, ...] of both."
        )
    pairs = zip(*(one.reshape(len(one), -1) for one in (first, second)), strict=True)
    return np.array([correlate(a, b) for a, b in pairs])


def correlate(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's correlation -1..1 of the pairs ``[K]`` that are numbers.

    Not a number for fewer than three pairs, or where one side is the same
    throughout.
    """
    spearmanr = optional("scipy.stats", "rendered").spearmanr

    known = ~(np.isnan(first) | np.isnan(second))
    first, second = first[known], second[known]
    if len(first) < FEWEST or not np.ptp(first) or not np.ptp(second):
        return np.nan
    return float(spearmanr(first, second).statistic)
