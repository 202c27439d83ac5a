"""How cost grows with images, regions, branches and epochs, as plots.

Operations are counted on torch's ``meta`` device, where nothing is computed;
times are those of recorded runs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import torch

from fer_lib.data.sources.published import PUBLISHED
from fer_lib.errors import FerError
from fer_lib.models import NETWORKS, build
from fer_lib.models.cost import cost
from ferbook.ledger.judged import Ledger
from ferbook.papers import paper as find_paper
from ferbook.runs.records import Record
from ferbook.show import phrases
from ferbook.show.cost_plots import (
    plot_branches,
    plot_regions,
    plot_sides,
    plot_times,
    plot_trainings,
)
from ferbook.show.pictures import Panels, Picture
from ferbook.show.run_tables import seconds_an_epoch
from ferbook.show.tables import Page, Sentence

FER2013 = PUBLISHED["fer2013"].total("Training")
TRAINING = 3  # forward, gradients of maps, gradients of weights
CROPS = (0, 4, 5, 7, 9, 10)
BRANCHES = (1, 5, 9, 15)
SIDES = (48, 96, 160, 224)
PAPERS = tuple(name for name in NETWORKS if name != "comparison")


@cache
def gflops(network: str, **options) -> float:
    """Of a face's forward pass, in 1e9; options as of ``build``."""
    with torch.device("meta"):
        return cost(build(network, **options)).gflops


def by_crops() -> dict[int, float]:
    """GFLOPs of RAMN's forward pass by the number of its sub-images."""
    return {crops: gflops("ramn", crops=crops) for crops in CROPS}


def by_branches() -> dict[int, float]:
    """GFLOPs of ESR's forward pass by the number of its branches."""
    return {n: gflops("diversified_esr", branches=n) for n in BRANCHES}


def by_side() -> dict[str, dict[int, float]]:
    """GFLOPs of each network's forward pass by the side of a face in pixels."""
    found: dict[str, dict[int, float]] = {}
    for name in PAPERS:
        for side in SIDES:
            try:
                counted = gflops(name, input_size=side)
            except FerError:  # too small for a network that halves it often
                continue
            found.setdefault(name, {})[side] = counted
    return found


@dataclass(frozen=True)
class Measured:
    """Runs of one network on one machine.

    Attributes:
        paper: nickname of the recipe.
        machine: what they were made on.
        work: GFLOPs of an epoch's training, counted.
        seconds: of an epoch, mean over runs.
        runs: how many.
    """

    paper: str
    machine: str
    work: float
    seconds: float
    runs: int


def work_an_epoch(record: Record) -> float:
    """GFLOPs that an epoch of a run's training takes.

    Ensembles are counted whole, also where a stage trains a part of them.
    """
    settings = {k: v for k, v in record.config.items() if k != "pretrained"}
    recipe = find_paper(record.paper)
    with torch.device("meta"):
        config = recipe.make_config("paper", **settings)
        network = recipe.make_network(config, len(record.classes), seed=0)
    faces = next(iter(record.data["splits"].values()))["n"]
    return TRAINING * cost(network).gflops * faces


def measured(records: Iterable[Record]) -> list[Measured]:
    """Times of recorded runs; like runs on like machines are one."""
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        place = (record.paper, phrases.hardware(record), work_an_epoch(record))
        groups.setdefault(place, []).append(record)
    return [
        Measured(*place, sum(map(seconds_an_epoch, runs)) / len(runs), len(runs))
        for place, runs in groups.items()
    ]


def cost_growth(ledger: Ledger) -> Page:
    """Counted operations and measured times as plots."""
    names = {claims.paper: claims.name for claims in ledger.papers}
    return Page((counted(names), measured_picture(ledger.records, names)))


def counted(names: Mapping[str, str]) -> Panels:
    """Plots against sub-images, branches, size of a face, and epochs."""
    sides = by_side()
    own = {name: _side(name) for name in PAPERS}
    scale = TRAINING * FER2013 / 1e6
    epochs = {name: scale * sides[name][own[name]] for name in PAPERS}
    return Panels(
        (
            _regions(by_crops()),
            _branches(by_branches()),
            Picture(
                plot_sides(sides, own, names),
                "GFLOPs of a face against its side, on logarithmic axes: lines of "
                "slope about two; RAMN highest, Deep-Emotion lowest.",
                "Each network at its paper's width; large marks are the papers' own "
                "sizes. Counted, one face.",
            ),
            Picture(
                plot_trainings(epochs, names),
                "PFLOPs of training against epochs, on logarithmic axes: parallel "
                "lines; RAMN highest, Deep-Emotion lowest.",
                f"Training on FER2013, taken as {TRAINING} times the forward pass of "
                "every face; 1 PFLOP is a million GFLOPs. Counted, whole networks.",
            ),
        )
    )


def _regions(crops: Mapping[int, float]) -> Picture:
    alt = (
        f"GFLOPs of a face against sub-images: a straight line from {crops[0]:.0f} "
        f"without any to {crops[10]:.0f} with ten."
    )
    caption = (
        "Every sub-image goes through the whole VGG16; the large mark is the paper's "
        "own number. Counted, one face of 224 pixels."
    )
    return Picture(plot_regions(crops, 5), alt, caption)


def _branches(branches: Mapping[int, float]) -> Picture:
    alt = (
        f"GFLOPs of a face against branches: from {branches[1]:.1f} with one to "
        f"{branches[15]:.1f} with fifteen, far below as many networks apart."
    )
    caption = (
        "Branches that share their first layers against networks that do not; large "
        "marks are the paper's ESR-9 and ESR-15. Counted, one face of 96 pixels."
    )
    return Picture(plot_branches(branches, (9, 15)), alt, caption)


def _side(name: str) -> int:
    """Side of the faces of a paper, in pixels."""
    with torch.device("meta"):
        return build(name).input.size


def measured_picture(
    records: Iterable[Record], names: Mapping[str, str]
) -> Picture | Sentence:
    """Seconds of an epoch against its operations."""
    points = measured(records)
    if not points:
        return Sentence("No run is recorded yet, so no time is measured.")
    runs = sum(point.runs for point in points)
    machines = "; ".join(sorted({point.machine for point in points}))
    alt = (
        "Seconds of an epoch against the operations that it takes, on logarithmic "
        f"axes, {len(points)} points from {runs} runs, between the lines of "
        f"{_rates(points)} GFLOP/s."
    )
    caption = (
        f"Measured: median seconds of an epoch of n = {runs} recorded runs on "
        f"{machines}, the look at the selection split among them; runs of one network "
        "and machine are averaged. Dashed lines are constant rates."
    )
    return Picture(plot_times(points, names), alt, caption)


def _rates(points: list[Measured]) -> str:
    rates = [point.work / point.seconds for point in points]
    return f"{min(rates):.0f} to {max(rates):.0f}"
