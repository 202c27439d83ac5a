"""What was run last, on what, and whether it still agrees."""

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import nbformat

import fer_lib
from ferbook.ledger.claims import Claims
from ferbook.ledger.judged import Ledger
from ferbook.ledger.rules import Verdict
from ferbook.runs.key import RunKey
from ferbook.runs.records import Record
from ferbook.show import phrases
from ferbook.show.run_tables import runs_of
from ferbook.show.tables import Page, Sentence, Table

_GROUPS = (
    (Verdict.REPRODUCED, Verdict.CONSISTENT, Verdict.DIRECTION_ONLY),
    (Verdict.NOT_REPRODUCED, Verdict.CONTRADICTORY),
    (Verdict.UNDECIDED, Verdict.NOT_ATTEMPTED),
)
_SHOWN = ("dataset", "protocol", "preset", "train")


def status(ledger: Ledger, chapters: Iterable[Path] = ()) -> Page:
    """Chapters, claims and runs as they stand.

    Args:
        ledger: claims and runs.
        chapters: notebooks as this build has executed them.
    """
    executed = [_chapter(path) for path in chapters]
    tables = [_chapters(executed)] if executed else []
    runs = [row for claims in ledger.papers for row in _runs(claims, ledger)]
    tables += [_verdicts(ledger), _run_table(runs)]
    if ledger.left_out:
        rows = tuple((path.stem, why) for path, why in ledger.left_out.items())
        tables.append(Table("Records that are left out", ("Record", "Why"), rows))
    return Page(tuple(tables))


def _chapters(rows: list[tuple[str, ...]]) -> Table:
    note = (
        "A chapter is executed again whenever its code, its parameters, the "
        "library, a claim or a run has changed, so its numbers agree with the code "
        f"of version {fer_lib.__version__} that built these pages."
    )
    header = ("Chapter", "Executed", "With", "Took")
    return Table("Chapters", header, tuple(rows), note)


def _chapter(path: Path) -> tuple[str, ...]:
    """Title of an executed notebook, when it ran, on what, and how long."""
    notebook = nbformat.read(path, as_version=4)
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    lines = [line for source in prose for line in source.splitlines()]
    title = next(line[2:] for line in lines if line.startswith("# "))
    told = notebook.metadata.get("executed", {})
    chosen = chosen_parameters(notebook)
    shown = [f"{name} {chosen[name]}" for name in _SHOWN if name in chosen]
    seconds = told.get("duration")
    return (
        title,
        told.get("start_time", "not told")[:10],
        ", ".join(shown) or "no parameters",
        phrases.duration(seconds) if seconds else "not told",
    )


def chosen_parameters(notebook: nbformat.NotebookNode) -> dict:
    """Values that an executed notebook's parameters have, by name."""
    chosen = {}
    for cell in notebook.cells:
        if {"parameters", "injected-parameters"} & {*cell.metadata.get("tags", [])}:
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.AnnAssign):
                    chosen[node.target.id] = ast.literal_eval(node.value)
                elif isinstance(node, ast.Assign):
                    chosen[node.targets[0].id] = ast.literal_eval(node.value)
    return chosen


def _verdicts(ledger: Ledger) -> Table:
    """Claims of every paper by verdict."""
    counts = {
        claims.name: Counter(
            str(judgement.verdict) for judgement in ledger.select(claims.paper, None)
        )
        for claims in ledger.papers
    }
    counts["All"] = sum(counts.values(), Counter())
    rows = tuple(
        (name, str(count.total()), *(_listed(count, group) for group in _GROUPS))
        for name, count in counts.items()
    )
    header = ("Paper", "Claims", "Held", "Did not hold", "Open")
    return Table("Claims by verdict", header, rows)


def _listed(count: Counter, verdicts: tuple[Verdict, ...]) -> str:
    """The sum of some verdicts, and each of them."""
    told = [(count[str(v)], str(v)) for v in verdicts if count[str(v)]]
    return "\n ".join([str(sum(n for n, _ in told)), *(f"{n} {v}" for n, v in told)])


def _run_table(rows: list[tuple[str, ...]]) -> Table | Sentence:
    if not rows:
        return Sentence("No run is recorded yet.")
    note = (
        "Older says of how many runs a module has changed since, in more than prose. "
        "Their predictions stand; the command of the record makes them again."
    )
    header = ("Runs of", "Runs", "Last run", "Code")
    return Table("Recorded runs", header, tuple(rows), note)


def _runs(claims: Claims, ledger: Ledger) -> list[tuple[str, ...]]:
    """A row for each kind of run of a paper, whatever variant and seed."""
    places: dict[RunKey, list[Record]] = {}
    for record in runs_of(claims.paper, ledger):
        place = replace(record.key, seed=0, variant="")
        places.setdefault(place, []).append(record)
    if not places:
        return [(claims.name, "none yet", "", "")]
    return [_row(claims.name, records, ledger) for records in places.values()]


def _row(name: str, records: list[Record], ledger: Ledger) -> tuple[str, ...]:
    last = max(records, key=lambda record: record.started)
    variants = sorted({record.variant for record in records})
    seeds = sorted({record.seed for record in records})
    versions = sorted({record.code["version"] for record in records})
    older = sum(map(ledger.stale, records))
    return (
        f"{name}\n {phrases.dataset_name(last.dataset)}\n "
        f"{phrases.protocol_name(last.protocol)}\n "
        f"{phrases.trained(last.key)}",
        f"{len(records)}\n {', '.join(variants)}\n "
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}",
        f"{last.started[:10]}\n {phrases.hardware(last)}\n library "
        + ", ".join(versions),
        f"{older} of {len(records)} older" if older else "agrees",
    )
