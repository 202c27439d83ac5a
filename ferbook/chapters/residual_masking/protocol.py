"""How the Residual Masking paper's numbers came about, counted.

Tables II and III, the passes at test time that the paper does not mention, and
the choice of an ensemble's members.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from fer_lib.data.augment import augmentation, seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.evaluation.ensembles import MOST_MEMBERS, selection_report
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.drawing.panels import with_alt
from fer_lib.models import NETWORKS
from fer_lib.models.catalogue import entry
from fer_lib.models.network import logits_of
from ferbook.kit.results import record_name, recorded
from ferbook.ledger.arithmetic.printed import figure
from ferbook.ledger.claim_files import load_claims
from ferbook.ledger.claims import Claims
from ferbook.ledger.statistics import crossed, resolution
from ferbook.papers import PAPERS
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show.figures import COLOURS, percent
from ferbook.show.phrases import network_name
from ferbook.show.plots import finish, look
from ferbook.show.tables import Sentence, Table, cell, table

_ID = "residual_masking"
_COLOURS = ("blue", "orange", "green", "vermilion")
# Of drawn_pool: about the paper's single network and its ensemble of seven.
NOISE = {"skill": 2.17, "shared": 1.0, "own": 0.35}


class Compared(NamedTuple):
    """A row of Table II: accuracies 0 to 1, parameters in millions.

    Counted are parameters and GFLOPs at 224 pixels; None for networks not built here.
    """

    name: str
    accuracy: float
    limits: tuple[float, float]
    printed: float
    counted: float | None
    gflops: float | None


def table_two() -> list[Compared]:
    """Table II of the paper with its intervals and counted costs."""
    paper = load_claims(_ID)
    asked = [
        claim
        for claim in paper.claims
        if claim.where.place == "Table II" and claim.where.column == "Accuracy"
    ]
    return [_compared(paper, claim.id) for claim in asked]


def _compared(paper: Claims, id: str) -> Compared:
    key = id.removeprefix(f"{_ID}.fer2013").removesuffix("accuracy").strip(".")
    claim = next(one for one in paper.claims if one.id == id)
    printed = figure(paper, ".".join(filter(None, (_ID, key, "parameters"))))
    network = _ID if key in ("", "no_mask") else "comparison"
    known = not key or key in NETWORKS[network].VARIANTS
    found = entry(network, key or "default") if known else None
    counted = found.parameters / 1e6 if found and found.parameters else None
    limits = wilson_interval(float(claim.number) * claim.n, claim.n)
    accuracy, work = float(claim.number), found and found.gflops
    return Compared(claim.where.row, accuracy, limits, float(printed), counted, work)


def table_two_box(rows: Sequence[Compared]) -> Table:
    """Table II with its intervals, and sizes as printed and as counted."""

    def share(row: Compared) -> str:
        low, high = (100 * limit for limit in row.limits)
        return cell(f"{100 * row.accuracy:.2f} %", f"{low:.2f} to {high:.2f} %")

    return table(
        "Table II of the paper",
        rows,
        {
            "Network": lambda row: row.name,
            "Printed, with the interval of 3,589 faces": share,
            "Printed (million)": lambda row: f"{row.printed:.1f}",
            "Counted (million)": lambda row: (
                f"{row.counted:.2f}" if row.counted else "not built here"
            ),
            "GFLOPs per face": lambda row: f"{row.gflops:.2f}" if row.gflops else "",
        },
    )


def quoted_box() -> Table:
    """Table III: this network beside other work, with its intervals."""
    paper, rows = load_claims(_ID), []
    own = {"WE": "accuracy", "E": "ensemble.accuracy"}
    for column, key in own.items():
        place = f"Table III, {column}"
        told = [(q.method, q.value) for q in paper.quotes if q.place == place]
        mine = figure(paper, f"{_ID}.fer2013.{key}")
        rows += [(column, name, f"{value} %") for name, value in told]
        least = 100 * resolution(float(mine) / 100, 3589)
        rows.append((column, "this paper", f"{mine} %\n ± {least:.2f} points"))
    note = "Of people the paper prints 65 ± 5. Intervals of its own values are ours."
    header = ("", "Method", "Accuracy")
    return Table("Table III of the paper", header, tuple(rows), note)


def draw_table_two(rows: Sequence[Compared]) -> Figure:
    """Table II as accuracy with interval, parameters and operations."""
    rows = sorted(rows, key=lambda row: row.accuracy)
    places, names = range(len(rows)), [row.name for row in rows]
    figure, (first, second, third) = plt.subplots(
        1, 3, figsize=(10, 4.2), sharey=True, width_ratios=(1.3, 1, 1),
        layout="constrained",
    )  # fmt: skip
    for place, row in enumerate(rows):
        low, high = (100 * limit for limit in row.limits)
        first.plot((low, high), (place, place), color=COLOURS["blue"], lw=2)
        first.plot(100 * row.accuracy, place, "o", color=COLOURS["blue"])
        second.plot(row.printed, place, "o", color=COLOURS["orange"])
        if row.counted:
            second.plot(row.counted, place, "x", color="black")
        if row.gflops:
            third.plot(row.gflops, place, "D", color=COLOURS["green"])
    second.plot([], [], "o", color=COLOURS["orange"], label="printed")
    second.plot([], [], "x", color="black", label="counted")
    first.set_yticks(places, names)
    first.set_xlabel("printed accuracy (%),\ninterval of n = 3,589 faces")
    second.set(xscale="log", xlabel="parameters (million)")
    third.set(xscale="log", xlabel="GFLOPs per face, counted")
    for axes, shown in ((second, (5, 10, 30, 100)), (third, (1, 3, 10, 30))):
        axes.set_xticks(shown, list(map(str, shown)))
        axes.set_xticks([], minor=True)
    for axes in (first, second, third):
        finish(axes, legend=8 if axes is second else None)
    last = rows[-1]
    inside = sum(row.limits[1] > last.limits[0] for row in rows[:-1])
    return with_alt(
        figure,
        f"The {len(rows)} networks of Table II by printed accuracy, from {names[0]} to "
        f"{names[-1]}. The intervals of {inside} of the others reach into that of the "
        "best. Parameters and operations do not follow the accuracy.",
    )


@torch.inference_mode()
def random_passes(run: Run, faces: FaceSet, count: int = 10) -> np.ndarray:
    """Class scores ``float32 [P, N, classes]`` of P random passes over N faces.

    As the authors' code tests: mirrored or not, up to 30 degrees, drawn anew in every
    pass; the same every time.  Ten are those of a record's ``random10``.
    """
    change, found = augmentation(flip=0.5, degrees=30.0), []
    network = run.network
    with evaluating(network), seeded(0, 3):
        for _, unit in batches(network, faces.images, 256):
            scores = [
                logits_of(network(network.input.normalise(change(unit))))
                for _ in range(count)
            ]
            found.append(torch.stack(scores).float().cpu())
    return torch.cat(found, 1).numpy()


def views_box(records: Iterable[Record]) -> Table:
    """One pass, two and ten random ones, of recorded runs."""

    def gain(record: Record) -> str:
        right = [record.correct(view=v) for v in ("random10", "single")]
        gap = crossed(*right)
        span = f"{100 * gap.low:+.1f} to {100 * gap.high:+.1f}, n = {gap.n:,}"
        return cell(f"{100 * gap.mean:+.1f} points", span)

    return table(
        "Test-time augmentation in recorded runs",
        [r for r in records if "random10" in r.results["selected"][r.reported]],
        {
            "Run": record_name,
            "One pass": lambda r: percent(r.metrics(view="single")),
            "With mirror image": lambda r: percent(r.metrics(view="flip")),
            "Ten random passes": lambda r: percent(r.metrics(view="random10")),
            "Ten against one": gain,
        },
        empty="No recorded run has ten random passes yet.",
    )


def draw_passes(
    shares: Sequence[float], others: Mapping[str, float], faces: int
) -> Figure:
    """Accuracy of the mean of one pass, two, and so on, beside others by name."""
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    count = np.arange(1, len(shares) + 1)
    limits = np.array([wilson_interval(s * faces, faces) for s in shares])
    axes.fill_between(count, *100 * limits.T, color=COLOURS["blue"], alpha=0.15)
    values = 100 * np.asarray(shares)
    axes.plot(count, values, "o-", color=COLOURS["blue"], label="random passes")
    for row, (name, share) in enumerate(others.items(), start=1):
        axes.axhline(100 * share, label=name, **look(row, *_COLOURS))
    labels = {"xlabel": "passes whose probabilities are added", "xticks": count}
    finish(axes, ylabel="accuracy (%)", **labels)
    axes.set_title(f"n = {faces:,} faces; shaded: 95 % interval", fontsize=9)
    return figure


def told_passes(shares: Sequence[float], others: Mapping[str, float]) -> Sentence:
    """What random passes cost and win, beside upright ones; accuracies 0 to 1."""
    first, last = 100 * shares[0], 100 * shares[-1]
    told = [f"{name} {100 * share:.1f} %" for name, share in others.items()]
    best = max(others, key=others.get)
    gap = last - 100 * others[best]
    says = "above" if gap > 0 else "below"
    return Sentence(
        f"One random pass reads {first:.1f} % of the faces, the mean of {len(shares)} "
        f"{last:.1f} %; {', '.join(told)}. So {len(shares)} random passes end "
        f"{abs(gap):.1f} points {says} the best of the upright ways."
    )


def drawn_pool(
    members: int, faces: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Simulated logits ``[members, faces, 7]`` of equally good networks, and labels.

    Of the true class, noise of the face that all share, and noise of the member.
    """
    labels = rng.integers(0, 7, faces)
    shared = NOISE["shared"] * rng.normal(size=(faces, 7))
    shared[np.arange(faces), labels] += NOISE["skill"]
    own = NOISE["own"] * rng.normal(size=(members, faces, 7))
    return 2 * (shared + own), labels  # about as sure as it is right


