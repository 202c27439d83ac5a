"""The report on a paper, and the page on what was run last.

A report says what the paper claims, what was run, and what came of it.  Every
part is made from ``book/claims`` and ``book/runs``; a page puts words around
them.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import nbformat

import fer_lib
from fer_lib.errors import FerError
from fer_lib.models.catalogue import entry
from ferbook.ledger.arithmetic.attainability import printed_as
from ferbook.ledger.claims import Claim, Claims, Matrix
from ferbook.ledger.ledger import KINDS, Ledger, kind_of, open_ledger
from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import STANDINGS
from ferbook.runs.key import RunKey
from ferbook.runs.paths import repository_root, runs_folder
from ferbook.runs.records import Record
from ferbook.runs.register import read_register
from ferbook.show import phrases
from ferbook.show.claim_tables import (
    attainability_table,
    claim_rows,
    resolution_table,
    sum_rows,
)
from ferbook.show.forest import forest
from ferbook.show.ledger import score_table
from ferbook.show.run_tables import NO_RUNS, cost_table, gain_table, run_table, runs_of
from ferbook.show.tables import Page, Sentence, Table, cell, table

_SHOWN = ("dataset", "protocol", "preset", "train")


def report(paper: str, part: str | None = None, ledger: Ledger | None = None) -> Page:
    """The report on a paper, or one of its ``PARTS``.

    Raises:
        FerError: when paper or part is unknown.
    """
    ledger = ledger or open_ledger()
    if part and part not in PARTS:
        raise FerError(f"No part '{part}', expected one of {', '.join(PARTS)}.")
    ledger.select(paper, None)  # tells an unknown paper
    claims = next(claims for claims in ledger.papers if claims.paper == paper)
    made = [PARTS[name](claims, ledger) for name in ([part] if part else PARTS)]
    return Page(tuple(one for tables in made for one in tables))


def _identity(claims: Claims, ledger: Ledger) -> list:
    found = ledger.select(claims.paper, None)
    counts = Counter(judgement.standing for judgement in found)
    named = (j.claim.dataset for j in found)
    sets = dict.fromkeys(name for name in named if name not in ("", "not told"))
    records, one = runs_of(claims.paper, ledger), entry(claims.paper)
    real = sum(not record.rendered for record in records)
    face = " x ".join(map(str, one.input))
    rows = (
        ("Paper", claims.title),
        (
            "Network",
            cell(
                f"{one.parameters:,} parameters",
                f"{face}, {one.gflops:.3f} GFLOPs per face",
            ),
        ),
        ("Data sets", ", ".join(map(phrases.dataset_name, sets))),
        ("Claims", cell(str(len(found)), _listed(counts))),
        ("Recorded runs", cell(str(len(records)), f"{real} on photographs")),
    )
    return [Table(f"Report on {claims.name}", ("", ""), rows)]


def _listed(counts: Counter) -> str:
    return ", ".join(f"{counts[s]} {s}" for s in STANDINGS if counts[s])


def _claims(claims: Claims, ledger: Ledger) -> list:
    """All claims: first those with an answer, then the others, folded."""
    found = ledger.select(claims.paper, None)
    sums = [j for j in found if j.claim.kind == "arithmetic"]
    others = [j for j in found if j.claim.kind != "arithmetic"]
    answered = [j for j in others if j.readings]
    recalls = [j for j in answered if kind_of(j.claim) == "recall"]
    first = [j for j in answered if j not in recalls]
    tables = [claim_rows("Claims beside which runs stand", first)]
    if not answered:
        tables = [Sentence("No run stands beside a claim of this paper yet.")]
    if recalls:
        title = "Recalls beside which runs stand"
        tables.append(claim_rows(title, recalls, folded=True))
    for kind, title in KINDS.items():
        left = [j for j in others if not j.readings and kind_of(j.claim) == kind]
        if left:
            title = f"{title} beside which no run stands"
            tables.append(claim_rows(title, left, folded=True))
    if sums:
        against = sum(j.verdict == Verdict.CONTRADICTORY for j in sums)
        title = f"{KINDS['arithmetic']}, {against} of them contradictory"
        tables.append(sum_rows(title, sums, folded=True))
    return tables


def _matrices(claims: Claims, ledger: Ledger) -> list:
    paper = claims.paper
    tables = [attainability_table(paper, ledger), matrix_table(claims)]
    return [*tables, resolution_table(paper, ledger)]


def matrix_table(claims: Claims) -> Table | Sentence:
    """Printed confusion matrices: their sums, and the accuracies they give."""

    def accuracy(matrix: Matrix) -> str:
        claim = _accuracy_of(matrix, claims)
        how = printed_as(matrix.hits, matrix.total, claim.value)
        source = f"the matrix's, {how}" if how else "not the matrix's"
        return cell(f"{claim.value} %", source)

    return table(
        "Do the printed confusion matrices give the accuracies?",
        claims.matrices,
        {
            "Matrix": lambda m: cell(phrases.dataset_name(m.dataset), str(m.where)),
            "Images": lambda m: cell(
                f"{m.total:,}", f"its caption counts {sum(m.caption):,}"
            ),
            "On the diagonal": lambda m: cell(
                f"{m.hits:,}", f"{100 * m.hits / m.total:.3f} %"
            ),
            "Printed accuracy": accuracy,
        },
        empty="The paper prints no counts of a confusion matrix.",
    )


def _accuracy_of(matrix: Matrix, claims: Claims) -> Claim:
    for claim in claims.claims:
        place = (claim.kind, claim.metric, claim.dataset)
        if place == ("value", "accuracy", matrix.dataset):
            return claim
    raise FerError(
        f"{claims.paper}.toml: matrix '{matrix.id}' has no accuracy of "
        f"'{matrix.dataset}' beside it; add that claim."
    )


def _runs(claims: Claims, ledger: Ledger) -> list:
    papers = dict.fromkeys(record.paper for record in runs_of(claims.paper, ledger))
    return [run_table(paper, ledger) for paper in papers] or [Sentence(NO_RUNS)]


def _departures(claims: Claims, ledger: Ledger) -> list:
    """How the runs depart from the paper, each departure once."""
    records = runs_of(claims.paper, ledger)
    stated = Counter(d for record in records for d in record.departures)
    columns = {
        "What": lambda row: row[0].item,
        "Paper": lambda row: row[0].paper,
        "Ours": lambda row: row[0].ours,
        "Why": lambda row: row[0].why,
        "Runs": lambda row: f"{row[1]} of {len(records)}",
    }
    empty = "The runs state no departure." if records else NO_RUNS
    title = "Departures that the runs state"
    return [table(title, stated.items(), columns, empty=empty)]


def _data(claims: Claims, ledger: Ledger) -> list:
    places: dict[tuple, list[Record]] = {}
    for record in runs_of(claims.paper, ledger):
        place = (record.dataset, record.protocol, record.data["sha256"])
        places.setdefault(place, []).append(record)
    columns = {
        "Data set": lambda runs: phrases.place(runs[0].dataset, runs[0].protocol),
        "Faces": lambda runs: "\n".join(
            f"{name} {part['n']:,}" for name, part in runs[0].data["splits"].items()
        ),
        "Where from": lambda runs: cell(
            runs[0].data["provenance"], f"SHA-256 {runs[0].data['sha256'][:12]}"
        ),
        "Runs": len,
    }
    return [table("Data of the runs", places.values(), columns, empty=NO_RUNS)]


PARTS: dict[str, Callable[[Claims, Ledger], list]] = {
    "identity": _identity,
    "forest": lambda claims, ledger: list(forest(claims.paper, ledger).tables),
    "claims": _claims,
    "matrices": _matrices,
    "runs": _runs,
    "recipes": lambda claims, ledger: [gain_table(claims.paper, ledger)],
    "departures": _departures,
    "data": _data,
    "costs": lambda claims, ledger: [cost_table(runs_of(claims.paper, ledger))],
}


def status(ledger: Ledger, chapters: Iterable[Path] = ()) -> Page:
    """Chapters as this build has executed them, claims and runs as they stand."""
    executed = [nbformat.read(path, as_version=4) for path in chapters]
    tables = [_chapters(executed)] if executed else []
    tables += [score_table(ledger), _run_table(ledger)]
    tables.append(_repeated(runs_folder()))
    if ledger.left_out:
        folder = f"{repository_root()}/"  # readers have another one
        rows = tuple(
            (path.stem, why.replace(folder, ""))
            for path, why in ledger.left_out.items()
        )
        tables.append(Table("Records that are left out", ("Record", "Why"), rows))
    return Page(tuple(tables))


def _repeated(folder: Path) -> Table | Sentence:
    """Runs whose first batches were made again, by the register."""
    return table(
        "Runs that were repeated",
        [line for line in read_register(folder) if line.event == "repeated"],
        {
            "Run": lambda line: cell(line.record, f"predictions {line.sha256}"),
            "When": lambda line: line.date[:10],
            "Machine": lambda line: line.machine,
            "Found": lambda line: line.note,
        },
        empty="No run was repeated on another machine yet; ferbook verify RECORD "
        "--root DIR --keep does so.",
    )


def _chapters(executed: list[nbformat.NotebookNode]) -> Table:
    def told(notebook: nbformat.NotebookNode) -> dict:
        return notebook.metadata.get("executed", {})

    return table(
        "Chapters",
        executed,
        {
            "Chapter": _title,
            "Executed": lambda one: told(one).get("start_time", "not recorded")[:10],
            "With": lambda one: (
                ", ".join(
                    f"{name} {value}"
                    for name, value in chosen_parameters(one).items()
                    if name in _SHOWN
                )
                or "no parameters"
            ),
            "Took": lambda one: (
                phrases.duration(told(one)["duration"])
                if told(one).get("duration")
                else "not recorded"
            ),
        },
        note="A chapter is executed again whenever its code, its parameters, the "
        "library, a claim or a run has changed, so its numbers agree with the code "
        f"of version {fer_lib.__version__} that built these pages.",
    )


def _title(notebook: nbformat.NotebookNode) -> str:
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    lines = [line for source in prose for line in source.splitlines()]
    return next(line[2:] for line in lines if line.startswith("# "))


def chosen_parameters(notebook: nbformat.NotebookNode) -> dict:
    """The defaults of a notebook's parameters, by name."""
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    declared = tagged[0].source if tagged else ""
    return {
        node.target.id: ast.literal_eval(node.value)
        for node in ast.parse(declared).body
        if isinstance(node, ast.AnnAssign)
    }


