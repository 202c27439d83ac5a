"""How sure a verdict is, and what its paper could have seen.

All of it is worked out from stored predictions.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np

from fer_lib.errors import FerError
from ferbook.ledger.rules import Direction, Verdict
from ferbook.ledger.statistics import Difference, quantile

Outcome = Verdict | Direction
_Z = NormalDist().inv_cdf(0.975)
_DRAWS = 20_000


def chances(
    found: Sequence[Difference],
    truth: Sequence[float],
    judge: Callable[[Sequence[Difference]], Outcome],
    *,
    ends: Sequence[tuple[int, int]] = ((0, 1),),
    same_faces: bool = False,
) -> dict[Outcome, float]:
    """How often each outcome would come if the truth were known.

    Experiments like the one at hand are drawn 20,000 times: the mean is normal
    about the truth with the observed error, and each part of its square is
    estimated anew, as a chi-square with its own degrees of freedom.

    Args:
        found: what runs of two seeds or more gave: a figure, or several pairs.
        truth: the true figure of each; 0 where nothing is there.
        judge: the rule, which is given all of them.
        ends: the two terms that each pair compares; pairs that share a term
            share half their noise.
        same_faces: whether the truth is about these very faces, as a printed
            accuracy is, so that means vary over seeds alone.

    Returns:
        The share of each outcome that comes at all.

    Raises:
        FerError: when a figure is of one seed.
    """
    from scipy.special import stdtrit  # which is slow to import

    rng = np.random.default_rng(0)
    terms = rng.standard_normal((1 + max(map(max, ends)), _DRAWS)) / sqrt(2)
    drawn = []
    for one, centre, (first, second) in zip(found, truth, ends, strict=True):
        over_seeds = _spread(one) / sqrt(one.seeds)
        error = over_seeds if same_faces else one.error
        means = centre + error * (terms[first] - terms[second])
        parts = np.array([part for part in one.parts if part[0] > 0])
        variances, df = parts.T[..., None]
        one_run = df[:, 0] == one.seeds - 1
        estimates = variances * rng.chisquare(df, (len(df), _DRAWS)) / df
        error2 = estimates.sum(0)
        df = error2**2 / (estimates**2 / df).sum(0)
        reach = stdtrit(np.maximum(df, 1), 0.975) * np.sqrt(error2)
        of_seeds = estimates[one_run].sum(0)
        spread = np.sqrt(of_seeds * one.seeds)
        figures = zip(means, means - reach, means + reach, df, spread, strict=True)
        drawn.append(
            [
                Difference(*row, n=one.n, seeds=one.seeds, df=df, spread=spread)
                for *row, df, spread in (map(float, row) for row in figures)
            ]
        )
    counts = Counter(map(judge, zip(*drawn, strict=True)))
    return {outcome: count / _DRAWS for outcome, count in counts.items()}


def _spread(found: Difference) -> float:
    if found.spread is None:
        raise FerError("One seed tells nothing of other seeds; run a second one.")
    return found.spread


def disagreement(first: np.ndarray, second: np.ndarray) -> float:
    """Share of faces on which one run is right and the other wrong.

    Args:
        first: ``[S, n]``, 1 where a run is right on a face, else 0.
        second: ``[T, n]`` of others, each beside each of the first.
    """
    p, q = np.mean(first, 0), np.mean(second, 0)
    return float(np.mean(p + q - 2 * p * q))


def d33(n: int, disagreement: float) -> float:
    """The difference that a test of two runs sees in one case of three.

    Where a replication finds less, the paper's own test was too small to tell
    (U. Simonsohn, "Small telescopes", Psychol. Sci. 26, 2015).  The test is
    McNemar's, two-sided at 5 %; its power (R. J. Connor, "Sample size for
    testing differences in proportions for the paired-sample design",
    Biometrics 43, 1987) is solved for the difference.

    Args:
        n: test faces of the paper, 4 or more.
        disagreement: share of faces on which two runs disagree; no difference
            is larger, so that it grows with one that would be.

    >>> f"{100 * d33(3589, 0.10):.2f}"
    '0.81'
    """
    miss = NormalDist().inv_cdf(2 / 3)
    k = (_Z * sqrt(n) - miss * sqrt(n + miss**2 - _Z**2)) / (n + miss**2)
    return k * max(sqrt(disagreement), k)


def smaller_than(found: Difference, effect: float, side: int) -> bool:
    """Whether a difference, of the claimed sign, is smaller: one-sided at 5 %."""
    return side * found.mean + quantile(found.df, 0.95) * found.error < effect


def replication_bayes_factor(
    found: Difference, paper: float, n: int, disagreement: float
) -> float:
    """How much likelier our difference is if the paper's holds than if none is.

    J. Verhagen and E.-J. Wagenmakers, "Bayesian tests to quantify the result of
    a replication attempt", J. Exp. Psychol. Gen. 143, 2014.  The prior is what
    the paper saw: normal about its difference, with the error of one run a side
    on its faces, and our spread over seeds.  Our likelihood is Student's, so
    that few seeds weigh less; with many it is the normal one, whose factor has
    a closed form.

    Args:
        found: ours, of two seeds or more.
        paper: the paper's difference, a signed share.
        n: its test faces.
        disagreement: share of faces on which two of our runs disagree.

    Returns:
        Its decimal logarithm.

    Raises:
        FerError: when ours is of one seed.
    """
    faces2 = (max(disagreement, abs(paper)) - paper**2) / n
    prior = sqrt(faces2 + _spread(found) ** 2)
    df = min(found.df, 1e9)

    def fit(effect):
        gap2 = ((found.mean - effect) / found.error) ** 2
        return -(df + 1) / 2 * np.log1p(gap2 / df)

    z = np.linspace(-8, 8, 4001)
    gain = fit(paper + prior * z) - fit(0.0)
    weights = np.exp(-(z**2) / 2)
    likelier = weights @ np.exp(gain - gain.max()) / weights.sum()
    return float((gain.max() + np.log(likelier)) / np.log(10))


Way = tuple[str, Difference, Outcome | None]


def specification_curve(
    ways: Iterable[Way], primary: Outcome | None
) -> tuple[tuple[Way, ...], float]:
    """All ways to read a claim's runs, and the share that agrees.

    U. Simonsohn, J. P. Simmons and L. D. Nelson, "Specification curve
    analysis", Nat. Hum. Behav. 4, 2020.

    Args:
        ways: label, figure and outcome of each, the primary one among them.
        primary: the outcome of that.

    Returns:
        The ways from the smallest figure to the largest; the share of them with
        the outcome of the primary one.
    """
    curve = tuple(sorted(ways, key=lambda way: way[1].mean))
    return curve, sum(way[2] == primary for way in curve) / len(curve)
