"""Recorded runs as tables: what they reached, and what they took."""

from collections.abc import Iterable
from statistics import median

from fer_lib.errors import FerError
from ferbook.ledger.gains import Gain, recipe_gains
from ferbook.ledger.judged import Ledger, open_ledger
from ferbook.runs.records import Record
from ferbook.show import phrases
from ferbook.show.tables import Sentence, Table

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
    header = ("Run", "Selected", "Selected + flip", "Last epoch", "Best on test")
    header += ("Mean over classes", "Not in training")
    listed = (*ledger.records, *ledger.superseded)
    rows = [_run(r, ledger) for r in listed if r.paper == paper]
    note = (
        "Accuracy in % on the reported split with its 95 % interval. Selected is "
        "the epoch that is best on the split named there, flip adds the mirror "
        "image. Best on test is a warning of what choosing on the test split "
        "would have shown; it is never reported as a result. Not in training "
        "leaves out the faces whose very image is also a training image. "
        "Superseded runs answer no claim; they stand here because no record is "
        "ever replaced."
    )
    names = {claims.paper: claims.name for claims in ledger.papers}
    return Table(f"Runs of {names.get(paper, paper)}", header, tuple(rows), note)


def _run(record: Record, ledger: Ledger) -> tuple[str, ...]:
    chosen = record.selection
    best = chosen.get("best_on_test")
    about = (
        ("Rendered faces, " if record.rendered else "")
        + phrases.protocol_name(record.protocol),
        phrases.trained(record.key),
        f"variant {record.variant}, seed {record.seed}",
        f"{record.epochs} epochs in {phrases.duration(phrases.seconds_taken(record))} "
        f"on {phrases.hardware(record)}",
        f"n = {record.metrics(split=_reported(record))['n']:,}",
        phrases.made(record, ledger.stale(record)),
        f"superseded: {record.superseded}" if record.superseded else "",
    )
    return (
        "\n ".join(filter(None, about)),
        f"{_share(record, 'selected')}\n epoch {chosen['epoch']}, {chosen['split']}",
        _share(record, "selected", "flip"),
        _share(record, "last"),
        f"{phrases.percent(best['accuracy'])}\n epoch {best['epoch']}" if best else "",
        _share(record, "selected", key="mean_class_accuracy"),
        _share(record, "selected", key="unseen_accuracy"),
    )


def _reported(record: Record) -> str:
    """The split that the selected checkpoint is reported on."""
    return next(iter(record.results["selected"]))


def _share(
    record: Record, checkpoint: str, view: str = "single", key: str = "accuracy"
) -> str:
    try:
        metrics = record.metrics(checkpoint, _reported(record), view)
    except FerError:
        return "not kept"
    if key not in metrics:
        return "not recorded"
    low, high = map(phrases.percent, metrics[f"{key}_ci95"])
    return f"{phrases.percent(metrics[key])}\n {low}–{high}"


def cost_table(records: Iterable[Record]) -> Table:
    """What runs took: time, memory, and on which machine."""
    header = ("Run", "Parameters", "Time", "An epoch", "Peak memory", "Machine")
    rows = tuple(_cost(record) for record in records)
    note = (
        "Time is that of training and of looking at the selection split. An epoch "
        "is the median one. Peak memory is the process's on a CPU, the device's on "
        "a GPU."
    )
    return Table("What the runs took", header, rows, note)


def gain_table(
    paper: str | None = None, ledger: Ledger | None = None
) -> Table | Sentence:
    """What another recipe adds to a paper's own, on the same test faces.

    Args:
        paper: nickname of a paper; all if None.
        ledger: claims and runs; the repository's if None.
    """
    ledger = ledger or open_ledger()
    records = runs_of(paper, ledger) if paper else ledger.records
    rows = tuple(_gain(gain) for gain in recipe_gains(records))
    if not rows:
        return Sentence("No other recipe was run with the same seeds yet.")
    header = ("Network", "Recipe", "Adds", "n", "Epochs")
    note = (
        "Adds is the accuracy by that recipe less that by the paper's own, with its "
        "paired 95 % interval over faces; seeds and faces are the same."
    )
    return Table("How much of an accuracy is the recipe?", header, rows, note)


def _gain(gain: Gain) -> tuple[str, ...]:
    key, told = gain.key, gain.comparison
    found, seeds = told.difference, len(told.seeds)
    spread = f" that spread by {100 * told.spread:.1f}" if told.spread else ""
    faces = "Rendered faces, " if gain.rendered else ""
    return (
        f"{key.paper}, {key.variant}\n {faces}{phrases.protocol_name(key.protocol)}"
        f"\n preset {key.preset}",
        key.recipe,
        f"{100 * found.mean:+.1f} points\n 95 % interval {100 * found.low:+.1f} to "
        f"{100 * found.high:+.1f}",
        f"{found.n:,}\n {seeds} seed{'s' if seeds > 1 else ''}{spread}",
        f"{gain.epochs[0]} → {gain.epochs[1]}",
    )


def _cost(record: Record) -> tuple[str, ...]:
    versions = record.libraries
    memory = record.peak_memory_mib
    return (
        f"{record.paper}, {record.variant}\n {phrases.protocol_name(record.protocol)}"
        f"\n {phrases.trained(record.key)}, seed {record.seed}",
        f"{record.parameters:,}",
        f"{phrases.duration(phrases.seconds_taken(record))}\n {record.epochs} epochs",
        f"{seconds_an_epoch(record):.1f} s",
        f"{memory:,.0f} MiB" if memory else "not measured",
        f"{phrases.hardware(record)}\n torch {versions['torch']}, "
        f"library {record.code['version']}",
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
