"""Which printed accuracies can be shares of their test faces, as tables."""

from fer_lib.data.protocols import FOLDS
from ferbook.ledger.arithmetic.attainability import attained_claim, tally
from ferbook.ledger.claims import Claim
from ferbook.ledger.judged import Ledger, open_ledger
from ferbook.show import phrases
from ferbook.show.tables import Table


def attainable_cell(claim: Claim) -> str:
    """The hits behind a printed accuracy; empty for what is none."""
    if claim.kind != "value" or claim.metric != "accuracy":
        return ""
    found = attained_claim(claim)
    if found is None:
        return "mean of folds" if claim.protocol in FOLDS else "n not told"
    chance = f"by chance {phrases.percent(found.chance, 0)} %"
    if found.hits is None:
        return f"no k of {found.n:,}\n {chance}"
    return f"{found.hits:,} of {found.n:,}\n {found.how}\n {chance}"


def attainability_table(
    paper: str | None = None, ledger: Ledger | None = None
) -> Table:
    """How many accuracies of each paper are shares of its test faces.

    Args:
        paper: nickname of a paper; all papers if None.
        ledger: claims and runs; the repository's if None.
    """
    ledger = ledger or open_ledger()
    ledger.select(paper, None)  # tells an unknown paper
    rows = [
        (
            claims.name,
            f"{phrases.dataset_name(told.dataset)}\n "
            f"{phrases.protocol_name(told.protocol)}",
            f"{told.n:,}",
            f"{told.passed} of {told.tried}",
            f"{phrases.percent(told.chance, 0)} %",
            f"{told.p:.4f}" if told.p >= 1e-4 else "below 0.0001",
        )
        for claims in ledger.papers
        if paper in (None, claims.paper)
        for told in tally(claims.claims)
    ]
    header = ("Paper", "Data set", "n", "Attainable", "By chance", "p")
    note = (
        "Attainable is an accuracy that some whole number of hits on n faces "
        "gives, rounded or cut off. Where each passes by chance easily, it says "
        "little. p is the probability that chance alone lets so many pass: a "
        "small one speaks for this n. Means over folds are left out."
    )
    table = Table("Are the printed accuracies k of n?", header, tuple(rows), note)
    return table.without_first() if paper else table
