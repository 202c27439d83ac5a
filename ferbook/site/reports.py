"""The report on a paper: what it claims, what was run, what came of it.

Every part is made from ``book/claims`` and ``book/runs``; a page puts words
around them.
"""

from collections import Counter
from collections.abc import Callable

from fer_lib.errors import FerError
from fer_lib.models.catalogue import entry
from ferbook.ledger.arithmetic.attainability import printed_as
from ferbook.ledger.claims import Claim, Claims, Matrix
from ferbook.ledger.judged import KINDS, Ledger, kind_of, open_ledger
from ferbook.ledger.rules import Verdict
from ferbook.runs.records import Record
from ferbook.show import phrases
from ferbook.show.claim_tables import (
    attainability_table,
    claim_rows,
    resolution_table,
    sum_rows,
)
from ferbook.show.run_tables import cost_table, gain_table, run_table, runs_of
from ferbook.show.tables import Page, Sentence, Table

NO_RUNS = Sentence("No run is recorded yet.")


def report(paper: str, part: str | None = None, ledger: Ledger | None = None) -> Page:
    """The report on a paper, or one part of it.

    Args:
        paper: its nickname.
        part: one of ``PARTS``; all, in their order, if None.
        ledger: claims and runs; the repository's if None.

    Raises:
        FerError: when paper or part is unknown.
    """
    ledger = ledger or open_ledger()
    if part and part not in PARTS:
        raise FerError(f"No part '{part}', expected one of {', '.join(PARTS)}.")
    ledger.select(paper, None)  # tells an unknown paper
    claims = next(claims for claims in ledger.papers if claims.paper == paper)
    made = [PARTS[name](claims, ledger) for name in ([part] if part else PARTS)]
    return Page(tuple(table for page in made for table in page.tables))


def _identity(claims: Claims, ledger: Ledger) -> Page:
    """What the paper is, how large its network, and how the claims stand."""
    found = ledger.select(claims.paper, None)
    counts = Counter(str(judgement.verdict) for judgement in found)
    named = (j.claim.dataset for j in found)
    sets = dict.fromkeys(name for name in named if name not in ("", "not told"))
    records = runs_of(claims.paper, ledger)
    real = sum(not record.rendered for record in records)
    rows = (
        ("Paper", claims.title),
        ("Network", _network(claims.paper)),
        ("Data sets", ", ".join(map(phrases.dataset_name, sets))),
        ("Claims", f"{len(found)}\n " + _listed(counts)),
        ("Recorded runs", f"{len(records)}\n {real} on photographs"),
    )
    return Page((Table(f"Report on {claims.name}", ("", ""), rows),))


def _network(paper: str) -> str:
    """Input, parameters and operations of the paper's size."""
    one = entry(paper)
    face = " x ".join(map(str, one.input))
    return f"{one.parameters:,} parameters\n {face}, {one.gflops:.3f} GFLOPs a face"


def _listed(counts: Counter) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))


def _claims(claims: Claims, ledger: Ledger) -> Page:
    """All claims: first those with an answer, then the others, folded."""
    found = ledger.select(claims.paper, None)
    sums = [j for j in found if j.claim.kind == "arithmetic"]
    others = [j for j in found if j.claim.kind != "arithmetic"]
    answered = [j for j in others if j.readings]
    recalls = [j for j in answered if kind_of(j.claim) == "recall"]
    first = [j for j in answered if j not in recalls]
    tables = [claim_rows("Claims beside which runs stand", first, ledger)]
    if not answered:
        tables = [Sentence("No run stands beside a claim of this paper yet.")]
    if recalls:
        title = "Recalls beside which runs stand"
        tables.append(claim_rows(title, recalls, ledger, folded=True))
    for kind, title in KINDS.items():
        left = [j for j in others if not j.readings and kind_of(j.claim) == kind]
        if left:
            title = f"{title} that were not attempted"
            tables.append(claim_rows(title, left, ledger, folded=True))
    if sums:
        against = sum(j.verdict == Verdict.CONTRADICTORY for j in sums)
        title = f"{KINDS['arithmetic']}, {against} of them contradictory"
        tables.append(sum_rows(title, sums, ledger, folded=True))
    return Page(tuple(tables))


