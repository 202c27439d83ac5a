"""Sums that need only the paper's own figures."""

from dataclasses import dataclass
from decimal import Decimal

from ferbook.ledger.arithmetic.attainability import attained, printed_as
from ferbook.ledger.claims import Claim, Claims


@dataclass(frozen=True)
class Working:
    """Outcome of an arithmetic claim with the sum behind it.

    ``consistent`` is None where an optional package is missing.
    """

    consistent: bool | None
    text: str


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


def parts_and_total(
    paper: Claims, claim: Claim, *, parts: list, total: int, about: int = 0
) -> Working:
    """Do the parts of a split make up the data set, within ``about``?"""
    found = sum(parts)
    terms = " + ".join(f"{part:,}" for part in parts)
    text = f"{terms} = {found:,}; the data set has {total:,}"
    loose = f", the parts are told to the nearest {about:,}" if about else ""
    # Each part told to the nearest ``about`` can be off by half of it.
    return Working(abs(found - total) <= about * len(parts) / 2, f"{text}{loose}.")


def same_count(paper: Claims, claim: Claim, *, counts: dict) -> Working:
    """Do several places tell the same number, or the same printed digits?"""
    told = "; ".join(
        f"{place}: {count:,}" if isinstance(count, int) else f"{place}: {count}"
        for place, count in counts.items()
    )
    return Working(len(set(counts.values())) == 1, f"{told}.")


def same_as_matrix(paper: Claims, claim: Claim, *, matrix: str, told: int) -> Working:
    """Does a matrix hold as many images as the text says were tested?"""
    total = paper.matrix(matrix).total
    text = f"The text tests on {told:,} images, the matrix holds {total:,}"
    gap = f", {abs(told - total):,} {'fewer' if total < told else 'more'}"
    return Working(told == total, f"{text}{gap if told != total else ''}.")


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


def improves_on_all(paper: Claims, claim: Claim, *, table: str) -> Working:
    """Is the paper's value above every other method of its table?"""
    rows = [quote for quote in paper.quotes if quote.place == table]
    above = [q for q in rows if Decimal(q.value) >= Decimal(claim.value)]
    text = f"{table} shows {claim.value} % against {len(rows)} other methods"
    if above:
        names = ", ".join(f"{q.method} {q.value} %" for q in above)
        return Working(False, f"{text}; higher stand {names}.")
    return Working(True, f"{text}, all of them lower.")


CHECKS = {
    check.__name__: check
    for check in (
        accuracy_of_matrix,
        caption_of_matrix,
        parts_and_total,
        same_count,
        same_as_matrix,
        attainable,
        shares,
        improves_on_all,
    )
}
