"""What a preset costs: time, memory, and whether it needs a GPU.

Measured where a run was recorded, else estimated from counted operations and
the rates of :mod:`ferbook.show.costs`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from fer_lib.data.protocols import Splits
from fer_lib.evaluation.inference import predict
from fer_lib.models.cost import TRAINING
from ferbook.kit.results import recorded
from ferbook.papers import find_paper
from ferbook.papers.costs import network_cost
from ferbook.runs.records import Record
from ferbook.show.costs import FER2013, RATES, SMALL, rate
from ferbook.show.phrases import duration, epochs, hardware, seconds_taken
from ferbook.show.run_tables import seconds_an_epoch
from ferbook.show.tables import Table, cell, table

PATIENCE = 3600.0  # seconds on two cores from which on a GPU is advised


@dataclass(frozen=True)
class TrainingCost:
    """What training takes: parameters, GFLOPs per face, epochs, faces an epoch."""

    preset: str
    input: tuple[int, int, int]
    parameters: int
    gflops: float
    epochs: int
    faces: int
    rendered: bool
    record: Record | None = None

    def seconds(self, machine: str) -> float:
        """Of training, estimated, on one of ``RATES``."""
        work = TRAINING * self.gflops * self.faces * self.epochs
        return work / rate(self.gflops, machine)

    @property
    def estimated(self) -> list[str]:
        """Time on each machine."""
        return [f"{duration(self.seconds(machine))} on {machine}" for machine in RATES]

    @property
    def measured(self) -> str:
        """What the recorded run took, empty if there is none."""
        if self.record is None:
            return ""
        took = duration(seconds_taken(self.record))
        return f"{took} for {self.record.epochs} epochs on {hardware(self.record)}"

    @property
    def memory(self) -> str:
        """Most memory in use, where a run measured it."""
        peak = self.record and self.record.peak_memory_mib
        return f"{peak / 1024:.1f} GiB" if peak else "not measured"

    @property
    def gpu(self) -> str:
        """Whether to take a GPU."""
        slow = self.seconds("two CPU cores") > PATIENCE
        return "GPU advised" if slow else "no GPU needed"


def training_cost(paper: str, preset: str, splits: Splits) -> TrainingCost:
    """Cost of a paper's default variant; told for FER2013 unless ``smoke``."""
    recipe = find_paper(paper)
    config = recipe.make_config(preset)
    with torch.device("meta"):  # counted, not computed
        network = recipe.make_network(config, len(splits.classes), 0)
    work = network_cost(recipe, config, len(splits.classes))
    rendered, size = preset == "smoke", network.input.size
    dataset = "rendered" if rendered else "fer2013"
    records = recorded(paper, dataset, preset=preset, recipe="paper", variant="default")
    return TrainingCost(
        preset,
        (network.input.channels, size, size),
        work.parameters,
        work.gflops,
        recipe.make_plan(config, _few(splits), 0).epochs,
        1600 if rendered else FER2013,
        rendered,
        min(records, key=seconds_an_epoch, default=None),  # the least disturbed
    )


def _few(splits: Splits) -> Splits:
    """A handful of each part: a plan may fit landmarks to all of its faces."""
    parts = {name: getattr(splits, name) for name in ("train", "select")}
    few = {
        name: part.select(np.arange(min(len(part), 8))) for name, part in parts.items()
    }
    return replace(splits, **few)


def cost_box(paper: str, splits: Splits) -> Table:
    """What each preset costs, a row each; arguments as of :func:`training_cost`."""
    cores, card = RATES["two CPU cores"], RATES["a T4"]
    return table(
        "What it costs to train",
        [training_cost(paper, name, splits) for name in find_paper(paper).presets],
        {
            "Preset": lambda one: cell(one.preset, one.gpu),
            "Network": lambda one: cell(
                f"{one.parameters:,} parameters",
                f"{one.gflops:.3g} GFLOPs per face",
                " x ".join(map(str, one.input)),
            ),
            "Training": lambda one: cell(
                epochs(one.epochs),
                f"{one.faces:,} faces, {'rendered' if one.rendered else 'FER2013'}",
            ),
            "Estimated": lambda one: cell(*one.estimated),
            "Measured": lambda one: one.measured or "not yet",
            "Memory": lambda one: one.memory,
        },
        note="Estimated: three times the counted operations of a forward pass, at "
        f"{cores[0]:.0f} GFLOP/s on two CPU cores and {card[0]:,.0f} on a T4 for "
        f"networks below {SMALL} GFLOPs per face, else at {cores[1]:.0f} and "
        f"{card[1]:,.0f}; a T4 was not measured. Without training, a chapter "
        "takes about a minute.",
    )


def badge(one: TrainingCost, train: bool) -> str:
    """A preset's cost in one line."""
    if not train:
        return (
            f"Preset {one.preset}: a finished network is loaded, trained by another "
            "recipe than that of train = True; about a minute on two CPU "
            "cores, no GPU needed."
        )
    told = f"takes {' or '.join(one.estimated)}, estimated from FLOPs"
    told = f"took {one.measured}, measured" if one.measured else told
    return f"Preset {one.preset}: training {told}; memory {one.memory}; {one.gpu}."


def faces_a_second(
    network: nn.Module,
    *,
    seconds: float = 0.5,
    batch: int = 16,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """How many faces a network reads in a second, here and now.

    It is measured for ``seconds`` of the clock at least, after a first pass.
    """
    shape = (batch, network.input.channels, network.input.size, network.input.size)
    faces = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    predict(network, faces)
    done, start = 0, clock()
    while (taken := clock() - start) < seconds or not done:
        predict(network, faces)
        done += batch
    return done / taken
