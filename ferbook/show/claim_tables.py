"""Claims as tables: how they stand, and what their test sets can show."""

from collections.abc import Iterable, Iterator

from fer_lib.data.protocols import FOLDS
from ferbook.ledger.arithmetic.attainability import attained_claim, tally
from ferbook.ledger.claims import Claim
from ferbook.ledger.ledger import Ledger, open_ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.rules import Verdict
from ferbook.ledger.statistics import resolution
from ferbook.ledger.verdicts import Judgement
from ferbook.show import phrases
from ferbook.show.tables import Table, cell, table


def claim_rows(title: str, found: list[Judgement], **options) -> Table:
    """Claims with the paper's value, ours and the verdict.

    How runs were made stands below the table where it is the same for several.
    """
    told = [" ".join(_how(one)) for j in found for one in j.readings]
    same = len(told) > 1 and len(set(told)) == 1
    if same:
        options["note"] = f"All of these runs: {'; '.join(_how(_first(found)))}."
    shares = {j.claim.id: attainable_cell(j.claim) for j in found}
    columns = {
        "Claim": lambda j: cell(j.claim.says, str(j.claim.where)),
        "Paper": lambda j: cell(
            phrases.paper_value(j.claim).replace(", ", "\n "), shares[j.claim.id]
        ),
        "Verdict": phrases.answers,
        "Ours": lambda j: (
            "\n".join(_ours(j.claim, one, how=not same) for one in j.readings)
            or phrases.NO_RUN
        ),
    }
    # Only values and differences are printed, and only accuracies shares of n.
    if any(shares.values()):
        names = {"Paper": "Paper, k of n"}
        columns = {names.get(name, name): tell for name, tell in columns.items()}
    elif not any(map(columns["Paper"], found)):
        del columns["Paper"]
    return table(title, found, columns, **options)


def _ours(claim: Claim, reading: Reading, how: bool) -> str:
    figure, interval = phrases.our_figure, phrases.our_interval
    told = _how(reading) if how else ()
    return cell(figure(claim, reading), interval(claim, reading), *told)


def _how(reading: Reading) -> tuple[str, ...]:
    """Labels, settings and departures of a reading's runs."""
    labels = phrases.protocol_name(reading.answer.protocol)
    left = phrases.departures(reading, short=True)
    return tuple(filter(None, (labels, phrases.settings(reading), left)))


def _first(found: Iterable[Judgement]) -> Reading:
    return next(one for judgement in found for one in judgement.readings)


def sum_rows(title: str, found: list[Judgement], **options) -> Table:
    """Sums inside a paper with their working."""
    columns = {
        "Claim": lambda j: cell(j.claim.says, str(j.claim.where)),
        "Verdict": lambda j: cell(str(j.verdict), _against(j)),
        "Working": lambda j: j.why,
    }
    return table(title, found, columns, **options)


_AGAINST = {
    "paper": "the paper itself",
    "data": "the data as published",
    "rebuild": "our rebuild of its network",
    "reading": "one reading of it",
}


def _against(judgement: Judgement) -> str:
    """What a contradiction contradicts, and whether its cause is another one's."""
    claim = judgement.claim
    if judgement.verdict != Verdict.CONTRADICTORY:
        return ""
    again = "; the cause is counted elsewhere" if claim.root else ""
    return f"to {_AGAINST[claim.source]}{again}"


def attainable_cell(claim: Claim) -> str:
    """The hits behind a printed accuracy; empty for what is none."""
    if claim.kind != "value" or claim.metric != "accuracy":
        return ""
    found = attained_claim(claim)
    if found is None:
        return "mean of folds" if claim.protocol in FOLDS else "n not stated"
    chance = f"by chance {phrases.percent(found.chance, 0)} %"
    if found.hits is None:
        return cell(f"no k of {found.n:,}", chance)
    return cell(f"{found.hits:,} of {found.n:,}", found.how, chance)


def attainability_table(
    paper: str | None = None, ledger: Ledger | None = None
) -> Table:
    """How many accuracies of a paper, or of all, are shares of its test faces."""
    papers = _papers(paper, ledger)
    made = table(
        "Are the printed accuracies k of n?",
        [(one.name, told) for one in papers for told in tally(one.claims)],
        {
            "Paper": lambda row: row[0],
            "Data set": lambda row: phrases.place(row[1].dataset, row[1].protocol),
            "n": lambda row: f"{row[1].n:,}",
            "Attainable": lambda row: f"{row[1].passed} of {row[1].tried}",
            "By chance": lambda row: f"{phrases.percent(row[1].chance, 0)} %",
            "p": lambda row: f"{row[1].p:.4f}" if row[1].p >= 1e-4 else "below 0.0001",
        },
        note="Attainable is an accuracy that some whole number of hits on n faces "
        "gives, rounded or cut off. Where each passes by chance easily, it says "
        "little. p is the probability that chance alone lets so many pass: a "
        "small one speaks for this n. Means over folds are left out.",
    )
    return made.without_first() if paper else made


def resolution_table(paper: str | None = None, ledger: Ledger | None = None) -> Table:
    """The least difference that each test set tells from chance; as above."""
    header = ("Paper", "Data set", "n", "Printed", "Can show", "Differences")
    note = (
        "Can show is half the width of the 95 % interval of the accuracies that the "
        "paper prints for that data set: two networks tested on other faces of the "
        "same kind may differ by as much. Runs on the same faces, compared face by "
        "face, show smaller differences. The last column counts how many of the "
        "differences that a paper claims on that data set lie below all of them."
    )
    papers = _papers(paper, ledger)
    rows = tuple((one.name, *row) for one in papers for row in _resolved(one.claims))
    made = Table("What the test sets can tell apart", header, rows, note)
    return made.without_first() if paper else made


def _papers(paper: str | None, ledger: Ledger | None) -> list:
    ledger = ledger or open_ledger()
    ledger.select(paper, None)  # tells an unknown paper
    return [claims for claims in ledger.papers if paper in (None, claims.paper)]


def _resolved(claims: Iterable[Claim]) -> Iterator[tuple[str, ...]]:
    groups: dict[tuple, list[Claim]] = {}
    for claim in claims:
        groups.setdefault((claim.dataset, claim.protocol, claim.n), []).append(claim)
    for (dataset, protocol, n), there in groups.items():
        values = [
            c for c in there if (c.kind, c.metric, c.unit) == ("value", "accuracy", "%")
        ]
        if not (n and values):
            continue
        values.sort(key=lambda claim: claim.number)
        shown = sorted({resolution(c.number, n) for c in values})
        gaps = [abs(c.number) for c in there if c.kind == "difference"]
        below = sum(gap < shown[0] for gap in gaps)
        yield (
            phrases.place(dataset, protocol),
            f"{n:,}",
            _span([claim.value for claim in values]) + " %",
            _span([f"{100 * share:.2f}" for share in shown]) + " pts",
            f"{below} of {len(gaps)}" if gaps else "none",
        )


def _span(told: list[str]) -> str:
    return told[0] if told[0] == told[-1] else f"{told[0]} to {told[-1]}"
