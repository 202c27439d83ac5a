"""The ledger: claims, runs and verdicts as tables.

``claim_box`` and ``ledger_table`` are for code cells, which Colab and
JupyterLab must show too; the pages get the same tables through ``roles``.
"""

import json
from collections import Counter
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.files import atomic_path
from ferbook.ledger.claims import Claim
from ferbook.ledger.ledger import KINDS, Ledger, open_ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.verdicts import Judgement
from ferbook.runs.paths import repository_root
from ferbook.show import phrases
from ferbook.show.claim_tables import claim_rows, sum_rows
from ferbook.show.tables import Page, Table, table

_MARKS = (
    "<!-- ledger: begin (made by ferbook.show.ledger) -->",
    "<!-- ledger: end -->",
)


def ledger_table(
    paper: str | None = None, kind: str | None = None, ledger: Ledger | None = None
) -> Page:
    """The ledger, one table a kind of claim; of one paper and kind, or of all."""
    ledger = ledger or open_ledger()
    tables = []
    for name, title in KINDS.items():
        found = ledger.select(paper, name) if kind in (None, name) else []
        if found:
            make = sum_rows if name == "arithmetic" else claim_rows
            # What no run stands beside is listed on request.
            folded = name == "recall" or not (kind or any(j.readings for j in found))
            tables.append(make(title, found, ledger, folded=folded))
    if kind and not tables:
        ledger.select(paper, kind)  # tells an unknown kind from an empty one
    return Page(tuple(tables))


def claim_box(paper: str, ledger: Ledger | None = None) -> Table:
    """The box at a chapter's top: the paper's values, ours, verdicts."""
    ledger = ledger or open_ledger()
    values = ledger.select(paper, "value") + ledger.select(paper, "difference")
    others = [j for j in ledger.select(paper, None) if j not in values]
    title = next(p.title for p in ledger.papers if p.paper == paper)
    note = (
        f"{len(others)} further claims: {_counted(others)}. The ledger lists them all."
    )
    return claim_rows(f"What the paper claims: {title}", values, ledger, note=note)


def _counted(found: list[Judgement]) -> str:
    counts = Counter(str(judgement.verdict) for judgement in found)
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))


def claims_text(paper: str | None = None, ledger: Ledger | None = None) -> str:
    """The ledger for a terminal."""
    return repr(ledger_table(paper, ledger=ledger))


def claims_json(paper: str | None = None, ledger: Ledger | None = None) -> str:
    """The ledger as JSON, one entry a claim."""
    ledger = ledger or open_ledger()
    found = [_entry(judgement) for judgement in ledger.select(paper, None)]
    return json.dumps(found, indent=1, ensure_ascii=False)


def readme_table(ledger: Ledger | None = None) -> str:
    """What is reproduced so far, in markdown: counts, then values with runs."""
    ledger = ledger or open_ledger()
    found = {
        claims.paper: ledger.select(claims.paper, None) for claims in ledger.papers
    }
    names = {claims.paper: claims.name for claims in ledger.papers}
    tables = [
        table(
            "",
            ledger.papers,
            {
                "Paper": lambda claims: claims.name,
                "Claims": lambda claims: len(found[claims.paper]),
                "Verdicts": lambda claims: _counted(found[claims.paper]),
            },
        )
    ]
    if run := [j for j in ledger.select(None, "value") if j.readings]:
        columns = {
            "Claim": lambda j: f"{names[j.claim.paper]}: {j.claim.says}",
            "Paper": lambda j: phrases.paper_value(j.claim),
            "Ours": lambda j: "\n".join(_ours(j.claim, one) for one in j.readings),
            "Verdict": phrases.verdict,
        }
        tables.append(table("", run, columns))
    return "\n\n".join(one.markdown() for one in tables)


def _ours(claim: Claim, reading: Reading) -> str:
    return (
        f"{phrases.our_figure(claim, reading)} "
        f"({phrases.our_interval(claim, reading)}), "
        f"{phrases.protocol_name(reading.answer.protocol)}, "
        f"{phrases.settings(reading)}"
    )


def readme_text(text: str, table: str) -> str:
    """A README with its ledger replaced by ``table``.

    Raises:
        FerError: when its two marks are missing.
    """
    begin, end = _MARKS
    if text.count(begin) != 1 or text.count(end) != 1:
        raise FerError(f"README.md: expected one line '{begin}' and one '{end}'.")
    head, rest = text.split(begin)
    _, tail = rest.split(end)
    return f"{head}{begin}\n{table}\n{end}{tail}"


def update_readme(path: Path | str, ledger: Ledger | None = None) -> bool:
    """Write today's ledger into a README; whether anything changed."""
    path = Path(path)
    before = path.read_text(encoding="utf-8")
    after = readme_text(before, readme_table(ledger))
    if after != before:
        with atomic_path(path) as temporary:
            temporary.write_text(after, encoding="utf-8")
    return after != before


def _entry(judgement: Judgement) -> dict:
    claim = judgement.claim
    return {
        "id": claim.id,
        "kind": claim.kind,
        "where": str(claim.where),
        "says": claim.says,
        "dataset": claim.dataset,
        "protocol": claim.protocol,
        "paper": claim.value,
        "unit": claim.unit if claim.value else "",
        "n": claim.n,
        "verdict": str(judgement.verdict),
        "why": judgement.why,
        "ours": [
            {
                "protocol": reading.answer.protocol,
                "preset": reading.answer.preset,
                "recipe": reading.answer.recipe,
                "variant": reading.answer.variant,
                "changes": dict(reading.changes),
                "mean": reading.found.mean,
                "interval95": [reading.found.low, reading.found.high],
                "n": reading.found.n,
                "seeds": list(reading.seeds),
                "spread": reading.found.spread,
                "departures": [vars(d) for d in reading.departures],
                "records": [record.path.name for record in reading.records],
            }
            for reading in judgement.readings
        ],
    }


if __name__ == "__main__":
    update_readme(repository_root() / "README.md")
