"""Recorded runs as tables: what they reached, and what they took."""

from collections.abc import Iterable, Mapping
from statistics import median

from fer_lib.errors import FerError
from ferbook.ledger.comparing import Gain, recipe_gains
from ferbook.ledger.ledger import Ledger, open_ledger
from ferbook.runs.records import Record
from ferbook.show import phrases
from ferbook.show.tables import Sentence, Table, cell, table

NO_RUNS = "No run is recorded yet."
# Recipes whose runs belong to a paper beside those of its own name.
ALSO = {"residual_masking": ("comparison",)}


def runs_of(paper: str, ledger: Ledger) -> list[Record]:
    """All runs of a paper, with the networks that it compares itself to."""
    papers = (paper, *ALSO.get(paper, ()))
    found = [record for record in ledger.records if record.paper in papers]
    return sorted(found, key=lambda record: papers.index(record.paper))


def run_table(paper: str, ledger: Ledger | None = None) -> Table:
    """Every run of a paper: last epoch, selected, flipped, best on test."""
    ledger = ledger or open_ledger()
    names = {claims.paper: claims.name for claims in ledger.papers}
    return table(
        f"Runs of {names.get(paper, paper)}",
        [r for r in (*ledger.records, *ledger.superseded) if r.paper == paper],
        {
            "Run": lambda r: _about(r, ledger),
            "Selected": lambda r: cell(
                _share(r), f"epoch {r.selection['epoch']}, {r.selection['split']}"
            ),
            "Selected + flip": lambda r: _share(r, view="flip"),
            "Last epoch": lambda r: _share(r, "last"),
            "Best on test": lambda r: _best(r.selection.get("best_on_test")),
            "Mean over classes": lambda r: _share(r, key="mean_class_accuracy"),
            "Not in training": lambda r: _share(r, key="unseen_accuracy"),
        },
        note="Accuracy in % on the reported split with its 95 % interval. Selected is "
        "the epoch that is best on the split named there, flip adds the mirror "
        "image. Best on test is a warning of what choosing on the test split "
        "would have shown; it is never reported as a result. Not in training "
        "leaves out the faces whose very image is also a training image. "
        "Superseded runs answer no claim; they stand here because no record is "
        "ever replaced.",
    )


def _about(record: Record, ledger: Ledger) -> str:
    took = phrases.duration(phrases.seconds_taken(record))
    kind = "Rendered faces, " if record.rendered else ""
    return cell(
        kind + phrases.protocol_name(record.protocol),
        phrases.trained(record.key),
        f"variant {record.variant}, seed {record.seed}",
        f"{phrases.epochs(record.epochs)} in {took} on {phrases.hardware(record)}",
        f"n = {record.metrics()['n']:,}",
        phrases.made(record, ledger.state(record)),
        f"superseded: {record.superseded}" if record.superseded else "",
    )


def _best(told: Mapping | None) -> str:
    return (
        cell(phrases.percent(told["accuracy"]), f"epoch {told['epoch']}")
        if told
        else ""
    )


def _share(
    record: Record,
    checkpoint: str = "selected",
    view: str = "single",
    key: str = "accuracy",
) -> str:
    try:
        metrics = record.metrics(checkpoint, record.reported, view)
    except FerError:
        return "not kept"
    if key not in metrics:
        return "not recorded"
    low, high = map(phrases.percent, metrics[f"{key}_ci95"])
    return cell(phrases.percent(metrics[key]), f"{low}–{high}")


def cost_table(records: Iterable[Record]) -> Table | Sentence:
    """What runs took: time, memory, and on which machine."""
    return table(
        "What the runs took",
        records,
        {
            "Run": lambda r: cell(
                f"{phrases.network_name(r.paper)}, {r.variant}",
                phrases.protocol_name(r.protocol),
                f"{phrases.trained(r.key)}, seed {r.seed}",
            ),
            "Parameters": lambda r: f"{r.parameters:,}",
            "Time": lambda r: cell(
                phrases.duration(phrases.seconds_taken(r)), phrases.epochs(r.epochs)
            ),
            "Per epoch": lambda r: f"{seconds_an_epoch(r):.1f} s",
            "Peak memory": lambda r: (
                f"{r.peak_memory_mib:,.0f} MiB" if r.peak_memory_mib else "not measured"
            ),
            "Machine": lambda r: cell(
                phrases.hardware(r),
                f"torch {r.libraries['torch']}, library {r.code['version']}",
            ),
        },
        empty=NO_RUNS,
        note="Time is that of training and of looking at the selection split. Per "
        "epoch is the median. Peak memory is the process's on a CPU, the "
        "device's on a GPU.",
    )


def gain_table(
    paper: str | None = None, ledger: Ledger | None = None
) -> Table | Sentence:
    """What another recipe adds to a paper's own (all if None), on the same faces."""
    ledger = ledger or open_ledger()

    def network(gain: Gain) -> str:
        kind = "Rendered faces, " if gain.rendered else ""
        protocol = kind + phrases.protocol_name(gain.key.protocol)
        name = f"{phrases.network_name(gain.key.paper)}, {gain.key.variant}"
        return cell(name, protocol, f"preset {gain.key.preset}")

    return table(
        "How much of an accuracy is the recipe?",
        recipe_gains(runs_of(paper, ledger) if paper else ledger.records),
        {
            "Network": network,
            "Recipe": lambda gain: gain.key.recipe,
            "Adds": lambda gain: phrases.points(gain.comparison.difference),
            "n": lambda gain: cell(
                f"{gain.comparison.difference.n:,}",
                phrases.seeds(gain.comparison.seeds, gain.comparison.difference.spread),
            ),
            "Epochs": lambda gain: f"{gain.epochs[0]} → {gain.epochs[1]}",
        },
        empty="No other recipe was run with the same seeds yet.",
        note="Adds is the accuracy by that recipe less that by the paper's own, with "
        "its paired 95 % interval over faces; seeds and faces are the same.",
    )


def seconds_an_epoch(record: Record) -> float:
    """Median seconds of an epoch of a run, as of ``phrases.seconds_taken``."""
    key, share = "seconds", 1
    if record.hardware["device"] == "cpu" and "cpu_seconds" in record.content:
        key, share = "cpu_seconds", record.hardware["threads"]
    told = [row[key] / share for row in record.curve if key in row]
    if not told:
        return phrases.seconds_taken(record) / max(record.epochs, 1)
    return median(told)
