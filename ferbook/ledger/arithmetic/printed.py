"""Sums over several figures that a paper prints.

Figures are named, never typed again: by the id of their claim, or as
``<place>: <method>`` where the paper quotes them from somebody else.
"""

import itertools
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from math import prod

from fer_lib.errors import FerError
from ferbook.ledger.arithmetic.working import Working
from ferbook.ledger.claims import Claim, Claims


def figure(paper: Claims, name: str) -> Decimal:
    """A printed figure by its name.

    Raises:
        FerError: when no claim and no quote has that name.
    """
    for claim in paper.claims:
        if claim.id == name:
            return Decimal(claim.value)
    for quote in paper.quotes:
        if f"{quote.place}: {quote.method}" == name:
            return Decimal(quote.value)
    raise FerError(
        f"{paper.paper}.toml: no claim and no quote '{name}', expected an id "
        "or '<place>: <method>'."
    )


def gives(exact: Decimal, printed: str) -> bool:
    """Whether a figure, rounded or cut off, has the printed digits."""
    step = Decimal(printed)
    return step in (exact.quantize(step, m) for m in (ROUND_HALF_UP, ROUND_DOWN))


def gap(paper: Claims, claim: Claim, *, of: str | list, above: str | list) -> Working:
    """Is a printed difference that of the printed figures, or of their means?"""
    higher, lower = _mean(paper, of), _mean(paper, above)
    found = higher - lower
    return Working(
        gives(found, claim.value),
        f"{_short(higher)} - {_short(lower)} = {_short(found)}; printed is "
        f"{claim.value}.",
    )


def descending(paper: Claims, claim: Claim, *, of: dict) -> Working:
    """Do the printed figures fall in the order that the text tells?"""
    told = {name: figure(paper, id) for name, id in of.items()}
    values = list(told.values())
    fall = all(a > b for a, b in itertools.pairwise(values))
    return Working(fall, f"{', '.join(f'{k} {v}' for k, v in told.items())}.")


def each_above(paper: Claims, claim: Claim, *, pairs: dict) -> Working:
    """Is the first figure, or mean of figures, of every pair above the second?"""
    told = {k: (_mean(paper, a), _mean(paper, b)) for k, (a, b) in pairs.items()}
    text = "; ".join(f"{name}: {a} against {b}" for name, (a, b) in told.items())
    return Working(all(a > b for a, b in told.values()), f"{text}.")


def largest_gap(paper: Claims, claim: Claim, *, pairs: dict, at: str) -> Working:
    """Is the difference of the pair ``at`` the largest?"""
    gaps = {k: _mean(paper, a) - _mean(paper, b) for k, (a, b) in pairs.items()}
    text = ", ".join(f"{name} {found:+}" for name, found in gaps.items())
    return Working(max(gaps, key=gaps.get) == at, f"{text} points.")


def product(paper: Claims, claim: Claim, *, factors: list) -> Working:
    """Is a printed number the product of others, digit for digit?"""
    found = prod(Decimal(factor) for factor in factors)
    terms = " x ".join(factors)
    return Working(
        found == Decimal(claim.value),
        f"{terms} = {found:,}; printed is {Decimal(claim.value):,}.",
    )


def _mean(paper: Claims, names: str | list) -> Decimal:
    names = [names] if isinstance(names, str) else names
    return sum(figure(paper, name) for name in names) / len(names)


def _short(number: Decimal) -> str:
    """At most four decimals, without zeros that say nothing."""
    return f"{number:.4f}".rstrip("0").rstrip(".")


CHECKS = {
    check.__name__: check
    for check in (gap, descending, each_above, largest_gap, product)
}
