"""What the part ensemble's chapter counts: accuracies, landmarks, heat, sums."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.landmarks import Errors, LandmarkDrift, landmark_errors
from fer_lib.models.part_network import PARTS, POOLINGS, MaxPool
from ferbook.kit.results import record_name
from ferbook.ledger.arithmetic.printed import figure
from ferbook.ledger.claim_files import load_claims
from ferbook.ledger.ledger import Ledger
from ferbook.ledger.rules import Verdict
from ferbook.ledger.statistics import Difference, crossed
from ferbook.ledger.verdicts import judge
from ferbook.papers.part_measures import member_scores
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show.claim_tables import claim_rows
from ferbook.show.tables import Page, Sentence, Table

Accuracies = dict[str, tuple[float, float, float]]  # with lower and upper limit

# Section V-A: which sub-network is right most often when asked alone.
ORDER = ("mouth", "eyes", "eyebrows", "jaw", "nose")
SETS = {"ckplus": "CK+", "jaffe": "JAFFE", "sfew": "SFEW"}
_CROSS_SETS = {"sfew_to_ckplus": "SFEW to CK+", "sfew_to_jaffe": "SFEW to JAFFE"}
# Checks of the claims about sizes, Sections I, III-C1 and IV-E.
SIZES = (
    "module_parameters",
    "network_layers",
    "inference_flops",
    "convolution_share",
    "storage",
)
# Section V-B: what fine-tuning does to the error of the landmarks, on SFEW.
DRIFT = {
    "mouth": "falls",
    "eyes": "falls",
    "eyebrows": "rises slightly",
    "jaw": "nearly the same",
    "nose": "rises more",
}
_SIGNS = {1: "rises", -1: "falls", 0: "undecided"}
_HEAT = ("heat.parts", "heat.own_part", "heat.elsewhere")
_ID = "part_ensemble"
_ASKED = "What the paper says, asked of FER2013"


def printed_accuracies(place: str) -> dict[str, float]:
    """Printed accuracies of the sub-networks alone and of all, 0 to 1."""
    paper = load_claims(_ID)
    ids = {name: f"{_ID}.{place}.{name}.accuracy" for name in ORDER}
    ids["ensemble"] = f"{_ID}.{place}.accuracy"
    return {name: float(figure(paper, id)) / 100 for name, id in ids.items()}


def printed_box() -> Table:
    """Tables I and III: the order of the parts, and what the ensemble adds."""
    rows = []
    for place, title in (SETS | _CROSS_SETS).items():
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


def orders_box(ledger: Ledger) -> Page:
    """The claims that FER2013 can answer, all orders: first those with runs."""
    found = [j for j in ledger.select(_ID, "order") if j.claim.dataset == "fer2013"]
    told = [j for j in found if j.standing != Verdict.NOT_RUN]
    shown = [claim_rows(_ASKED, told)] if told else []
    if rest := len(found) - len(told):
        shown.append(
            Sentence(
                f"{rest} {'more' if told else 'such'} orders have no answer yet: a "
                "claim is answered by runs of the scale, and with the comparisons, "
                "that its entry below names. What other runs have measured of "
                "landmarks and heat stands above, and decides nothing."
            )
        )
    return Page(tuple(shown))


def sums_box(caption: str, checks: Sequence[str]) -> Table:
    """The paper's own figures, worked out again, of the claims with these checks."""
    paper = load_claims(_ID)
    asked = [claim for claim in paper.claims if claim.check in checks]
    judged = [(claim, judge(claim, paper, ())) for claim in asked]
    rows = tuple(
        (f"{claim.says}\n {claim.where}", found.why, str(found.verdict))
        for claim, found in judged
    )
    return Table(caption, ("The paper says", "Worked out", "Verdict"), rows)


def pooling_box(side: int = 8) -> Table:
    """Which of ``side`` pixels in a row each window sees, by the reading of pooling."""
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
    scores = member_scores(network, test.images).double()
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
    told = zip(run.splits.classes, wrong, trained / trained.sum(), strict=True)
    rows = tuple(
        (name, str(errors), f"{100 * share:.1f} %")
        for name, errors, share in sorted(told, key=lambda row: -row[1])
    )
    header = ("Class", "Wrongly said", "Share of the page's training faces")
    return Table(f"Errors by what was said, n = {counts.sum():,}", header, rows)


def face_shares(faces: FaceSet) -> np.ndarray:
    """Landmarks ``float64 [N, 68, 2]`` as shares of the face's sides."""
    height, width = faces.images.shape[2:]
    # Centres of pixels stand at whole numbers.
    return (faces.landmarks.astype(np.float64) + 0.5) / [width, height]


