"""The ledger: claims, runs and verdicts as tables.

``claim_box`` and ``ledger_table`` are for code cells, which Colab and
JupyterLab must show too; the pages get the same tables through ``roles``.
"""

import json
from collections import Counter
from pathlib import Path

from fer_lib.book import phrases
from fer_lib.book.judged import KINDS, Ledger, open_ledger
from fer_lib.book.tables import Page, Table
from fer_lib.errors import FerError
from fer_lib.evidence.claims import Claim
from fer_lib.evidence.paths import repository_root
from fer_lib.evidence.readings import Reading
from fer_lib.evidence.records import Record
from fer_lib.evidence.verdicts import Judgement
from fer_lib.files import atomic_path

_MARKS = (
    "<!-- ledger: begin (made by fer_lib.book.ledger) -->",
    "<!-- ledger: end -->",
)


def ledger_table(
    paper: str | None = None,
    kind: str | None = None,
    ledger: Ledger | None = None,
) -> Page:
    """The ledger, one table a kind of claim.

    Args:
        paper: nickname of a paper; all papers if None.
        kind: one of ``KINDS``; all kinds if None.
        ledger: claims and runs; the repository's if None.
    """
    ledger = ledger or open_ledger()
    tables = []
    for name, title in KINDS.items():
        found = ledger.select(paper, name) if kind in (None, name) else []
        if found:
            make = _sums if name == "arithmetic" else _claims
            tables.append(make(title, found, ledger, folded=name == "recall"))
    if kind and not tables:
        ledger.select(paper, kind)  # tells an unknown kind from an empty one
    return Page(tuple(tables))


def claim_box(paper: str, ledger: Ledger | None = None) -> Table:
    """The box at a chapter's top: the paper's values, ours, verdicts."""
    ledger = ledger or open_ledger()
    values = ledger.select(paper, "value") + ledger.select(paper, "difference")
    others = [j for j in ledger.select(paper, None) if j not in values]
    counts = Counter(str(j.verdict) for j in others)
    told = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
    title = next(p.title for p in ledger.papers if p.paper == paper)
    box = _claims(f"What the paper claims: {title}", values, ledger)
    note = f"{len(others)} further claims: {told}. The ledger lists them all."
    return Table(box.caption, box.header, box.rows, note)


def run_table(paper: str, ledger: Ledger | None = None) -> Table:
    """Every run of a paper: last epoch, selected, flipped, best on test."""
    ledger = ledger or open_ledger()
    header = ("Run", "Selected", "Selected + flip", "Last epoch", "Best on test")
    header += ("Mean over classes", "Not in training")
    rows = [_run(r, ledger) for r in ledger.records if r.paper == paper]
    note = (
        "Accuracy in % on PrivateTest with its 95 % interval. Selected is the "
        "epoch that is best on the split named there, flip adds the mirror "
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
        f"n = {record.metrics()['n']:,}",
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


def _share(
    record: Record, checkpoint: str, view: str = "single", key: str = "accuracy"
) -> str:
    try:
        metrics = record.metrics(checkpoint, view=view)
    except FerError:
        return "not kept"
    if key not in metrics:
        return "not recorded"
    low, high = map(phrases.percent, metrics[f"{key}_ci95"])
    return f"{phrases.percent(metrics[key])}\n {low}–{high}"


def claims_text(paper: str | None = None, ledger: Ledger | None = None) -> str:
    """The ledger for a terminal."""
    return repr(ledger_table(paper, ledger=ledger))


def claims_json(paper: str | None = None, ledger: Ledger | None = None) -> str:
    """The ledger as JSON, one entry a claim."""
    ledger = ledger or open_ledger()
    found = [_entry(judgement) for judgement in ledger.select(paper, None)]
    return json.dumps(found, indent=1, ensure_ascii=False)


def readme_table(ledger: Ledger | None = None) -> str:
    """What is reproduced so far, in markdown: values with ours beside them."""
    ledger = ledger or open_ledger()
    rows = []
    for judgement in ledger.select(None, "value"):
        claim = judgement.claim
        ours = [
            f"{phrases.our_value(claim, reading)}, "
            f"{phrases.protocol_name(reading.answer.protocol)}"
            for reading in judgement.readings
        ]
        rows.append(
            (
                f"{_title(claim.paper)}: {claim.says}",
                phrases.paper_value(claim),
                "\n".join(ours) or "–",
                phrases.verdict(judgement),
            )
        )
    return Table("", ("Claim", "Paper", "Ours", "Verdict"), tuple(rows)).markdown()


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


def _title(paper: str) -> str:
    return "-".join(word.capitalize() for word in paper.split("_"))


def _claims(title: str, found: list[Judgement], ledger: Ledger, **options) -> Table:
    header = ("Claim", "Paper", "Ours", "Verdict")
    rows = tuple(_claim(judgement, ledger) for judgement in found)
    if not any(row[1] for row in rows):  # orders have no value
        header, rows = header[::2] + header[3:], tuple(r[::2] + r[3:] for r in rows)
    return Table(title, header, rows, **options)


def _claim(judgement: Judgement, ledger: Ledger) -> tuple[str, ...]:
    claim = judgement.claim
    ours = [_reading(claim, reading, ledger) for reading in judgement.readings]
    return (
        f"{claim.says}\n {claim.where}",
        phrases.paper_value(claim),
        "\n".join(ours) or phrases.NO_RUN,
        f"{judgement.verdict}\n {judgement.why}",
    )


def _reading(claim: Claim, reading: Reading, ledger: Ledger) -> str:
    """What one protocol's runs say: figure, departures, date."""
    record = max(reading.records, key=lambda r: r.started)
    lines = [
        phrases.our_figure(claim, reading),
        phrases.our_interval(claim, reading),
        phrases.protocol_name(reading.answer.protocol),
        phrases.departures(reading),
        phrases.made(record, any(map(ledger.stale, reading.records))),
    ]
    return "\n ".join(filter(None, lines))


def _sums(title: str, found: list[Judgement], ledger: Ledger, **options) -> Table:
    rows = tuple(
        (f"{j.claim.says}\n {j.claim.where}", str(j.verdict), j.why) for j in found
    )
    return Table(title, ("Claim", "Verdict", "Working"), rows, **options)


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
                "mean": reading.mean,
                "interval95": [reading.low, reading.high],
                "n": reading.n,
                "seeds": list(reading.seeds),
                "departures": [vars(d) for d in reading.departures],
                "records": [record.path.name for record in reading.records],
            }
            for reading in judgement.readings
        ],
    }


if __name__ == "__main__":
    update_readme(repository_root() / "README.md")