class Feigned(NamedTuple):
    """Test accuracy of members chosen on a split less that of all, a value a draw.

    And the accuracies of one member and of all; shares.
    """

    validation: np.ndarray
    test: np.ndarray
    single: np.ndarray
    everyone: np.ndarray


def feigned_gain(
    members: int, faces: int = 3589, draws: int = 8, seed: int = 0
) -> Feigned:
    """Choose members among equally good networks, on either split, several times."""
    rng, rows = np.random.default_rng((seed, members)), []
    for _ in range(draws):
        validation, test = (drawn_pool(members, faces, rng) for _ in range(2))
        report = selection_report(validation, test)
        whole = report.everyone.test
        gains = report.chosen.test - whole, report.test_selected.test - whole
        rows.append((*gains, (test[0][0].argmax(1) == test[1]).mean(), whole))
    return Feigned(*np.array(rows).T)


def draw_feigned(found: Mapping[int, Feigned]) -> Figure:
    """What choosing members seems to add, by how many there are to choose."""
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    looks = {"test": ("vermilion", "D", 0.12), "validation": ("blue", "o", -0.12)}
    for name, (colour, mark, shift) in looks.items():
        for members, one in found.items():
            gains, at = 100 * getattr(one, name), members + shift
            axes.plot(np.full(len(gains), at), gains, mark, ms=3.5, alpha=0.35,
                      color=COLOURS[colour])  # fmt: skip
        means = [100 * getattr(one, name).mean() for one in found.values()]
        places = np.array(list(found)) + shift
        label = f"chosen on {name}, mean"
        axes.plot(places, means, mark + "-", color=COLOURS[colour], label=label)
    axes.axhline(0, color="black", lw=0.8)
    finish(axes, xlabel="equally good networks to choose among", xticks=list(found))
    axes.set(ylabel="test accuracy, chosen\nless all members (points)")
    return figure


