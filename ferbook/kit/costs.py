"""What a preset costs: minutes, memory, and whether it needs a GPU.

Measured where a run was recorded; else estimated from counted FLOPs: three
times those of a forward pass, for every face of every epoch, over a rate
that networks of this kind reach.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from fer_lib.data.protocols import Splits
from fer_lib.models.cost import cost
from ferbook.kit.results import recorded
from ferbook.papers import paper as find_paper
from ferbook.runs.records import Record
from ferbook.show.phrases import seconds_taken
from ferbook.show.tables import Table

# Achieved GFLOP/s of networks below and above SMALL GFLOPs a face.  On two
# cores: the page on speed, Deep-Emotion and the least of the others.  On a T4
# a twelfth and a quarter of the 8,100 in NVIDIA's data sheet; not measured.
RATES = {"two CPU cores": (18.0, 120.0), "a T4": (700.0, 2000.0)}
SMALL = 0.1
TRAINING = 3  # forward, gradient of the inputs, gradient of the weights
FER2013 = 28_709  # training faces
PATIENCE = 60.0  # minutes on two cores from which on a GPU is advised


@dataclass(frozen=True)
class Cost:
    """What training one preset takes.

    Attributes:
        preset: its name.
        input: channels, height and width of a face.
        parameters: trainable numbers.
        gflops: of the forward pass of a face, in 1e9.
        epochs: of all stages.
        faces: in an epoch.
        rendered: whether these are rendered.
        record: the last run recorded of it, or None.
    """

    preset: str
    input: tuple[int, int, int]
    parameters: int
    gflops: float
    epochs: int
    faces: int
    rendered: bool
    record: Record | None = None

    def minutes(self, place: str) -> float:
        """Of training, estimated; place is one of ``RATES``."""
        work = TRAINING * self.gflops * self.faces * self.epochs
        return work / RATES[place][self.gflops >= SMALL] / 60

    @property
    def measured(self) -> str:
        """What the recorded run took, empty if there is none."""
        if self.record is None:
            return ""
        hardware, epochs = self.record.hardware, self.record.epochs
        threads = f", {hardware['threads']} threads" * (hardware["device"] == "cpu")
        threads = threads.replace("1 threads", "1 thread")
        took = duration_text(seconds_taken(self.record) / 60)
        return f"{took} for {epochs} epochs on {hardware['name']}{threads}"

    @property
    def memory(self) -> str:
        """Most memory in use, where a run measured it."""
        peak = self.record and self.record.peak_memory_mib
        return f"{peak / 1024:.1f} GiB" if peak else "not measured"

    @property
    def gpu(self) -> str:
        """Whether to take a GPU."""
        slow = self.minutes("two CPU cores") > PATIENCE
        return "GPU advised" if slow else "no GPU needed"


def training_cost(paper: str, preset: str, splits: Splits) -> Cost:
    """Cost of a paper's default variant.

    Args:
        paper: its nickname.
        preset: one of its recipe's.  All but ``smoke`` are told for the
            28,709 training faces of FER2013.
        splits: any faces; the recipe needs some to make its plan.
    """
    recipe = find_paper(paper)
    config = recipe.make_config(preset)
    with torch.device("meta"):  # counted, not computed
        network = recipe.make_network(config, len(splits.classes), 0)
    counted, size = cost(network), network.input.size
    rendered = preset == "smoke"
    dataset = "rendered" if rendered else "fer2013"
    records = recorded(paper, dataset, preset=preset, recipe="paper", variant="default")
    return Cost(
        preset,
        (network.input.channels, size, size),
        counted.parameters,
        counted.gflops,
        recipe.make_plan(config, _few(splits), 0).epochs,
        1600 if rendered else FER2013,
        rendered,
        max(records, key=lambda r: r.started, default=None),
    )


def _few(splits: Splits) -> Splits:
    """A handful of each part: a plan may fit landmarks to all of its faces."""
    parts = {name: getattr(splits, name) for name in ("train", "select")}
    few = {
        name: part.select(np.arange(min(len(part), 8))) for name, part in parts.items()
    }
    return replace(splits, **few)


def cost_box(paper: str, splits: Splits, presets: Sequence[str] = ()) -> Table:
    """What each preset costs, a row each.

    Args:
        paper: its nickname.
        splits: as for :func:`training_cost`.
        presets: to show; all if empty.
    """
    names = presets or tuple(find_paper(paper).PRESETS)
    header = ("Preset", "Network", "Training", "Estimated", "Measured", "Memory")
    rows = tuple(_row(training_cost(paper, name, splits)) for name in names)
    cores, card = RATES["two CPU cores"], RATES["a T4"]
    note = (
        "Estimated: three times the counted operations of a forward pass, at "
        f"{cores[0]:.0f} GFLOP/s on two CPU cores and {card[0]:,.0f} on a T4 for "
        f"networks below {SMALL} GFLOPs a face, else at {cores[1]:.0f} and "
        f"{card[1]:,.0f}; a T4 was not measured. Without training, a chapter "
        "takes about a minute."
    )
    return Table("What it costs to train", header, rows, note)


def _row(one: Cost) -> tuple[str, ...]:
    faces = "rendered" if one.rendered else "FER2013"
    places = [f"{duration_text(one.minutes(p))} on {p}" for p in RATES]
    return (
        f"{one.preset}\n {one.gpu}",
        f"{one.parameters:,} parameters\n {one.gflops:.3g} GFLOPs a face\n "
        + " x ".join(map(str, one.input)),
        f"{one.epochs} epochs\n {one.faces:,} faces, {faces}",
        "\n ".join(places),
        one.measured or "not yet",
        one.memory,
    )


def badge(one: Cost, train: bool) -> str:
    """A preset's cost in one line."""
    if not train:
        return (
            f"Preset {one.preset}: a finished network is loaded; about a minute "
            "on two CPU cores, no GPU needed."
        )
    places = " or ".join(f"{duration_text(one.minutes(p))} on {p}" for p in RATES)
    took = f"took {one.measured}, measured"
    told = took if one.measured else f"takes {places}, estimated from FLOPs"
    return f"Preset {one.preset}: training {told}; memory {one.memory}; {one.gpu}."


def duration_text(minutes: float) -> str:
    """Minutes in words.

    >>> duration_text(0.4), duration_text(12.3), duration_text(200)
    ('under a minute', '12 minutes', '3.3 hours')
    """
    if minutes < 1:
        return "under a minute"
    if minutes < 1.5:
        return "1 minute"
    if minutes < 90:
        return f"{minutes:.0f} minutes"
    if minutes < 48 * 60:
        return f"{minutes / 60:.1f} hours"
    return f"{minutes / 60 / 24:.1f} days"
