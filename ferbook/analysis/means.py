"""Means over groups of faces, and how sure they are."""

from typing import NamedTuple

import numpy as np

from ferbook.ledger.statistics import quantile

QUANTILES = (0.025, 0.25, 0.5, 0.75, 0.975)
_TWO_SIDED = quantile(np.inf)  # of differences, which many faces stand behind


class Means(NamedTuple):
    """Means of a measure over the faces of G groups.

    Attributes:
        n: ``int64 [G]``, faces that have a value.
        mean: ``float64 [G, ...]``, not a number for a group without a face.
        error: likewise, its standard error; not a number below two faces.
    """

    n: np.ndarray
    mean: np.ndarray
    error: np.ndarray

    @property
    def reach(self) -> np.ndarray:
        """Half of the 95 % interval, ``[G, ...]``, by Student's distribution."""
        times = [quantile(n - 1) if n > 1 else np.nan for n in self.n.tolist()]
        return self.error * np.reshape(times, _column(self.mean))

    @property
    def spread(self) -> np.ndarray:
        """Standard deviation over the faces, ``[G, ...]``."""
        return self.error * np.sqrt(self.n).reshape(_column(self.mean))


def _column(values: np.ndarray) -> tuple[int, ...]:
    return (len(values), *[1] * (values.ndim - 1))


def _known(values: np.ndarray) -> np.ndarray:
    """Faces all of whose values are numbers, ``bool [N]``."""
    return np.isfinite(values).all(tuple(range(1, values.ndim)))


def means_by(values: np.ndarray, groups: np.ndarray, count: int) -> Means:
    """Means of values ``[N, ...]`` over the groups that faces are in.

    Args:
        values: a face with any value that is not finite is left out.
        groups: ``int [N]``, 0 to ``count`` - 1; a face below 0 is in none.
    """
    values = np.asarray(values, np.float64)
    known = _known(values)
    n = np.zeros(count, np.int64)
    mean, error = np.full((2, count, *values.shape[1:]), np.nan)
    for group in range(count):
        own = values[known & (groups == group)]
        n[group] = len(own)
        if len(own):
            mean[group] = own.mean(0)
        if len(own) > 1:
            error[group] = own.std(0, ddof=1) / np.sqrt(len(own))
    return Means(n, mean, error)


def by_class_and_all(values: np.ndarray, labels: np.ndarray, classes: int) -> Means:
    """Means over each class, then over all faces: ``classes`` + 1 groups.

    A face with a label below 0 is in none.
    """
    each = means_by(values, labels, classes)
    whole = means_by(values, np.minimum(labels, 0), 1)
    return Means(*map(np.concatenate, zip(each, whole, strict=True)))


def each_column(values: np.ndarray) -> Means:
    """Means of each column of ``[N, K, ...]`` over the faces that have it: K groups."""
    nobody_out = np.zeros(len(values), int)
    columns = [means_by(column, nobody_out, 1) for column in values.swapaxes(0, 1)]
    return Means(*map(np.concatenate, zip(*columns, strict=True)))


def quantiles_by_class_and_all(
    values: np.ndarray, labels: np.ndarray, classes: int
) -> np.ndarray:
    """The :data:`QUANTILES` of such groups, ``[classes + 1, 5, ...]``."""
    values = np.asarray(values, np.float64)
    known = _known(values) & (labels >= 0)
    found = np.full((classes + 1, len(QUANTILES), *values.shape[1:]), np.nan)
    for group in range(classes + 1):
        own = values[known & ((labels == group) | (group == classes))]
        if len(own):
            found[group] = np.quantile(own, QUANTILES, axis=0)
    return found


def less_others(means: Means, fewest: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each group less the mean of the others, and half its interval.

    The others count alike, however many faces they have.  Both are ``[G, ...]``;
    groups of less than ``fewest`` faces take no part, and are not a number.
    """
    known = np.flatnonzero(means.n >= fewest)
    difference, reach = np.full((2, *means.mean.shape), np.nan)
    for group in known:
        others = known[known != group]
        if not len(others):
            continue
        variance = means.error[others] ** 2
        rest = variance.sum(0) / len(others) ** 2
        difference[group] = means.mean[group] - means.mean[others].mean(0)
        reach[group] = _TWO_SIDED * np.sqrt(means.error[group] ** 2 + rest)
    return difference, reach
