"""Sums over the figures that a paper prints.

Figures are named, never typed again: by the id of their claim, or as
``<place>: <method>`` where the paper quotes them from somebody else.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from math import prod

from fer_lib.errors import FerError
from ferbook.ledger.arithmetic.attainability import attained, printed_as
from ferbook.ledger.claims import Claim, Claims


@dataclass(frozen=True)
class Working:
    """Outcome of an arithmetic claim with the sum behind it.

    ``consistent`` is None where an optional package is missing.
    """

    consistent: bool | None
    text: str


def check(sum_of: Callable[..., Working]) -> Callable[..., Working]:
    """Let claims name a sum by its function's name."""
    CHECKS[sum_of.__name__] = sum_of
    return sum_of


CHECKS: dict[str, Callable[..., Working]] = {}


@check
def accuracy_of_matrix(paper: Claims, claim: Claim, *, matrix: str) -> Working:
    """Does a printed accuracy follow from a printed confusion matrix?"""
    table = paper.matrix(matrix)
    how = printed_as(table.hits, table.total, claim.value)
    exact = 100 * table.hits / table.total
    text = (
        f"The diagonal of {table.where} holds {table.hits:,} of "
        f"{table.total:,} images, {exact:.4f} %; printed is {claim.value} %"
    )
    return Working(bool(how), f"{text} ({how})." if how else f"{text}.")


@check
def caption_of_matrix(paper: Claims, claim: Claim, *, matrix: str) -> Working:
    """Do a caption's images per class agree with the rows of its matrix?"""
    table = paper.matrix(matrix)
    told = dict(zip(table.classes, table.caption, strict=True))
    off = [
        f"{name} {told[name]:,} against {n:,}"
        for name, n in table.row_sums.items()
        if told[name] != n
    ]
    sums = (
        f"the caption's counts sum to {sum(table.caption):,}, the matrix to "
        f"{table.total:,}"
    )
    if off:
        return Working(False, f"Caption against rows: {', '.join(off)}; {sums}.")
    return Working(True, f"All {len(told)} rows agree; {sums}.")


@check
def parts_and_total(
    paper: Claims,
    claim: Claim,
    *,
    parts: list,
    total: int,
    about: int = 0,
    whole: str = "the data set",
) -> Working:
    """Do the parts of a whole make it up, within ``about``?"""
    found = sum(parts)
    terms = " + ".join(f"{part:,}" for part in parts)
    text = f"{terms} = {found:,}; {whole} has {total:,}"
    loose = f", the parts are told to the nearest {about:,}" if about else ""
    # Each part told to the nearest ``about`` can be off by half of it.
    return Working(abs(found - total) <= about * len(parts) / 2, f"{text}{loose}.")


@check
def same_count(paper: Claims, claim: Claim, *, counts: dict) -> Working:
    """Do several places tell the same number, or the same printed digits?"""
    told = "; ".join(
        f"{place}: {count:,}" if isinstance(count, int) else f"{place}: {count}"
        for place, count in counts.items()
    )
    return Working(len(set(counts.values())) == 1, f"{told}.")


@check
def same_as_matrix(paper: Claims, claim: Claim, *, matrix: str, told: int) -> Working:
    """Does a matrix hold as many images as the text says were tested?"""
    total = paper.matrix(matrix).total
    text = f"The text tests on {told:,} images, the matrix holds {total:,}"
    gap = f", {abs(told - total):,} {'fewer' if total < told else 'more'}"
    return Working(told == total, f"{text}{gap if told != total else ''}.")


@check
def attainable(paper: Claims, claim: Claim) -> Working:
    """Is there a whole number of hits that gives the printed accuracy?"""
    found = attained(claim.value, claim.n)
    if found.how:
        text = f"{found.hits:,} of {claim.n:,} images give {claim.value} %"
        return Working(True, f"{text} ({found.how}).")
    near = round(float(Decimal(claim.value)) / 100 * claim.n)
    shown = [k for k in (near - 1, near, near + 1) if 0 <= k <= claim.n]
    sums = ", ".join(f"{k}/{claim.n} = {100 * k / claim.n:.2f} %" for k in shown)
    return Working(False, f"{sums}; none of them is printed as {claim.value} %.")


@check
def shares(paper: Claims, claim: Claim, *, parts: list, percent: list) -> Working:
    """Do the parts of a split have the stated shares, to a per cent?"""
    total = sum(parts)
    found = [100 * part / total for part in parts]
    near = all(round(f) == p for f, p in zip(found, percent, strict=True))
    terms = ", ".join(
        f"{part:,}/{total:,} = {f:.1f} % for {p} %"
        for part, f, p in zip(parts, found, percent, strict=True)
    )
    return Working(near, f"{terms}.")


