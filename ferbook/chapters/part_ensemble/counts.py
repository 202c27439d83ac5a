"""What the part ensemble's chapter alone counts and puts into tables."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.models.part_network import POOLINGS, MaxPool
from ferbook.kit.results import record_name
from ferbook.ledger.arithmetic.printed import figure
from ferbook.ledger.claims_file import load_claims
from ferbook.ledger.judged import Ledger
from ferbook.ledger.verdicts import judge
from ferbook.papers.part_evaluation import member_scores
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show.claim_tables import claim_rows
from ferbook.show.tables import Table

Accuracies = dict[str, tuple[float, float, float]]  # with lower and upper limit

# Section V-A: which sub-network is right most often when asked alone.
ORDER = ("mouth", "eyes", "eyebrows", "jaw", "nose")
SETS = {"ckplus": "CK+", "jaffe": "JAFFE", "sfew": "SFEW"}
CROSS_SETS = {"sfew_to_ckplus": "SFEW to CK+", "sfew_to_jaffe": "SFEW to JAFFE"}
# Checks of the claims about sizes, Sections I, III-C1 and IV-E.
SIZES = (
    "module_parameters",
    "network_layers",
    "inference_flops",
    "convolution_share",
    "storage",
)
_ID = "part_ensemble"


def printed_accuracies(place: str) -> dict[str, float]:
    """Printed accuracies of the sub-networks alone and of all, 0 to 1.

    Args:
        place: ``ckplus``, ``jaffe``, ``sfew``, ``sfew_to_ckplus`` or
            ``sfew_to_jaffe``.
    """
    paper = load_claims(_ID)
    ids = {name: f"{_ID}.{place}.{name}.accuracy" for name in ORDER}
    ids["ensemble"] = f"{_ID}.{place}.accuracy"
    return {name: float(figure(paper, id)) / 100 for name, id in ids.items()}


def printed_box() -> Table:
    """Tables I and III: the order of the parts, and what the ensemble adds."""
    rows = []
    for place, title in (SETS | CROSS_SETS).items():
        found = printed_accuracies(place)
        whole = found.pop("ensemble")
        best = sorted(found, key=found.get, reverse=True)
        told = ", ".join(f"{name} {100 * found[name]:.2f}" for name in best)
        above = [whole - np.mean(list(found.values())), whole - found["mouth"]]
        points = [f"{100 * gap:+.2f} points" for gap in above]
        rows.append((title, told, f"{100 * whole:.2f}", *points))
    header = ("Data set", "Alone, best first (%)", "All five (%)")
    header += ("Above the mean of the five", "Above the mouth")
    return Table("Printed in Tables I and III of the paper", header, tuple(rows))


def orders_box(ledger: Ledger) -> Table:
    """The claims that FER2013 can answer: all of them are orders."""
    found = [j for j in ledger.select(_ID, "order") if j.claim.dataset == "fer2013"]
    return claim_rows("What the paper says, asked of FER2013", found, ledger)


def sums_box(caption: str, checks: Sequence[str]) -> Table:
    """The paper's own figures, worked out again.

    Args:
        caption: of the table.
        checks: names of the checks whose claims are shown.
    """
    paper = load_claims(_ID)
    asked = [claim for claim in paper.claims if claim.check in checks]
    judged = [(claim, judge(claim, paper, ())) for claim in asked]
    rows = tuple(
        (f"{claim.says}\n {claim.where}", found.why, str(found.verdict))
        for claim, found in judged
    )
    return Table(caption, ("The paper says", "Worked out", "Verdict"), rows)


def pooling_box(side: int = 8) -> Table:
    """Which pixels each window of a row sees, by the reading of the pooling.

    Args:
        side: pixels in the row.
    """
    probes = torch.eye(side)[:, None, None, :].expand(-1, -1, side, -1)
    rows = []
    for pooling in POOLINGS:
        seen = MaxPool(pooling)(probes)[:, 0, 0].T  # [windows, pixels]
        spans = [window.nonzero()[[0, -1], 0].tolist() for window in seen]
        rows.append((pooling, *(f"{first}–{last}" for first, last in spans)))
    header = ("Padding", *(f"Window {k + 1}" for k in range(len(rows[0]) - 1)))
    return Table(f"Pixels 0 to {side - 1} in windows of 3 by steps of 2", header, rows)


def accuracies(run: Run) -> Accuracies:
    """Each sub-network alone and all five on the run's test faces."""
    test, network = run.splits.test, run.network
    scores = member_scores(network, test.images, run.preprocessing).double()
    members = scores.argmax(2).numpy() == test.labels[:, None]
    whole = scores.softmax(2).sum(1).argmax(1).numpy() == test.labels
    right = dict(zip(network.members, members.T, strict=True)) | {"ensemble": whole}
    return {name: _share(hits) for name, hits in right.items()}


def recorded_accuracies(record: Record) -> Accuracies:
    """As :func:`accuracies`, of a recorded run."""
    views = [v for v in record.results["selected"][record.reported] if "member." in v]
    right = {v.removeprefix("member."): record.correct(view=v) for v in views}
    right["ensemble"] = record.correct()
    return {name: _share(hits) for name, hits in right.items()}


def accuracy_panels(run: Run, records: Iterable[Record]) -> dict[str, Accuracies]:
    """Who is right how often: printed, in recorded runs, here."""
    found = {}
    for place, title in SETS.items():
        printed = printed_accuracies(place)
        found[f"paper, {title}"] = {k: (v, v, v) for k, v in printed.items()}
    for record in records:
        found[record_name(record).replace(", ", "\n", 1)] = recorded_accuracies(record)
    kind = "rendered faces" if run.splits.test.rendered else run.splits.test.name
    return found | {f"this network,\n{kind}": accuracies(run)}


def _share(right: np.ndarray) -> tuple[float, float, float]:
    return float(right.mean()), *wilson_interval(int(right.sum()), len(right))


def false_positive_box(run: Run) -> Table:
    """How often each class is said wrongly, and how often it is trained on."""
    said = next(iter(run.results()["selected"].values()))["single"]["confusion"]
    counts = np.asarray(said)
    wrong = counts.sum(0) - counts.diagonal()
    trained = np.bincount(run.splits.train.labels, minlength=len(counts))
    rows = tuple(
        (name, str(errors), f"{100 * share:.1f} %")
        for name, errors, share in sorted(
            zip(run.splits.classes, wrong, trained / trained.sum(), strict=True),
            key=lambda row: -row[1],
        )
    )
    header = ("Class", "Wrongly said", "Share of the training faces")
    return Table(f"Errors by what was said, n = {counts.sum():,}", header, rows)
