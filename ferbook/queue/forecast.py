"""What a run will cost on this device, before it is made.

Operations are counted, the device's rate is measured: on a few training
steps of a paper's own network, since networks differ in it by a factor of
ten and more on one machine.  Where these are dear, on those of a smaller preset,
whose rate is rather lower.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from fer_lib.data import load
from fer_lib.data.augment import seeded
from fer_lib.data.protocols import PAIRS, PROTOCOLS, Splits, split
from fer_lib.errors import FerError
from fer_lib.models.cost import TRAINING
from ferbook.ledger.rules import rescaling
from ferbook.papers import PAPERS
from ferbook.papers.costs import network_cost
from ferbook.runs.key import RunKey
from ferbook.runs.make import Course
from ferbook.runs.records import Departure
from ferbook.training.loop import fit
from ferbook.training.plan import Stage

_TRIAL_SECONDS = 4.0  # after which no further trial epoch is begun
# Operations of a trial epoch, in 1e9, where so few faces can be had.
_TRIAL_GFLOPS = {"cpu": 30.0, "cuda": 3e4}
# Of a step on two faces, beyond which a smaller preset's rate has to do: a list
# is asked for to be read, and wants neither minutes nor gigabytes.
_MOST_GFLOPS = {"cpu": 100.0, "cuda": float("inf")}


@dataclass(frozen=True)
class Forecast:
    """What one run is expected to be."""

    gflops: float  # 1e9 operations of all epochs and their evaluations
    seconds: float  # that these take here
    epoch_seconds: float  # of its longest epoch, which is never interrupted
    far_off: bool  # whether it departs too far from its paper to answer a value


class Forecaster:
    """Forecasts of runs on one data set and one device.

    Args:
        dataset: nickname of the data set.
        root: its folder.
        device: where runs would be made.
        rates: 1e9 operations a second by paper and preset, if known; those
            that are missing are measured and added.
    """

    def __init__(
        self,
        dataset: str,
        root: str | None,
        device: torch.device,
        rates: Mapping[tuple[str, str], float] | None = None,
    ):
        self.device, self.rates = device, dict(rates or {})
        self._faces = load(dataset, root)
        if self._faces.landmarks is None:
            # A plan is made to be counted: the minutes of fitting are spared.
            nowhere = np.zeros((len(self._faces), 68, 2), np.float32)
            self._faces = replace(self._faces, landmarks=nowhere)
        self._splits: dict[str, Splits] = {}

    def __call__(self, key: RunKey) -> Forecast:
        """What a run will cost.

        Raises:
            FerError: when it cannot be made here, with the reason.
        """
        _check_known(key)
        course = Course(key, self._split(key))
        # Of the whole network in every stage, though one may train a part alone.
        per_face = _gflops(course)
        rate = self._rate(key, course, per_face)
        stages = _stages(course)
        epochs = [per_face * _passes(stage, course.splits) for stage in stages]
        total = sum(s.epochs * each for s, each in zip(stages, epochs, strict=True))
        departures = (Departure(**row) for row in course.departures())
        far_off = bool(rescaling(departures))
        return Forecast(total, total / rate, max(epochs) / rate, far_off)

    def _rate(self, key: RunKey, course: Course, per_face: float) -> float:
        """The rate of a run's network; of a smaller preset where two faces are dear."""
        dear = 2 * TRAINING * per_face > _MOST_GFLOPS[self.device.type]
        presets = list(PAPERS[key.paper].presets)
        if dear and (place := presets.index(key.preset)):
            key = replace(key, preset=presets[place - 1])
            course = Course(key, course.splits)
            return self._rate(key, course, _gflops(course))
        network = (key.paper, key.preset)
        if network not in self.rates:
            self.rates[network] = measured_rate(course, self.device, per_face)
        return self.rates[network]

    def _split(self, key: RunKey) -> Splits:
        if key.protocol not in self._splits:
            self._splits[key.protocol] = split(self._faces, key.protocol)
        return self._splits[key.protocol]


def _gflops(course: Course) -> float:
    return network_cost(course.paper, course.config, len(course.splits.classes)).gflops


def _check_known(key: RunKey) -> None:
    """Refuse, in few words, what no recipe has."""
    recipe = PAPERS.get(key.paper)
    if recipe is None:
        raise FerError(f"no recipe of a paper '{key.paper}'.")
    if key.protocol in PAIRS:
        raise FerError("it reports a second data set; name the paper and --target.")
    known = {"variant": recipe.variants, "preset": recipe.presets}
    for what, names in (known | {"protocol": PROTOCOLS}).items():
        if (name := getattr(key, what)) not in names:
            raise FerError(f"no recipe has the {what} '{name}'.")


def measured_rate(course: Course, device: torch.device, per_face: float) -> float:
    """1e9 operations a second of a run's own first steps, forward and back.

    The fastest of up to three epochs of a few faces, augmentation and
    optimizer included; a forward pass takes ``per_face``.

    Raises:
        FerError: when the device has too little memory for a batch.
    """
    plan, first = course.plan, _stages(course)[0]
    affordable = _TRIAL_GFLOPS[device.type] / (TRAINING * per_face)
    # Normalisations need two faces.
    count = int(max(2, min(first.batch_size, affordable)))
    learned = first.faces or course.splits.train
    few = learned.select(np.arange(min(count, len(learned))))
    # Instead of an evaluation: every value that a stage may select by.
    values = {plan.selects_by(stage): 0.0 for stage in plan.stages}
    trial = replace(first, epochs=3, faces=few, subset=None, evaluate=lambda _: values)
    plan = replace(plan, stages=(trial,))

    def tried(budget: float | None) -> list[dict]:
        network = course.make_network().to(device)
        found = fit(network, plan, few, lambda _: values, budget=budget, progress=False)
        return found.curve

    # On a busy machine, to choose a precision may take all of the time.
    curve = tried(_TRIAL_SECONDS) or tried(None)
    fastest = min(_alone(row, device) for row in curve)
    return TRAINING * per_face * len(few) / max(fastest, 1e-3)


def _alone(row: Mapping, device: torch.device) -> float:
    """Seconds of an epoch, as if nothing else kept the processor busy."""
    if device.type != "cpu":
        return row["seconds"]
    return min(row["seconds"], row["cpu_seconds"] / torch.get_num_threads())


def _stages(course: Course) -> list[Stage]:
    """The stages that have epochs."""
    return [stage for stage in course.plan.stages if stage.epochs]


def _passes(stage: Stage, splits: Splits) -> float:
    """Forward passes of an epoch and its evaluation."""
    faces = stage.faces or splits.train
    count = len(faces)
    if stage.subset:
        with seeded(0):
            count = len(stage.subset(torch.as_tensor(faces.labels)))
    return TRAINING * count + len(splits.select) + len(splits.test)
