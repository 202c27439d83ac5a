"""The confidence interval of a proportion."""

from math import sqrt
from statistics import NormalDist

from fer_lib.errors import FerError


def wilson_interval(
    successes: float, n: int, level: float = 0.95
) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

    E. B. Wilson, JASA 22 (1927), p. 209.  It stays inside [0, 1] and keeps close
    to its nominal coverage where the usual normal interval fails: small
    samples, accuracies near 1.

    Args:
        successes: how many of the ``n`` items succeeded, 0 to ``n``; a
            mean over several seeds may be fractional.
        n: number of items, at least 1.
        level: nominal coverage, above 0 and below 1.

    >>> low, high = wilson_interval(2502, 3573)
    >>> round(low, 4), round(high, 4)
    (0.685, 0.7151)
    """
    if n < 1 or not 0 <= successes <= n:
        raise FerError(
            f"An interval needs 0 <= successes <= n and n >= 1, found "
            f"{successes} of {n}; check which items were evaluated."
        )
    if not 0 < level < 1:
        raise FerError(f"An interval's level lies in (0, 1), found {level}.")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p = successes / n
    centre = p + z * z / (2 * n)
    spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = ((centre + side) / (1 + z * z / n) for side in (-spread, spread))
    # At the ends the limits are exact; rounding must not push them past p.
    return min(max(low, 0.0), p), max(min(high, 1.0), p)
