"""Intervals and tests of what runs reach, and of differences between them.

Seeds and faces both count as drawn: an interval speaks of other seeds and
other faces of the same kind.  With one seed it can speak of faces alone.

Variances of the two add (A. B. Owen, "The pigeonhole bootstrap", Ann. Appl.
Stat. 1, 2007, shows why each alone is too small), and the quantile is
Student's with Satterthwaite's degrees of freedom: a bootstrap over three seeds
takes their spread for a third smaller than it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot, inf, sqrt
from statistics import NormalDist

import numpy as np

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Difference:
    """A difference, or a mean, with its 95 % interval.

    Attributes:
        mean: first minus second; a share for accuracies.
        low: lower limit of the interval.
        high: upper limit of the interval.
        n: number of faces behind it.
        seeds: number of seeds behind it.
        error: its standard error.
        df: degrees of freedom of the error.
        spread: standard deviation over seeds; None for one.
        parts: of its squared error, each with its degrees of freedom.
    """

    mean: float
    low: float
    high: float
    n: int
    seeds: int = 1
    error: float = 0.0
    df: float = inf
    spread: float | None = None
    parts: tuple[tuple[float, float], ...] = ()

    def sign(self) -> int:
        """1 or -1 when the interval excludes 0 on that side, else 0."""
        return int(self.low > 0) - int(self.high < 0)

    @property
    def centre(self) -> float:
        """The middle of the interval."""
        return (self.low + self.high) / 2

    @property
    def reach_of_one(self) -> float:
        """How far from the centre one run a side more may lie, at 95 %."""
        half = (self.high - self.low) / 2
        return hypot(half, quantile(self.df) * (self.spread or 0.0))

    @property
    def n_to_decide(self) -> int | None:
        """Faces, about, at which such an effect of these runs would exclude 0.

        None where the effect is 0.
        """
        if abs(self.mean) < 1e-12:
            return None
        return ceil(self.n * (_Z * self.error / self.mean) ** 2)


def quantile(df: float, level: float = 0.975) -> float:
    """Student's, with ``level`` below it.

    >>> round(quantile(2), 2), round(quantile(inf), 2)
    (4.3, 1.96)
    """
    if df == inf:
        return NormalDist().inv_cdf(level)
    from scipy.special import stdtrit  # which is slow to import

    return float(stdtrit(df, level))


def crossed(
    first: np.ndarray,
    second: np.ndarray | None = None,
    *,
    shares: bool = True,
    weights: np.ndarray | None = None,
) -> Difference:
    """What one group of runs reaches, or one less another, over seeds and faces.

    Args:
        first: ``[S, n]`` or ``[n]``: of each seed and face 1 where the run is
            right and 0 where it is wrong, or a measurement of any unit.
        second: of the other runs, on the same faces in order; nothing is
            taken off if None.
        shares: whether the values are such shares.  Then two pseudo faces on
            which one side alone is right keep the interval's coverage where
            the sides disagree on few faces (D. G. Bonett and R. M. Price,
            J. Educ. Behav. Stat. 37, 2012); one group alone gets two right and
            two wrong ones (A. Agresti and B. A. Coull, Am. Stat. 52, 1998).
        weights: ``[n]``, sum 1, of the faces; all alike if None.

    Raises:
        FerError: when faces differ in number, are none, a value is not finite,
            or a share leaves [0, 1].
    """
    sides = [_rows(first, shares)]
    if second is not None:
        sides.append(_rows(second, shares, sides[0].shape[1]))
    n = sides[0].shape[1]
    per_face = [side.mean(0) for side in sides]
    gap = per_face[0] - per_face[1] if len(sides) > 1 else per_face[0]
    per_seed = [np.average(side, axis=1, weights=weights) for side in sides]
    mean = float(np.average(gap, weights=weights))
    extra = () if not shares else (1.0, -1.0) if len(sides) > 1 else (1.0, 1.0, 0, 0)
    padded = np.append(gap, extra)
    spread = 1.0 if weights is None else n * float(np.square(weights).sum())
    ddof = 0 if shares else 1
    variances = [(spread * padded.var(ddof=ddof) / len(padded), n - 1)]
    variances += [_of_seeds(values) for values in per_seed]
    # The pseudo faces pull the centre towards the middle.
    shift = (padded.mean() - gap.mean()) if shares else 0.0
    limits = ((0.0 if len(sides) == 1 else -1.0), 1.0) if shares else (-inf, inf)
    gaps = _paired(per_seed)
    return _interval(mean, mean + shift, variances, n, gaps, limits)


def group_difference(
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    *,
    shares: bool = True,
) -> Difference:
    """Difference of what the same runs reach on two groups of faces.

    The groups hold different faces, so over faces nothing is paired; over
    seeds it is.

    Args:
        first: for each seed its values on the first group, ``[n]`` each; a
            seed may have a group of its own, such as the faces it gets wrong.
        second: likewise on the second.
        shares: whether they are right or wrong.  Then each recall enters the
            interval as (hits + 1) / (n + 2), which keeps a class of few faces
            from looking certain (A. Agresti and B. Caffo, Am. Stat. 54, 2000).

    Raises:
        FerError: as :func:`crossed`.
    """
    sides = [[_rows(one, shares)[0] for one in side] for side in (first, second)]
    variances, centres = [], []
    for side in sides:
        n = float(np.mean([len(one) for one in side]))
        if shares:
            p = np.array([(one.sum() + 1) / (len(one) + 2) for one in side])
            variances.append(((p * (1 - p)).mean() / (n + 2), n + 1))
        else:
            p = np.array([one.mean() for one in side])
            each = [one.var(ddof=1) / len(one) for one in side if len(one) > 1]
            variances.append((float(np.mean(each)) if each else inf, n - 1))
        centres.append(p.mean())
    gaps = np.array([a.mean() - b.mean() for a, b in zip(*sides, strict=True)])
    n = round(np.mean([len(a) + len(b) for a, b in zip(*sides, strict=True)]))
    limits = (-1.0, 1.0) if shares else (-inf, inf)
    variances.append(_of_seeds(gaps))
    return _interval(gaps.mean(), centres[0] - centres[1], variances, n, gaps, limits)


def share_of(hits: float, n: int) -> Difference:
    """One run's share of right faces, with Wilson's interval."""
    low, high = wilson_interval(hits, n)
    p = hits / n
    return Difference(p, low, high, n, error=sqrt(p * (1 - p) / n), df=n - 1)


def _rows(values: np.ndarray, shares: bool, n: int | None = None) -> np.ndarray:
    rows = np.atleast_2d(np.asarray(values, np.float64))
    n = rows.shape[-1] if n is None else n
    if rows.ndim != 2 or rows.shape[1] != n or not rows.size:
        raise FerError(
            f"Runs are compared on the same faces, found {list(np.shape(values))} "
            f"beside {n}; each needs one value a face."
        )
    if not np.isfinite(rows).all():
        face = int(np.argwhere(~np.isfinite(rows))[0, 1])
        raise FerError(f"Face {face} has no finite measurement; measure again.")
    if shares and (rows.min() < 0 or rows.max() > 1):
        raise FerError("Right or wrong lies in [0, 1], found values outside.")
    return rows


def _of_seeds(means: np.ndarray) -> tuple[float, float]:
    """Variance of a mean over seeds, and its degrees of freedom."""
    if len(means) < 2:
        return 0.0, inf
    return float(means.var(ddof=1)) / len(means), len(means) - 1


def _paired(per_seed: Sequence[np.ndarray]) -> np.ndarray:
    """The difference of each seed, where both sides have as many."""
    if len(per_seed) == 1:
        return per_seed[0]
    first, second = per_seed
    return first - second if len(first) == len(second) else np.zeros(1)


def _interval(mean, centre, variances, n, gaps, limits) -> Difference:
    error2 = sum(variance for variance, _ in variances)
    parts = sum(v**2 / max(df, 1) for v, df in variances if v)
    df = error2**2 / parts if parts else inf
    reach = quantile(max(df, 1)) * sqrt(error2)
    return Difference(
        mean=float(mean),
        low=float(max(centre - reach, limits[0])),
        high=float(min(centre + reach, limits[1])),
        n=n,
        seeds=len(gaps),
        error=sqrt(error2),
        df=float(df),
        spread=float(np.std(gaps, ddof=1)) if len(gaps) > 1 else None,
        parts=tuple((float(v), float(df)) for v, df in variances),
    )


def resolution(share: float, n: int) -> float:
    """The least difference, as a share, that ``n`` faces tell from chance.

    Half the width of Wilson's interval of one accuracy: two accuracies that
    lie nearer than this to each other do not differ by more than other faces
    of the same kind might do.  Runs on the same faces can be told apart more
    finely: see :func:`crossed`.

    Args:
        share: the accuracy, 0 to 1.
        n: test faces.

    >>> f"{100 * resolution(0.7414, 3589):.2f}"
    '1.43'
    """
    low, high = wilson_interval(share * n, n)
    return (high - low) / 2


def mcnemar_p(first: np.ndarray, second: np.ndarray) -> float:
    """Exact two-sided McNemar test of two single runs on the same faces.

    Args:
        first: ``bool [n]``, where the first run is right.
        second: ``bool [n]``, where the second run is right.

    Returns:
        p of the hypothesis that both are equally often right; 1.0 when
        they are right on exactly the same faces.
    """
    from scipy.special import bdtr  # which is slow to import

    first, second = (_rows(side, True)[0] > 0 for side in (first, second))
    wins, losses = int((first & ~second).sum()), int((second & ~first).sum())
    return min(1.0, 2 * float(bdtr(min(wins, losses), wins + losses, 0.5)))
