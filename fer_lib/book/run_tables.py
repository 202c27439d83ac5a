"""Every recorded run of a paper as a table."""

from fer_lib.book import phrases
from fer_lib.book.judged import Ledger, open_ledger
from fer_lib.book.tables import Table
from fer_lib.errors import FerError
from fer_lib.evidence.records import Record


def run_table(paper: str, ledger: Ledger | None = None) -> Table:
    """Every run of a paper: last epoch, selected, flipped, best on test."""
    ledger = ledger or open_ledger()
    header = ("Run", "Selected", "Selected + flip", "Last epoch", "Best on test")
    header += ("Mean over classes", "Not in training")
    rows = [_run(r, ledger) for r in ledger.records if r.paper == paper]
    note = (
        "Accuracy in % on the reported split with its 95 % interval. Selected is "
        "the epoch that is best on the split named there, flip adds the mirror "
        "image. Best on test is a warning of what choosing on the test split "
        "would have shown; it is never reported as a result. Not in training "
        "leaves out the faces whose very image is also a training image."
    )
    return Table(f"Runs of {paper}", header, tuple(rows), note)


def _run(record: Record, ledger: Ledger) -> tuple[str, ...]:
    chosen = record.selection
    best = chosen.get("best_on_test")
    about = (
        ("Rendered faces, " if record.rendered else "")
        + phrases.protocol_name(record.protocol),
        f"{record.preset}, {record.variant}, seed {record.seed}",
        f"{record.epochs} epochs on {record.hardware['name']}",
        f"n = {record.metrics(split=_reported(record))['n']:,}",
        phrases.made(record, ledger.stale(record)),
    )
    return (
        "\n ".join(about),
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
