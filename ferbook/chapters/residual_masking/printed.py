"""Tables II and III of the Residual Masking paper, with what they can tell."""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.drawing.panels import with_alt
from fer_lib.models import NETWORKS
from fer_lib.models.catalogue import entry
from ferbook.ledger.arithmetic.printed import figure
from ferbook.ledger.claims import Claims
from ferbook.ledger.claims_file import load_claims
from ferbook.ledger.statistics import resolution
from ferbook.show.figures import COLOURS
from ferbook.show.tables import Table

_ID = "residual_masking"


class Compared(NamedTuple):
    """A row of Table II.

    Attributes:
        name: as printed.
        accuracy: as printed, 0 to 1.
        limits: of its 95 % interval, from the size of the test set.
        printed: parameters in millions, as printed.
        counted: parameters in millions; None where the library lacks it.
        gflops: counted for a face of 224 pixels, or None.
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
    cells = []
    for row in rows:
        low, high = (100 * limit for limit in row.limits)
        share = f"{100 * row.accuracy:.2f} %\n {low:.2f} to {high:.2f} %"
        counted = f"{row.counted:.2f}" if row.counted else "not built here"
        work = f"{row.gflops:.2f}" if row.gflops else ""
        cells.append((row.name, share, f"{row.printed:.1f}", counted, work))
    header = ("Network", "Printed, with the interval of 3,589 faces")
    header += ("Printed (million)", "Counted (million)", "GFLOPs a face")
    return Table("Table II of the paper", header, tuple(cells))


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
    return Table("Table III of the paper", ("", "Method", "Accuracy"), tuple(rows))


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
    second.legend(fontsize=8)
    first.set_yticks(places, names)
    first.set_xlabel("printed accuracy (%),\ninterval of n = 3,589 faces")
    second.set(xscale="log", xlabel="parameters (million)")
    third.set(xscale="log", xlabel="GFLOPs a face, counted")
    for axes, shown in ((second, (5, 10, 30, 100)), (third, (1, 3, 10, 30))):
        axes.set_xticks(shown, list(map(str, shown)))
        axes.set_xticks([], minor=True)
    for axes in (first, second, third):
        axes.grid(alpha=0.3)
    last = rows[-1]
    inside = sum(row.limits[1] > last.limits[0] for row in rows[:-1])
    return with_alt(
        figure,
        f"The {len(rows)} networks of Table II by printed accuracy, from {names[0]} to "
        f"{names[-1]}. The intervals of {inside} of the others reach into that of the "
        "best. Parameters and operations do not follow the accuracy.",
    )