def recorded_pool(dataset: str = "fer2013") -> dict[str, Record]:
    """Recorded networks of all papers, on the same faces under one protocol.

    By name, at most as many as an ensemble may choose among.
    """
    found = [
        record
        for paper in PAPERS
        for record in recorded(paper, dataset, protocol="official")
        if "PublicTest" in record.results.get("last", {})
    ]
    same = [r for r in found if r.data["sha256"] == found[0].data["sha256"]]
    best = sorted(same, key=lambda r: -r.metrics("last", "PublicTest")["accuracy"])
    return {
        f"{network_name(r.paper)}, {record_name(r)}": r for r in best[:MOST_MEMBERS]
    }


def members_box(pool: dict[str, Record]) -> Table | Sentence:
    """Members chosen among recorded networks, by either split, and all."""
    if len(pool) < 2:
        return Sentence("An ensemble needs two recorded networks; there are none yet.")
    splits = [_stacked(list(pool.values()), s) for s in ("PublicTest", "PrivateTest")]
    report = selection_report(*splits)
    titles = ("chosen on validation", "all", "chosen on test (a warning)")
    chosen = "; ".join(list(pool)[k] for k in report.chosen.members)
    return table(
        f"Ensembles of up to {len(pool)} recorded networks",
        zip(titles, report, strict=True),
        {
            "Members": lambda row: row[0],
            "How many": lambda row: len(row[1].members),
            "PublicTest": lambda row: f"{100 * row[1][1]:.2f} %",
            "PrivateTest": lambda row: f"{100 * row[1][2]:.2f} %",
        },
        note=f"Networks of the last epoch. Chosen on validation: {chosen}.",
    )


def _stacked(records: list[Record], split: str) -> tuple[np.ndarray, np.ndarray]:
    labels = records[0].predictions[f"{split}/labels"]
    for record in records:
        if not np.array_equal(record.predictions[f"{split}/labels"], labels):
            raise FerError(
                f"{record.path}: its {split} faces differ from those of "
                f"{records[0].path}, so they cannot be put together; run it again."
            )
    logits = [r.predictions[f"last/{split}/single/logits"] for r in records]
    return np.stack(logits).astype(np.float64), labels.astype(int)