def _matrices(claims: Claims, ledger: Ledger) -> Page:
    """Whether printed accuracies and matrices can be counts of faces."""
    tables = [attainability_table(claims.paper, ledger)]
    if claims.matrices:
        tables.append(matrix_table(claims))
    else:
        tables.append(Sentence("The paper prints no counts of a confusion matrix."))
    return Page((*tables, resolution_table(claims.paper, ledger)))


def matrix_table(claims: Claims) -> Table:
    """Printed confusion matrices: their sums, and the accuracies they give."""
    rows = tuple(_matrix(matrix, claims) for matrix in claims.matrices)
    header = ("Matrix", "Images", "On the diagonal", "Printed accuracy")
    return Table("Do the printed confusion matrices give the accuracies?", header, rows)


def _matrix(matrix: Matrix, claims: Claims) -> tuple[str, ...]:
    claim = _accuracy_of(matrix, claims)
    how = printed_as(matrix.hits, matrix.total, claim.value)
    share = f"{100 * matrix.hits / matrix.total:.3f} %"
    caption = sum(matrix.caption)
    return (
        f"{phrases.dataset_name(matrix.dataset)}\n {matrix.where}",
        f"{matrix.total:,}\n its caption counts {caption:,}",
        f"{matrix.hits:,}\n {share}",
        f"{claim.value} %\n " + (f"the matrix's, {how}" if how else "not the matrix's"),
    )


def _accuracy_of(matrix: Matrix, claims: Claims) -> Claim:
    """The accuracy that the paper prints beside a matrix."""
    for claim in claims.claims:
        place = (claim.kind, claim.metric, claim.dataset)
        if place == ("value", "accuracy", matrix.dataset):
            return claim
    raise FerError(
        f"{claims.paper}.toml: matrix '{matrix.id}' has no accuracy of "
        f"'{matrix.dataset}' beside it; add that claim."
    )


def _runs(claims: Claims, ledger: Ledger) -> Page:
    """Every run with its accuracies."""
    papers = {record.paper: None for record in runs_of(claims.paper, ledger)}
    return Page(tuple(run_table(paper, ledger) for paper in papers) or (NO_RUNS,))


def _recipes(claims: Claims, ledger: Ledger) -> Page:
    """What the paper's recipe is worth, where another was run beside it."""
    return Page((gain_table(claims.paper, ledger),))


def _costs(claims: Claims, ledger: Ledger) -> Page:
    """What every run took."""
    records = runs_of(claims.paper, ledger)
    return Page((cost_table(records) if records else NO_RUNS,))


def _deviations(claims: Claims, ledger: Ledger) -> Page:
    """How the runs depart from the paper, each departure once."""
    records = runs_of(claims.paper, ledger)
    stated = Counter(d for record in records for d in record.departures)
    rows = tuple(
        (d.item, d.paper, d.ours, d.why, f"{n} of {len(records)}")
        for d, n in stated.items()
    )
    header = ("What", "Paper", "Ours", "Why", "Runs")
    if not rows:
        told = "The runs state no departure." if records else NO_RUNS.words
        return Page((Sentence(told),))
    return Page((Table("Departures that the runs state", header, rows),))


def _data(claims: Claims, ledger: Ledger) -> Page:
    """What the runs learned from and were tested on."""
    places: dict[tuple, list[Record]] = {}
    for record in runs_of(claims.paper, ledger):
        place = (record.dataset, record.protocol, record.data["sha256"])
        places.setdefault(place, []).append(record)
    rows = tuple(_faces(records) for records in places.values())
    header = ("Data set", "Faces", "Where from", "Runs")
    return Page((Table("Data of the runs", header, rows) if rows else NO_RUNS,))


def _faces(records: list[Record]) -> tuple[str, ...]:
    data = records[0].data
    return (
        f"{phrases.dataset_name(records[0].dataset)}\n "
        f"{phrases.protocol_name(records[0].protocol)}",
        "\n".join(f"{name} {part['n']:,}" for name, part in data["splits"].items()),
        f"{data['provenance']}\n SHA-256 {data['sha256'][:12]}",
        str(len(records)),
    )


PARTS: dict[str, Callable[[Claims, Ledger], Page]] = {
    "identity": _identity,
    "claims": _claims,
    "matrices": _matrices,
    "runs": _runs,
    "recipes": _recipes,
    "deviations": _deviations,
    "data": _data,
    "costs": _costs,
}
