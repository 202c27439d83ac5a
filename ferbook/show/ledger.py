"""The ledger: claims, runs and verdicts as tables.

Pages show them through ``roles``, the terminal through ``ferbook claims``.
"""

import json
from dataclasses import asdict
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.files import atomic_path
from ferbook.ledger.beside import beside
from ferbook.ledger.claims import Claim
from ferbook.ledger.ledger import KINDS, Ledger, open_ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.scoreboard import Score, scoreboard
from ferbook.ledger.verdicts import Answered, Judgement
from ferbook.runs.paths import repository_root
from ferbook.show.claim_tables import claim_rows, sum_rows
from ferbook.show.tables import Page, Table, cell, table


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
            tables.append(make(title, found, folded=folded))
    if kind and not tables:
        ledger.select(paper, kind)  # tells an unknown kind from an empty one
    return Page(tuple(tables))


def claims_text(paper: str | None = None, ledger: Ledger | None = None) -> str:
    """The ledger for a terminal."""
    return repr(ledger_table(paper, ledger=ledger))


def claims_json(paper: str | None = None, ledger: Ledger | None = None) -> str:
    """The ledger as JSON, one entry a claim."""
    ledger = ledger or open_ledger()
    found = [_entry(judgement) for judgement in ledger.select(paper, None)]
    return json.dumps(found, indent=1, ensure_ascii=False)


def score_table(ledger: Ledger | None = None) -> Table:
    """The scoreboard, paper by paper and in all."""
    ledger = ledger or open_ledger()
    boards = {
        claims.name: scoreboard(ledger.select(claims.paper, None))
        for claims in ledger.papers
    }
    boards["All"] = whole = scoreboard(ledger.select(None, None))
    columns = {"Paper": str}
    for i, score in enumerate(whole.scores):
        title = score.what[0].upper() + score.what[1:]
        columns[title] = lambda name, i=i: _scored(boards[name].scores[i])
    note = (
        "Our own questions, which no paper asks and the table does not count: "
        f"{whole.ours}."
    )
    return table("What was tested, and what came of it", boards, columns, note=note)


def _scored(score: Score) -> str:
    told = (f"{n} {name}" for name, n in score.outcomes)
    return cell(f"{score.tested} of {score.of}", *told, score.note)


def readme_table(ledger: Ledger | None = None) -> str:
    """What was tested so far, in markdown."""
    made = score_table(ledger)
    return f"{made.markdown()}\n\n{made.note}"


def readme_text(text: str, table: str, name: str = "ledger") -> str:
    """A README with what stands between the marks of a name replaced.

    Raises:
        FerError: when its two marks are missing.
    """
    begin, end = f"<!-- {name}: begin (made, not typed) -->", f"<!-- {name}: end -->"
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
        "who_asks": claim.who_asks,
        "where": str(claim.where),
        "says": claim.says,
        "read_as": claim.reading,
        "dataset": claim.dataset,
        "protocol": claim.protocol,
        "paper": claim.value,
        "unit": claim.unit if claim.value else "",
        "n": claim.n,
        "source": claim.source if claim.kind == "arithmetic" else "",
        "root": claim.root,
        "standing": judgement.standing,
        "answers": [_answer(claim, answer) for answer in judgement.answers],
    }


def _answer(claim: Claim, answer: Answered) -> dict:
    return {
        "reading": answer.reading,
        "at_scale": {"verdict": str(answer.verdict), "why": answer.why},
        "reduced": {"verdict": answer.reduced, "why": answer.reduced_why},
        "runs": [_reading(claim, reading) for reading in answer.readings],
    }


def _reading(claim: Claim, reading: Reading) -> dict:
    found, answer = reading.found, reading.answer
    beside_it = asdict(beside(claim, reading))
    beside_it["curve"] = [list(way.values()) for way in beside_it["curve"]]
    return {
        "protocol": answer.protocol,
        "preset": answer.preset,
        "recipe": answer.recipe,
        "variant": answer.variant,
        "changes": dict(reading.changes),
        "at_scale": reading.at_scale,
        "outcome": reading.outcome,
        "mean": found.mean,
        "interval95": [found.low, found.high],
        "n": found.n,
        "seeds": list(reading.seeds),
        "spread": found.spread,
        "departures": [vars(d) for d in reading.departures],
        "records": [record.path.name for record in reading.records],
        "beside": beside_it,
    }


if __name__ == "__main__":
    update_readme(repository_root() / "README.md")