@check
def improves_on_all(paper: Claims, claim: Claim, *, table: str) -> Working:
    """Is the paper's value above every other method of its table?"""
    rows = [quote for quote in paper.quotes if quote.place == table]
    above = [q for q in rows if Decimal(q.value) >= Decimal(claim.value)]
    text = f"{table} shows {claim.value} % against {len(rows)} other methods"
    if above:
        names = ", ".join(f"{q.method} {q.value} %" for q in above)
        return Working(False, f"{text}; higher stand {names}.")
    return Working(True, f"{text}, all of them lower.")


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


@check
def gap(paper: Claims, claim: Claim, *, of: str | list, above: str | list) -> Working:
    """Is a printed difference that of the printed figures, or of their means?"""
    higher, lower = _mean(paper, of), _mean(paper, above)
    found = higher - lower
    return Working(
        gives(found, claim.value),
        f"{_short(higher)} - {_short(lower)} = {_short(found)}; printed is "
        f"{claim.value}.",
    )


@check
def descending(paper: Claims, claim: Claim, *, of: dict) -> Working:
    """Do the printed figures fall in the order that the text tells?"""
    told = {name: figure(paper, id) for name, id in of.items()}
    values = list(told.values())
    fall = all(a > b for a, b in itertools.pairwise(values))
    return Working(fall, f"{', '.join(f'{k} {v}' for k, v in told.items())}.")


@check
def each_above(paper: Claims, claim: Claim, *, pairs: dict) -> Working:
    """Is the first figure, or mean of figures, of every pair above the second?"""
    told = {k: (_mean(paper, a), _mean(paper, b)) for k, (a, b) in pairs.items()}
    text = "; ".join(f"{name}: {a} against {b}" for name, (a, b) in told.items())
    return Working(all(a > b for a, b in told.values()), f"{text}.")


@check
def largest_gap(paper: Claims, claim: Claim, *, pairs: dict, at: str) -> Working:
    """Is the difference of the pair ``at`` the largest?"""
    gaps = {k: _mean(paper, a) - _mean(paper, b) for k, (a, b) in pairs.items()}
    text = ", ".join(f"{name} {found:+}" for name, found in gaps.items())
    return Working(max(gaps, key=gaps.get) == at, f"{text} points.")


@check
def product(paper: Claims, claim: Claim, *, factors: list) -> Working:
    """Is a printed number the product of others, digit for digit?"""
    found = prod(Decimal(factor) for factor in factors)
    terms = " x ".join(factors)
    return Working(
        found == Decimal(claim.value),
        f"{terms} = {found:,}; printed is {Decimal(claim.value):,}.",
    )


@check
def one_in(paper: Claims, claim: Claim, *, part: str, whole: str, told: int) -> Working:
    """Is a figure nearly one part of so many of another?"""
    times = figure(paper, whole) / figure(paper, part)
    text = f"{figure(paper, part)} is one part of {times:.2f} of {figure(paper, whole)}"
    return Working(round(times) == told, f"{text}; told is one of {told}.")


@check
def on_a_par(paper: Claims, claim: Claim, *, pairs: dict) -> Working:
    """Are two accuracies no further apart than chance moves them?

    Within the 95 % interval of the difference of two independent shares.
    """
    told, near = [], True
    for name, ids in pairs.items():
        one, other = map(paper.claim, ids)
        variance = sum(c.number * (1 - c.number) / c.n for c in (one, other))
        apart, slack = abs(one.number - other.number), 1.96 * variance**0.5
        near &= apart <= slack
        told.append(
            f"{name}: {one.value} and {other.value}, {100 * apart:.2f} points apart, "
            f"chance {100 * slack:.2f}"
        )
    return Working(near, f"{'; '.join(told)}.")


@check
def two_class_accuracy(paper: Claims, claim: Claim, *, classes: int) -> Working:
    """Is a printed accuracy that of true and false positives and negatives?

    A wrong answer is a false negative of one class and a false positive of
    another, and a true negative of all others.
    """
    found = 1 - 2 * (1 - claim.number) / classes
    return Working(
        gives(Decimal(100 * found), claim.value),
        f"Where {claim.value} % of the answers are right, each of {classes} classes "
        f"against the rest is told with {100 * found:.2f} % on average.",
    )


def _mean(paper: Claims, names: str | list) -> Decimal:
    names = [names] if isinstance(names, str) else names
    return sum(figure(paper, name) for name in names) / len(names)


def _short(number: Decimal) -> str:
    """At most four decimals, without zeros that say nothing."""
    return f"{number:.4f}".rstrip("0").rstrip(".")
