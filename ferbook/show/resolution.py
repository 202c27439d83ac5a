"""How small a difference the papers' test sets can show."""

from collections.abc import Iterable, Iterator

from ferbook.ledger.claims import Claim
from ferbook.ledger.judged import Ledger, open_ledger
from ferbook.ledger.statistics import resolution
from ferbook.show import phrases
from ferbook.show.tables import Table


def resolution_table(paper: str | None = None, ledger: Ledger | None = None) -> Table:
    """The least difference that each test set tells from chance.

    Args:
        paper: nickname of a paper; all papers if None.
        ledger: claims and runs; the repository's if None.
    """
    ledger = ledger or open_ledger()
    ledger.select(paper, None)  # tells an unknown paper
    rows = tuple(
        (claims.name, *row)
        for claims in ledger.papers
        if paper in (None, claims.paper)
        for row in _rows(claims.claims)
    )
    header = ("Paper", "Data set", "n", "Printed", "Can show", "Differences")
    note = (
        "Can show is half the width of the 95 % interval of the accuracies that the "
        "paper prints for that data set: two networks tested on other faces of the "
        "same kind may differ by as much. Runs on the same faces, compared face by "
        "face, tell smaller differences. The last column tells how many of the "
        "differences that a paper claims on that data set lie below all of them."
    )
    table = Table("What the test sets can tell apart", header, rows, note)
    return table.without_first() if paper else table


def _rows(claims: Iterable[Claim]) -> Iterator[tuple[str, ...]]:
    claims = list(claims)
    tested = {
        (claim.dataset, claim.protocol, claim.n): None
        for claim in claims
        if _accuracy(claim) and claim.kind == "value" and claim.n
    }
    for place in tested:
        there = [c for c in claims if (c.dataset, c.protocol, c.n) == place]
        values = [c for c in there if _accuracy(c) and c.kind == "value"]
        values.sort(key=lambda claim: claim.number)
        shown = sorted({resolution(c.number, c.n) for c in values})
        gaps = [abs(c.number) for c in there if c.kind == "difference"]
        below = sum(gap < shown[0] for gap in gaps)
        dataset, protocol, n = place
        yield (
            f"{phrases.dataset_name(dataset)}\n {phrases.protocol_name(protocol)}",
            f"{n:,}",
            _span([claim.value for claim in values]) + " %",
            _span([f"{100 * share:.2f}" for share in shown]) + " pts",
            f"{below} of {len(gaps)}" if gaps else "none",
        )


def _span(told: list[str]) -> str:
    """First and last of what is told in order, or the one."""
    return told[0] if told[0] == told[-1] else f"{told[0]} to {told[-1]}"


def _accuracy(claim: Claim) -> bool:
    return claim.metric == "accuracy" and claim.unit == "%"