def errors_of(points: np.ndarray, drift: LandmarkDrift) -> Errors:
    """Errors, by member, of points ``[N or 1, 68, 2]`` that others have placed."""
    points = np.broadcast_to(points, drift.truth.shape)
    own = [points[:, slice(*PARTS[part])] for part in drift.parts]
    return landmark_errors(own, drift.parts, drift.truth)


def drift_box(drift: LandmarkDrift, others: Mapping[str, Errors]) -> Table:
    """Equation (1) of every member before and after fine-tuning, beside others."""
    before, after = (e.absolute for e in (drift.errors_before, drift.errors_after))
    columns = [*(one.absolute for one in others.values()), before, after]
    rows = []
    for i, name in enumerate(drift.names):
        means = [f"{100 * column[:, i].mean():.2f}" for column in columns]
        change = crossed(after[:, i], before[:, i], shares=False)
        said = DRIFT.get(name, "not stated")
        rows.append((name, *means, _range(change, 100), _SIGNS[change.sign()], said))
    header = ("Part", *others, "Before tuning", "After tuning", "Change, 95 %")
    header += ("It", "Paper, SFEW")
    note = "Mean error of a coordinate, equation (1), in per cent of the face's side."
    caption = f"Landmarks of {len(drift.truth)} test faces"
    return Table(caption, header, tuple(rows), f"{note} {_lost(drift, others)}".strip())


def _lost(drift: LandmarkDrift, others: Mapping[str, Errors]) -> str:
    """Which old heads no longer understand the tuned extractor."""
    if "Mean face" not in others:
        return ""
    before, after = (e.absolute for e in (drift.errors_before, drift.errors_after))
    nobody = others["Mean face"].absolute
    lost = [
        name
        for i, name in enumerate(drift.names)
        if before[:, i].mean() < nobody[:, i].mean() < after[:, i].mean()
    ]
    if not lost:
        return "No head that knew more than the mean face lost that in the tuning."
    return (
        f"Better than the mean face before the tuning and worse after it: "
        f"{', '.join(lost)}. There the features have come to mean something else."
    )


def recorded_drift_box(records: Iterable[Record]) -> Table | Sentence:
    """What fine-tuning did to the landmarks in recorded runs."""
    rows = []
    for record in records:
        found = _measured(record, [f"landmark_rise.{name}" for name in ORDER])
        if len(found) == len(ORDER):
            changes = [crossed(r, shares=False) for r in found.values()]
            told = [f"{_SIGNS[c.sign()]}\n {_range(c, 100)}" for c in changes]
            rows.append((record_name(record), *told))
    header = ("Run", *(f"{name}\n paper: {DRIFT[name]}" for name in ORDER))
    note = "Change of equation (1), points of the face's side, 95 % interval."
    caption = "Fine-tuning and landmarks in recorded runs"
    return Table(caption, header, tuple(rows), note) if rows else _none(caption)


def heat_box(measured: Mapping[str, Mapping[str, np.ndarray]]) -> Table | Sentence:
    """Where Grad-CAM's heat lies, by network; 1 is the same everywhere."""
    rows = []
    for name, found in measured.items():
        if _HEAT[0] not in found:  # recorded before it was measured
            continue
        union, *parts = (found.get(key) for key in _HEAT)
        told = [f"{union.mean():.2f}", "", "", ""]
        if parts[0] is not None:
            means = [f"{part.mean():.2f}" for part in parts]
            told[1:] = [*means, _range(crossed(*parts, shares=False))]
        rows.append((name, *told, f"{len(union):,}"))
    header = ("Network", "Union, near any landmark", "Sub-networks, own part")
    header += ("Sub-networks, elsewhere", "Own less elsewhere, 95 %", "n")
    caption = "Mean heat of a pixel"
    return (
        Table(caption, header, tuple(rows), _own(measured)) if rows else _none(caption)
    )


def _own(measured: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """Whether sub-networks look at their own part, by network."""
    says = {1: "looks more", -1: "looks less", 0: "as far as can be told looks no more"}
    told = []
    for name, found in measured.items():
        parts = [found[key] for key in _HEAT[1:] if key in found]
        if len(parts) == 2:
            sign = crossed(*parts, shares=False).sign()
            words = f"In {name}, a sub-network {says[sign]} near its own part"
            told.append(f"{words} than elsewhere.")
    return " ".join(told)


def recorded_heat(record: Record) -> dict[str, np.ndarray]:
    """The heat that a recorded run measured, by name."""
    return _measured(record, _HEAT)


def _measured(record: Record, names: Sequence[str]) -> dict[str, np.ndarray]:
    kept = {name: f"PrivateTest/measures/{name}" for name in names}
    found = record.predictions
    return {name: found[key] for name, key in kept.items() if key in found}


def _range(change: Difference, unit: float = 1) -> str:
    mean, low, high = (unit * x for x in (change.mean, change.low, change.high))
    return f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"


def _none(caption: str) -> Sentence:
    return Sentence(f"{caption}: no run has measured it yet.")
