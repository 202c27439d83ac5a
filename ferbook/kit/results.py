"""Results of a chapter's run, and of the recorded ones, as tables."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.expressions import expression_index
from fer_lib.models.network import Network
from ferbook.ledger.claim_files import load_claims
from ferbook.papers import config_of, paper_of
from ferbook.runs.paths import runs_folder
from ferbook.runs.records import Record, load_records
from ferbook.runs.run import Run
from ferbook.show import phrases
from ferbook.show.figures import percent
from ferbook.show.tables import Page, Sentence, Table, cell, table

_ROUNDED = (
    "The run by recipe mixed made the network of this page, whose file holds rounded "
    "weights: a few of its answers differ."
)
_CHOICE = {"last": "the last one", "selected": "best on validation"}


def recorded(
    paper: str, dataset: str | None = "fer2013", **fields: object
) -> list[Record]:
    """Recorded runs of a paper on a data set, or on any, the default variant first.

    Further fields of a record may be asked for, such as ``preset="small"``.
    """
    wanted = {"paper": paper} | fields
    wanted |= {"dataset": dataset} if dataset else {}
    folder = runs_folder()
    stamps = tuple((p, p.stat().st_mtime_ns) for p in sorted(folder.rglob("*.json")))
    found = [
        record
        for record in _records(folder, stamps)
        if not record.superseded
        and all(getattr(record, name) == value for name, value in wanted.items())
    ]

    def place(record: Record) -> tuple:
        named = (record.protocol, record.preset, record.recipe, record.variant)
        return record.variant != "default", *named, record.seed

    return sorted(found, key=place)


@lru_cache(maxsize=1)  # reading computes every metric again
def _records(folder: Path, stamps: tuple) -> tuple[Record, ...]:
    return load_records(folder)


def made_by(network: Network) -> Record | None:
    """The recorded run that a loaded network comes from."""
    command, paper = network.about.get("command"), paper_of(config_of(network)).name
    return next((r for r in recorded(paper, None) if r.command == command), None)


def record_name(record: Record) -> str:
    """Labels, size and seed of a run in words, and in what it is unusual."""
    told = [phrases.protocol_name(record.protocol), f"preset {record.preset}"]
    told += [] if record.recipe == "paper" else [f"recipe {record.recipe}"]
    told += [] if record.variant == "default" else [f"variant {record.variant}"]
    told += phrases.changes(record.trained_as)  # or two runs would share a name
    return ", ".join([*told, f"seed {record.seed}"])


def recorded_box(records: Sequence[Record]) -> Table | Sentence:
    """Recorded runs, a row each."""
    real = records and not records[0].rendered
    kind = phrases.dataset_name(records[0].dataset) if real else "rendered faces"
    return table(
        f"Recorded runs: accuracy on the reported split, {kind}, 95 % interval",
        records,
        {
            "Labels": lambda r: phrases.protocol_name(r.protocol),
            "Run": lambda r: cell(
                r.variant,
                f"{r.preset}, recipe {r.recipe}",
                f"seed {r.seed}, {phrases.epochs(r.epochs)}",
            ),
            "Single pass": lambda r: percent(r.metrics()),
            "With mirror image": lambda r: percent(r.metrics(view="flip")),
            "Last epoch": lambda r: percent(r.metrics("last")),
        },
        empty="No run of these is recorded yet.",
        note=_ROUNDED if any(record.recipe == "mixed" for record in records) else "",
    )


def if_any(words: str, *shown: Table | Sentence) -> Page | None:
    """Words above the tables that have rows; nothing at all where none has."""
    tables = [one for one in shown if isinstance(one, Table)]
    return Page((Sentence(words), *tables)) if tables else None


def result_box(run: Run) -> Table:
    """A run's results, a row for each checkpoint, split and view."""
    header = ("Epoch chosen by", "Split", "View", "Accuracy", "Mean over classes")
    header += ("Macro F1", "Calibration error")
    rows = [
        (
            _CHOICE[checkpoint],
            part,
            view,
            percent(metrics),
            percent(metrics, "mean_class_accuracy"),
            percent(metrics, "macro_f1"),
            f"{metrics['calibration_error']:.3f}",
        )
        for checkpoint, parts in run.results().items()
        if checkpoint in _CHOICE
        for part, views in parts.items()
        for view, metrics in views.items()
        if not view.startswith("member.")
    ]
    caption = f"This network on {kind_of(run.splits.test)}, 95 % interval and n"
    return Table(caption, header, tuple(rows))


def kind_of(faces: FaceSet) -> str:
    """What a set's faces are, for titles."""
    return "rendered faces" if faces.rendered else faces.name


def printed_matrix(id: str) -> tuple[str, np.ndarray, list[str]]:
    """Title, counts ``int [C, C]``, rows true, and classes of a printed matrix."""
    matrix = load_claims(id.split(".")[0]).matrix(id)
    order = np.argsort([expression_index(name) for name in matrix.classes])
    counts = np.array(matrix.rows)[np.ix_(order, order)]
    names = [matrix.classes[place] for place in order]
    return f"paper, {matrix.where.place}", counts, names


def recall_box(
    paper: str, run: Run, dataset: str = "fer2013", protocol: str = "official"
) -> Table:
    """Recalls that a paper tells of a data set, beside recorded and this run's.

    For papers that print no whole matrix; recorded runs are those of the protocol.
    """
    claims = [
        claim
        for claim in load_claims(paper).claims
        if claim.metric.startswith("recall.")
        and claim.kind == "value"
        and claim.dataset == dataset
    ]
    name = {claim.id: claim.metric.removeprefix("recall.") for claim in claims}
    columns = {
        "Class": lambda claim: cell(name[claim.id], claim.where.place),
        "Paper": phrases.paper_value,
    }
    own = next(iter(run.results()["selected"].values()))["single"]["confusion"]
    confusions = {
        record_name(r): (r.metrics()["confusion"], r.classes)
        for r in recorded(paper, dataset, protocol=protocol, variant="default")
    }
    here = f"This network, {kind_of(run.splits.test)}"
    for title, told in (confusions | {here: (own, run.splits.classes)}).items():
        recalls = _recalls(*told)
        columns[title] = lambda claim, recalls=recalls: recalls.get(name[claim.id], "")
    return table(
        f"Recalls that the paper states for {phrases.dataset_name(dataset)}",
        claims,
        columns,
    )


def _recalls(confusion: Sequence, classes: Sequence[str]) -> dict[str, str]:
    counts = np.asarray(confusion)
    rows = zip(classes, counts.diagonal(), counts.sum(1), strict=True)
    return {
        name: f"{100 * hits / n:.1f} %, n = {n:,}" if n else "no face"
        for name, hits, n in rows
    }


def departure_box(run: Run) -> Table:
    """How a run departs from its paper, as it is recorded."""
    if run.record is not None:
        found = [vars(one) for one in run.record.departures]
    else:
        found = paper_of(run.config).departures(run.config, run.splits)
    columns = {
        "Item": lambda one: one["item"],
        "Paper": lambda one: one["paper"],
        "This run": lambda one: one["ours"],
        "Why": lambda one: one.get("why", ""),
    }
    return table("Departures of this network from the paper", found, columns)


def three_columns(
    rows: Sequence[tuple[str, str, str, str]],
    middle: str = "authors' code",
    note: str = "",
) -> Table:
    """What the paper says, what the code of ``middle`` does, what we do.

    Rows are item, paper, code, ours; the note stands below the table.
    """
    header = ("", "paper", middle, "ours")
    return Table(f"Paper, {middle}, ours", header, tuple(rows), note)
