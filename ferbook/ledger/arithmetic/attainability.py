"""Can a printed accuracy be a number of hits over the number of test faces?

The GRIM test of means: N. J. L. Brown, J. A. J. Heathers, "The GRIM Test",
Social Psychological and Personality Science 8, 2017,
doi:10.1177/1948550616673876.  An accuracy on n faces is k / n with a whole k.
Printed with more decimals than n can fill, most numbers are no such share; one
that is none was not counted on n faces, or is a mean over runs or folds, or a
slip.  One that is such a share may still be one by chance.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation

import numpy as np

from fer_lib.data.protocols import FOLDS
from fer_lib.errors import FerError
from ferbook.ledger.claims import Claim


@dataclass(frozen=True)
class Attained:
    """Outcome of the test for one accuracy.

    Attributes:
        hits: the whole number that gives the printed digits, or None.
        how: ``"rounded"``, ``"cut off"``, or empty if there is none.
        n: test faces.
        chance: share of all accuracies with as many decimals that pass.
    """

    hits: int | None
    how: str
    n: int
    chance: float


@dataclass(frozen=True)
class Tally:
    """How many accuracies of one column pass.

    Attributes:
        dataset: what they were reached on.
        protocol: its split and labels.
        n: test faces.
        passed: how many are attainable.
        tried: of how many.
        chance: mean chance of one to pass.
        p: probability that so many or more pass by chance.
    """

    dataset: str
    protocol: str
    n: int
    passed: int
    tried: int
    chance: float
    p: float


def printed_as(hits: int, n: int, printed: str) -> str:
    """How ``hits / n`` in per cent gives the printed digits.

    Returns:
        ``"rounded"``, ``"cut off"`` or, when neither gives them, ``""``.
    """
    exact = Decimal(100 * hits) / n
    step = Decimal(printed)
    for mode, name in ((ROUND_HALF_UP, "rounded"), (ROUND_DOWN, "cut off")):
        if exact.quantize(step, mode) == step:
            return name
    return ""


def decimals_of(printed: str) -> int:
    """Digits after the point.

    >>> decimals_of("74.10")
    2

    Raises:
        FerError: when that is no number from 0 to 100.
    """
    try:
        number = Decimal(printed)
        inside = 0 <= number <= 100
    except InvalidOperation:  # no number, or one that cannot be compared
        inside = False
    if not inside:
        raise FerError(f"Accuracy is '{printed}', expected 0 to 100 per cent.")
    return max(-number.as_tuple().exponent, 0)


def attained(printed: str, n: int) -> Attained:
    """The hits that give a printed accuracy.

    Args:
        printed: the accuracy in per cent, with its digits: ``"74.10"``.
        n: test faces, at least 1.

    >>> attained("74.14", 3589).hits
    2661

    Raises:
        FerError: when ``printed`` is no accuracy or ``n`` below 1.
    """
    chance = passing_rate(n, decimals_of(printed))
    # Cutting off moves an accuracy down by less than one step, which may be
    # more than one hit where n is large.
    nearest = Decimal(printed) * n / 100
    step = Decimal(n) / 100 * Decimal(10) ** -decimals_of(printed)
    first, last = max(int(nearest - step), 0), min(int(nearest + step) + 1, n)
    found = {k: printed_as(k, n, printed) for k in range(first, last + 1)}
    for how in ("rounded", "cut off"):
        fitting = [hits for hits, told in found.items() if told == how]
        if fitting:
            best = min(fitting, key=lambda hits: abs(hits - nearest))
            return Attained(best, how, n, chance)
    return Attained(None, "", n, chance)


def passing_rate(n: int, decimals: int) -> float:
    """Share of the accuracies 0 to 100 % with that many decimals that pass.

    >>> round(passing_rate(3589, 2), 2)
    0.54

    Raises:
        FerError: when ``n`` is below 1 or ``decimals`` outside 0 to 6.
    """
    if n < 1 or not 0 <= decimals <= 6:
        raise FerError(
            f"n is {n} and decimals {decimals}, expected 1 face or more and 0 to 6."
        )
    steps = 100 * 10**decimals
    hits = np.arange(n + 1, dtype=np.int64) * steps
    cut_off, rounded = hits // n, (2 * hits + n) // (2 * n)
    return len(np.union1d(cut_off, rounded)) / (steps + 1)


def attained_claim(claim: Claim) -> Attained | None:
    """The test for a value claim; None where it says nothing.

    That is for other kinds and metrics, for claims that do not tell n, and
    for means over folds, which are no share of n.
    """
    told = claim.kind == "value" and claim.metric == "accuracy" and claim.n
    if not told or claim.unit != "%" or claim.protocol in FOLDS:
        return None
    return attained(claim.value, claim.n)


def tally(claims: Iterable[Claim]) -> tuple[Tally, ...]:
    """The outcomes of claims by data set, protocol and n, in their order."""
    columns: dict[tuple, list[Attained]] = {}
    for claim in claims:
        if found := attained_claim(claim):
            key = (claim.dataset, claim.protocol, claim.n)
            columns.setdefault(key, []).append(found)
    return tuple(_tally(*key, found) for key, found in columns.items())


def _tally(dataset: str, protocol: str, n: int, found: list[Attained]) -> Tally:
    passed = sum(one.hits is not None for one in found)
    chances = [one.chance for one in found]
    mean, p = sum(chances) / len(found), at_least(passed, chances)
    return Tally(dataset, protocol, n, passed, len(found), mean, p)


def at_least(passed: int, chances: Sequence[float]) -> float:
    """Probability of ``passed`` or more, where each has a chance of its own.

    >>> round(at_least(10, [0.5] * 10), 4)
    0.001
    """
    counts = np.ones(1)  # probability of 0, 1, ... that pass
    for chance in chances:
        counts = np.convolve(counts, (1 - chance, chance))
    return float(counts[passed:].sum())
