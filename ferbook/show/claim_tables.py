"""Claims as the rows of a table."""

from ferbook.ledger.claims import Claim
from ferbook.ledger.judged import Ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.verdicts import Judgement
from ferbook.show import phrases
from ferbook.show.attainable import attainable_cell
from ferbook.show.tables import Table


def claim_rows(title: str, found: list[Judgement], ledger: Ledger, **options) -> Table:
    """Claims with the paper's value, ours and the verdict."""
    header = ("Claim", "Paper, k of n", "Verdict", "Ours")
    rows = tuple(_claim(judgement, ledger) for judgement in found)
    # Only values and differences are printed, and only accuracies shares of n.
    shown = [c for c in range(len(header)) if any(row[c] for row in rows)]
    header, *rows = (tuple(row[c] for c in shown) for row in (header, *rows))
    if not any(attainable_cell(judgement.claim) for judgement in found):
        header = tuple(name.replace(", k of n", "") for name in header)
    return Table(title, header, tuple(rows), **options)


def _claim(judgement: Judgement, ledger: Ledger) -> tuple[str, ...]:
    claim = judgement.claim
    ours = [_reading(claim, reading, ledger) for reading in judgement.readings]
    shares = attainable_cell(claim)
    paper = phrases.paper_value(claim).replace(", ", "\n ")
    return (
        f"{claim.says}\n {claim.where}",
        f"{paper}\n {shares}" if shares else paper,
        f"{judgement.verdict}\n {judgement.why}",
        "\n".join(ours) or phrases.NO_RUN,
    )


def _reading(claim: Claim, reading: Reading, ledger: Ledger) -> str:
    """What one protocol's runs say: figure, departures, date."""
    record = max(reading.records, key=lambda r: r.started)
    lines = [
        phrases.our_figure(claim, reading),
        phrases.our_interval(claim, reading),
        phrases.protocol_name(reading.answer.protocol),
        phrases.settings(reading.answer),
        phrases.departures(reading, short=True),
        phrases.made(record, any(map(ledger.stale, reading.records))),
    ]
    return "\n ".join(filter(None, lines))


def sum_rows(title: str, found: list[Judgement], ledger: Ledger, **options) -> Table:
    """Sums inside a paper with their working."""
    rows = tuple(
        (f"{j.claim.says}\n {j.claim.where}", str(j.verdict), j.why) for j in found
    )
    return Table(title, ("Claim", "Verdict", "Working"), rows, **options)