def _run_table(ledger: Ledger) -> Table | Sentence:
    groups: dict[tuple[str, RunKey | None], list[Record]] = {}
    for claims in ledger.papers:
        for record in runs_of(claims.paper, ledger):
            same = replace(record.key, seed=0, variant="")
            groups.setdefault((claims.name, same), []).append(record)
        if not any(name == claims.name for name, _ in groups):
            groups[claims.name, None] = []
    note = (
        "Code says how the code of today stands to that of the runs. Where it was "
        "changed, what it does is compared: the settings of each run, in small, on "
        "noise. The command of a record makes a run again."
    )
    header = ("Runs of", "Runs", "Last run", "Code")
    rows = tuple(_row(name, runs, ledger) for (name, _), runs in groups.items())
    return Table("Recorded runs", header, rows, note) if rows else Sentence(NO_RUNS)


def _counted(states: Counter) -> Iterator[str]:
    return (f"{kind}: {n}" for kind, n in states.items())


def _row(name: str, records: list[Record], ledger: Ledger) -> tuple[str, ...]:
    if not records:
        return name, "none yet", "", ""
    last = max(records, key=lambda record: record.started)
    variants = sorted({record.variant for record in records})
    seeds = sorted({record.seed for record in records})
    versions = sorted({record.code["version"] for record in records})
    states = Counter(str(ledger.state(record).kind) for record in records)
    return (
        cell(
            name, phrases.place(last.dataset, last.protocol), phrases.trained(last.key)
        ),
        cell(
            str(len(records)),
            ", ".join(variants),
            f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}",
        ),
        cell(
            last.started[:10], phrases.hardware(last), f"library {', '.join(versions)}"
        ),
        next(iter(states)) if len(states) == 1 else cell(*_counted(states)),
    )
