"""One stage of a training, taken on noise: what it is set to and what it does."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fer_lib.data.augment import seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import FOLDS, PAIRS, Splits, split, split_pair
from fer_lib.expressions import expression_index
from ferbook.training.faces import Images, StageFaces
from ferbook.training.plan import Plan, Stage
from ferbook.training.stages import Running, begin

_BATCH, _FACES, _AUGMENTED = 8, 480, 128
_DRAWN = 12_000  # labels that draws choose from; one class has over 5,000
_CHUNKS = 4  # parts of a network whose gradients are told apart


def noise_splits(dataset: str, protocol: str, classes, side: int) -> Splits:
    """The parts that a protocol makes of noise, of the size that is seen."""
    faces = noise(dataset, protocol, classes, side)
    if protocol in PAIRS:
        target = protocol.split("_to_")[1]
        return split_pair(faces, noise(target, protocol, classes, side), protocol)
    return split(faces, protocol)


def noise(dataset: str, protocol: str, classes, side: int) -> FaceSet:
    """Blotches for faces, with every column that a protocol may ask for."""
    n, draw = _FACES, np.random.RandomState(0)  # whose numbers never change
    row, place = np.arange(n), np.arange(side) * 6 // side
    blotches = draw.randint(0, 160, (n, 1, 6, 6))[:, :, place][..., place]
    images = (blotches + draw.randint(0, 96, (n, 1, side, side))).astype(np.uint8)
    # Recordings of six frames, eight of each of ten people, in every class.
    labels = np.array([expression_index(name) for name in classes])
    labels = labels[row // 6 % len(labels)]
    if protocol.startswith(("ckplus", "sfew_to_ckplus")):
        labels[row % 6 == 0] = expression_index("neutral")
    people = FOLDS.get(protocol.split("-fold")[0], 10)
    official = protocol.startswith(("official", "ferplus"))
    names = ("Training", "PublicTest", "PrivateTest")
    leading = draw.randint(0, 10, n)
    names = np.array(names if official else ("train", "val", "test"))
    return FaceSet(
        dataset,
        images,
        labels,
        names[np.maximum(row * 7 % 10 - 7, 0)],
        "noise",
        votes=draw.randint(0, 2, (n, 10)) + 5 * np.eye(10, dtype=int)[leading],
        subjects=row * people // n,
        sequences=row // 6,
        landmarks=draw.randint(8, side - 8, (n, 68, 2)).astype(np.float32),
        extra={
            "row": row,
            "frame": row % 6,
            "from_end": 5 - row % 6,
            "units": draw.randint(0, 100, (n, 52)).astype(np.float32) / 100,
        },
    )


def probe_stage(plan: Plan, index: int, network: nn.Module, train: FaceSet) -> dict:
    """A stage from a state of its own: three batches, the last one smaller."""
    stage = plan.stages[index]
    rows = 2 * stage.accumulate * _BATCH + _BATCH // 2
    faces = stage.faces or train
    augment, loss = _Double(stage.augment), stage.loss.double()
    small = replace(stage, batch_size=_BATCH, augment=augment)
    stages = (*plan.stages[:index], small, *plan.stages[index + 1 :])
    plan = replace(plan, stages=stages)
    for earlier in range(index):
        begin(plan, earlier, network)
    few, device = faces.select(np.arange(rows) % len(faces)), torch.device("cpu")
    images = Images(few.images, network.input, device)
    columns = StageFaces(few, stage, network.input.size, device)
    running = Running(plan, index, _shaken(network), images, columns)
    weights = _weights(network, loss)
    before = [p.detach().clone() for p in weights]
    losses, gradients, steps = [], [], []

    def note(*_) -> None:
        moves = (p.detach() - old for p, old in zip(weights, before, strict=True))
        steps.append(_norms(moves))
        gradients.append(_norms(p.grad for p in weights))

    loss.register_forward_hook(lambda *seen: losses.append(float(seen[2].detach())))
    running.optimizer.register_step_pre_hook(note)
    exact = _settings(plan, index, running) | {"batch size": stage.batch_size}
    exact["precision"] = plan.precision
    for group in running.optimizer.param_groups:
        group["lr"] /= 1000
    running.epoch(1, tqdm(disable=True))
    exact["learning rates"] = _rates(running)
    exact |= _draws(plan, index)
    key = plan.selects_by(stage)
    loss.float()
    evaluated = {key: stage.evaluate(running.judged.float()).get(key)}
    return {
        "name": stage.name,
        "exact": exact,
        "numbers": {
            "augmented faces": _augmented(plan.seed, stage, faces, network.input),
            "losses": rounded(losses[:3]),
            "gradients": gradients[0],
            "steps": steps[2],
            # Shares of so few faces would jump.
            **{k: [plain(v, 5)] for k, v in evaluated.items() if v is not None},
        },
    }


def _shaken(network: nn.Module) -> nn.Module:
    """The network off its start, where it is flat or rounding decides.

    A layer of zeros passes no gradient on; a warp that does nothing yet looks
    exactly between pixels.
    """
    with seeded(0), torch.no_grad():
        for weight in network.double().parameters():
            weight += 0.01 * torch.randn(weight.shape, dtype=weight.dtype)
    return network


class _Double(nn.Module):
    """Augmented faces in float64: there rounding stays small, wherever it is."""

    def __init__(self, augment: nn.Module):
        super().__init__()
        self.augment = augment

    def forward(self, *seen: Tensor):
        return self.augment(*(one.double() for one in seen))


def _settings(plan: Plan, index: int, running: Running) -> dict:
    """What a stage is set to, but for what is off."""
    stage = plan.stages[index]
    names = ("epochs", "accumulate", "clip", "ema", "patience", "lower_is_better")
    names += ("from_best", "classifies", "reads")
    found = {name.replace("_", " "): plain(getattr(stage, name)) for name in names}
    found["selects by"] = plan.selects_by(stage)
    found["optimizer"] = type(running.optimizer).__name__
    # Groups side by side with the same settings are as good as one.
    groups = [(_options(g), len(g["params"])) for g in running.optimizer.param_groups]
    runs = [(k, sum(n for _, n in same)) for k, same in groupby(groups, lambda g: g[0])]
    found["tensors"] = [number for _, number in runs]
    for key in runs[0][0]:
        values = [options.get(key) for options, _ in runs]
        found[key] = values[0] if values.count(values[0]) == len(values) else values
    return {key: value for key, value in found.items() if value}


def _options(group: Mapping) -> dict:
    """What an optimizer does to a group, but for its rate and how it is computed."""
    left_out = ("params", "lr", "initial_lr", "foreach", "fused", "capturable")
    left_out += ("differentiable",)
    return {
        key.replace("_", " "): plain(value)
        for key, value in sorted(group.items())
        if key not in left_out
    }


def _rates(running: Running) -> list:
    """The rate of every epoch, as [rate, epochs], for each group that differs.

    A schedule that watches a value is shown one that stays as it is, and one
    that rises a little, once.
    """
    stage, key = running.stage, running.plan.selects_by(running.stage)
    found = []
    for rise in (0, 5e-5):
        running.optimizer = stage.optimizer(running.network, stage.loss)
        running.scheduler = stage.scheduler and stage.scheduler(running.optimizer)
        running.optimizer.step()  # of no gradients: schedules expect one
        rows = []
        for epoch in range(stage.epochs):
            rows.append([plain(g["lr"]) for g in running.optimizer.param_groups])
            running.schedule({key: 0.5 + rise * (epoch > 0)})
        traces = [_runs(trace) for trace in zip(*rows, strict=True)]
        found.append([trace for trace, _ in groupby(traces)])
    return found[0] if found[0] == found[1] else found


def _draws(plan: Plan, index: int) -> dict:
    """Which rows a stage and its first epoch take of many uneven labels."""
    stage, found = plan.stages[index], {}
    percent = np.random.RandomState(1).randint(0, 100, _DRAWN)
    uneven = np.searchsorted([45, 60, 70, 80, 88, 95], percent, "right")
    labels = torch.as_tensor(uneven)
    with seeded(plan.seed, 0, index, 0):
        if stage.subset:
            rows = stage.subset(labels)
            found["rows of the stage"] = _described(rows)
            labels = labels[rows]
    with seeded(plan.seed, 1):
        found["rows of an epoch"] = _described(stage.order(labels))
    return found


def _described(rows: Tensor) -> list:
    return [len(rows), digest(rows), *rows[:2].tolist()]


def _augmented(seed: int, stage: Stage, faces: FaceSet, seen) -> list[float]:
    rows = np.arange(_AUGMENTED) % len(faces)
    known = [seen.to_unit(faces.images[rows])]
    if "landmarks" in stage.reads:
        known.append(torch.as_tensor(faces.landmarks[rows]))
    with seeded(seed, 3):
        changed = _Double(stage.augment)(*known)
    changed = changed if isinstance(changed, tuple) else (changed,)
    return [value for one in changed for value in summary(one)]


def summary(x: Tensor) -> list[float]:
    """Mean, standard deviation, and two sums with random signs."""
    x = x.double().flatten()
    signs = np.random.RandomState(2).randint(0, 2, (2, len(x))) * 2 - 1
    sums = torch.as_tensor(signs, dtype=x.dtype) @ x / len(x) ** 0.5
    return rounded([x.mean(), x.std(), *sums])


def _weights(network: nn.Module, loss: nn.Module) -> list[Tensor]:
    """What has more than one index; other parameters may have no gradient.

    A bias before a normalisation has none but for rounding, which Adam makes
    steps of.
    """
    known = [*network.parameters(), *loss.parameters()]
    return [p for p in known if p.ndim > 1]


def _norms(tensors) -> list[float]:
    """Norms of consecutive parts of the network."""
    squares = [0.0 if t is None else float(t.double().square().sum()) for t in tensors]
    parts = np.array_split(squares, min(_CHUNKS, len(squares)))
    return rounded([np.sqrt(part.sum()) for part in parts])


def rounded(values) -> list[float]:
    return [plain(float(v), 5) for v in np.ravel(torch.as_tensor(values))]


def plain(value: object, digits: int = 6) -> object:
    """A JSON-able value with rounded numbers, the same on every machine."""
    if isinstance(value, Mapping):
        return {key: plain(one, digits) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one, digits) for one in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def _runs(values) -> list:
    return [[value, len(list(same))] for value, same in groupby(values)]


def digest(value: object) -> str:
    value = value.tolist() if isinstance(value, Tensor) else value
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]
