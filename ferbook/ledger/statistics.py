"""Intervals and tests of differences between runs.

All of them speak about new faces of the same kind: the seeds at hand count
as given, their spread is shown beside, not inside, an interval.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval

_Z = NormalDist().inv_cdf(0.975)  # all intervals are of 95 %


@dataclass(frozen=True)
class Difference:
    """A difference of two accuracies with its 95 % interval.

    Attributes:
        mean: first minus second, -1 to 1.
        low: lower limit of the interval.
        high: upper limit of the interval.
        n: number of faces behind it.
        n_to_decide: faces at which an effect of this size would exclude 0;
            None when the observed effect is exactly 0.
    """

    mean: float
    low: float
    high: float
    n: int
    n_to_decide: int | None

    def sign(self) -> int:
        """1 or -1 when the interval excludes 0 on that side, else 0."""
        return int(self.low > 0) - int(self.high < 0)


def paired_difference(first: np.ndarray, second: np.ndarray) -> Difference:
    """Difference of two runs' accuracies on the same faces.

    Args:
        first: ``[n]``, 1 where the first run is right and 0 where it is
            wrong; the mean over seeds for several.
        second: the same for the second run, on the same faces in order.

    Returns:
        The mean difference with a normal interval over faces.  Two pseudo
        faces, on which one of the runs is right and the other wrong, keep
        its coverage when the runs disagree on few faces (D. G. Bonett and
        R. M. Price, J. Educ. Behav. Stat. 37, 2012).

    Raises:
        FerError: when lengths differ, are 0, or values leave [0, 1].
    """
    gap = _correctness(first) - _correctness(second, len(first))
    padded = np.append(gap, (1.0, -1.0))
    spread = _Z * padded.std() / sqrt(len(padded))
    centre = padded.mean()
    return Difference(
        mean=float(gap.mean()),
        low=float(max(centre - spread, -1)),
        high=float(min(centre + spread, 1)),
        n=len(gap),
        n_to_decide=n_to_decide(gap),
    )


def measured_difference(first: np.ndarray, second: np.ndarray) -> Difference:
    """Difference of two measurements of the same faces, in any unit.

    Args:
        first: ``[n]``, a finite number a face, n at least 2.
        second: likewise, of the same faces in order.

    Returns:
        The mean difference with a normal interval over faces.

    Raises:
        FerError: when lengths differ or a number is not finite.
    """
    if np.shape(first) != np.shape(second) or np.ndim(first) != 1 or len(first) < 2:
        raise FerError(
            f"Two measurements are compared on the same faces, found "
            f"{list(np.shape(first))} beside {list(np.shape(second))}; both need "
            "one value a face and two faces or more."
        )
    gap = np.subtract(first, second, dtype=np.float64)
    if not np.isfinite(gap).all():
        row = int(np.flatnonzero(~np.isfinite(gap))[0])
        raise FerError(f"Face {row} has no finite measurement; measure again.")
    mean, n = float(gap.mean()), len(gap)
    spread = _Z * float(gap.std(ddof=1)) / sqrt(n)
    needed = ceil(n * (spread / mean) ** 2) if abs(mean) > 1e-12 else None
    return Difference(mean, mean - spread, mean + spread, n, needed)


def resolution(share: float, n: int) -> float:
    """The least difference, as a share, that ``n`` faces tell from chance.

    Half the width of Wilson's interval of one accuracy: two accuracies that
    lie nearer than this to each other do not differ by more than other faces
    of the same kind might do.  Runs on the same faces can be told apart more
    finely: see :func:`paired_difference`.

    Args:
        share: the accuracy, 0 to 1.
        n: test faces.

    >>> f"{100 * resolution(0.7414, 3589):.2f}"
    '1.43'
    """
    low, high = wilson_interval(share * n, n)
    return (high - low) / 2


def n_to_decide(gap: np.ndarray) -> int | None:
    """Faces needed for the interval of ``paired_difference`` to exclude 0.

    Assumes that mean and mean square of the per-face differences ``gap``
    (``[n]``) stay as observed; None when the mean is 0.
    """
    mean, square = float(np.mean(gap)), float(np.mean(np.square(gap)))
    if abs(mean) < 1e-12:  # means over seeds do not cancel exactly
        return None
    z2 = _Z**2
    # With m = n + 2 the interval excludes 0 where
    # (n mean)^2 (1 + z2 / m) > z2 (n square + 2).
    n = max(1, ceil(z2 * (square / mean**2 - 1)))
    while (n * mean) ** 2 * (1 + z2 / (n + 2)) <= z2 * (n * square + 2):
        n += max(1, n // 10_000)
    return n


def mcnemar_p(first: np.ndarray, second: np.ndarray) -> float:
    """Exact two-sided McNemar test of two single runs on the same faces.

    Args:
        first: ``bool [n]``, where the first run is right.
        second: ``bool [n]``, where the second run is right.

    Returns:
        p of the hypothesis that both are equally often right; 1.0 when
        they are right on exactly the same faces.
    """
    gap = _correctness(first) - _correctness(second, len(first))
    wins, losses = int((gap > 0).sum()), int((gap < 0).sum())
    n, tail = wins + losses, 0
    ways = 1  # of k among n
    for k in range(min(wins, losses) + 1):
        tail += ways
        ways = ways * (n - k) // (k + 1)
    return min(1.0, 2 * tail / 2**n)


def group_difference(
    correct: np.ndarray,
    labels: np.ndarray,
    first: tuple[int, ...],
    second: tuple[int, ...],
) -> Difference:
    """Difference of the mean recalls of two groups of classes in one run.

    The groups hold different faces, so nothing is paired: variances of the
    recalls add.  Each recall enters the interval as (hits + 1) / (n + 2),
    which keeps a class of few faces from looking certain (A. Agresti and
    B. Caffo, Am. Stat. 54, 2000).

    Args:
        correct: ``[n]``, share of seeds that are right on each face.
        labels: ``int [n]``, true classes.
        first: classes of the first group.
        second: classes of the second group.

    Raises:
        FerError: when a class has no face or ``correct`` leaves [0, 1].
    """
    correct = _correctness(correct, len(labels))
    sides = [
        np.mean([_recall(correct, labels, c) for c in group], axis=0)
        for group in (first, second)
    ]
    raw, centre, _ = sides[0] - sides[1]
    variance = sides[0][2] / len(first) + sides[1][2] / len(second)
    spread = _Z * sqrt(variance)
    n = int(np.isin(labels, (*first, *second)).sum())
    return Difference(
        mean=float(raw),
        low=float(max(centre - spread, -1)),
        high=float(min(centre + spread, 1)),
        n=n,
        n_to_decide=ceil(n * (spread / raw) ** 2) if abs(raw) > 1e-12 else None,
    )


def _recall(
    correct: np.ndarray, labels: np.ndarray, label: int
) -> tuple[float, float, float]:
    """Recall of a class; the same with two more faces; its variance."""
    hits = correct[labels == label]
    if not len(hits):
        raise FerError(f"Class {label} has no face, so it has no recall.")
    p = (hits.sum() + 1) / (len(hits) + 2)
    return hits.mean(), p, p * (1 - p) / (len(hits) + 2)


def _correctness(values: np.ndarray, n: int | None = None) -> np.ndarray:
    values = np.asarray(values, np.float64)
    n = len(values) if n is None else n
    if values.shape != (n,) or n < 1:
        raise FerError(
            f"Two runs are compared on the same faces, found {list(values.shape)} "
            f"beside {n}; both need one value a face."
        )
    if values.min() < 0 or values.max() > 1:
        raise FerError("Right or wrong lies in [0, 1], found values outside.")
    return values
