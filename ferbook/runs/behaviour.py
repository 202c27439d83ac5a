"""What a run's training does, in numbers small enough to keep in its record.

A hash of the code says whether anything was written differently.  This says
whether anything is *done* differently: the settings of the record itself, but
with a small network, take a few steps on fixed noise.  Values are kept, not a
hash of them, so that a difference can be told in words.

Exact are optimizers, learning rates, draws, parts of the data, shapes and
regions.  Numeric are faces before and after augmentation, scores, losses,
gradients and steps; they agree within :data:`TOLERANCE`, as the order of a sum
differs between machines.  Each stage starts from a state of its own that
follows from the seed, on one thread of the CPU, in float32.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import groupby

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fer_lib.data.augment import seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import FOLDS, PAIRS, Splits, split, split_pair
from fer_lib.expressions import expression_index
from ferbook.papers import paper as find_paper
from ferbook.papers.recipes import find_recipe
from ferbook.training.faces import Images, StageFaces
from ferbook.training.plan import Plan, Stage
from ferbook.training.stages import Running, begin

TOLERANCE = 1e-3  # largest relative difference of numbers that agree
_SIZES = ("input_size", "width")  # settings that are reduced
_BATCH, _FACES, _AUGMENTED = 8, 480, 128
_DRAWN = 12_000  # labels that draws choose from; one class has over 5,000
_CHUNKS = 4  # parts of a network whose gradients are told apart


def probe(content: Mapping, sizes: Mapping[str, int] | None = None) -> dict:
    """The behaviour of the training that a record tells of.

    Args:
        content: of a record, or as much of it as names the training: paper,
            dataset, protocol, seed, recipe, config, recipe_settings, and
            data.classes.
        sizes: settings of the small network; the smoke preset's if None.

    Returns:
        JSON-able values, under 4 kB; ``sizes`` among them.

    Raises:
        FerError: when this code does not know the settings.
    """
    recipe, seed = find_paper(content["paper"]), content["seed"]
    classes, config = content["data"]["classes"], dict(content["config"])
    config |= {"pretrained": ""} if "pretrained" in config else {}
    sizes = dict(_smallest(recipe, config) if sizes is None else sizes)
    small = recipe.make_config("paper", **config | sizes)
    only_thin = {k: v for k, v in sizes.items() if k != "input_size"}
    wide = recipe.make_config("paper", **config | only_thin)

    def make_network() -> nn.Module:
        return recipe.make_network(small, len(classes), seed)

    with _one_thread():
        network, full = make_network(), recipe.make_network(wide, len(classes), seed)
        seen = network.input
        splits = _splits(content["dataset"], content["protocol"], classes, seen.size)
        plan = recipe.make_plan(small, splits, seed)
        plan = _plan(content, plan, splits, make_network, seen.size)
        with torch.no_grad():
            x = seen(splits.select.images[:1]).double()
            output = network.double().eval()(x)
        logits = output if isinstance(output, Tensor) else output.logits
        exact = {
            "parameters": _shapes(network),
            "regions": _regions(full),
            "preprocessing": _plain(full.input.to_json()),
            "parts of the data": _parts(splits),
        }
        numbers = {
            "prepared faces": _prepared(full, splits),
            "scores of the untrained network": _rounded(logits),
        }
        stages = [
            _stage(plan, index, make_network(), splits.train)
            for index in range(len(plan.stages))
        ]
    return {"sizes": sizes, "exact": exact, "numbers": numbers} | _shared(stages)


def compare(stored: Mapping, now: Mapping) -> list[str]:
    """How two behaviours differ, in words; empty where they agree."""
    if stored["sizes"] != now["sizes"]:
        return [f"probed at other sizes: {stored['sizes']} stored, {now['sizes']} now"]
    places = _differences("", stored, now)
    names = [[stage["name"] for stage in one["stages"]] for one in (stored, now)]
    if names[0] != names[1]:
        names = [", ".join(some) for some in names]
        return [*places, f"stages: {names[0]} stored, {names[1]} now"]
    found: dict[str, list[str]] = {}
    for name, one, other in zip(names[0], _stages(stored), _stages(now), strict=True):
        for text in _differences(" of stage", one, other):
            found.setdefault(text, []).append(f"'{name}'")
    for text, which in found.items():
        every = 1 < len(which) == len(names[0])
        told = " of every stage" if every else f" of stage {', '.join(which)}"
        places.append(text.replace(" of stage", told, 1))
    return places


def _shared(stages: list[dict]) -> dict:
    """Stages without what is the same in all of them, and that."""
    kinds, first = ("exact", "numbers"), stages[0]
    same = {
        kind: {
            key: value
            for key, value in first[kind].items()
            if all(stage[kind].get(key) == value for stage in stages)
        }
        for kind in kinds
    }
    own = [
        {"name": stage["name"]}
        | {
            kind: {k: v for k, v in stage[kind].items() if k not in same[kind]}
            for kind in kinds
        }
        for stage in stages
    ]
    return {"every stage": same, "stages": own}


def _stages(behaviour: Mapping) -> list[dict]:
    """Undo :func:`_shared`."""
    same = behaviour["every stage"]
    return [
        {kind: same[kind] | stage[kind] for kind in same}
        for stage in behaviour["stages"]
    ]


def _differences(where: str, stored: Mapping, now: Mapping) -> list[str]:
    return [
        *_unlike(where, stored["exact"], now["exact"], lambda a, b: a == b),
        *_unlike(where, stored["numbers"], now["numbers"], _agree),
    ]


def _unlike(where: str, stored: Mapping, now: Mapping, same) -> Iterator[str]:
    for key in dict.fromkeys([*stored, *now]):
        old, new = stored.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _unlike(f" of {key}{where}", old, new, same)
        elif not same(old, new):
            yield f"{key}{where}: {_told(old)} stored, {_told(new)} now"


def _agree(stored: object, now: object) -> bool:
    """Whether two lists of numbers agree, each but for :data:`TOLERANCE`.

    Those far smaller than the rest, such as a score near 0, are held to less.
    """
    if np.shape(stored) != np.shape(now) or stored is None:
        return stored == now
    old, new = np.abs(stored), np.abs(now)
    scale = np.maximum(old, new)
    wrong = np.abs(np.subtract(stored, now))
    return bool(
        (wrong <= TOLERANCE * np.maximum(scale, scale.max(initial=0) / 10)).all()
    )


def _told(value: object) -> str:
    if value is None:
        return "none"
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


# ------------------------------------------------------------ what is probed


def _smallest(recipe, config: Mapping) -> dict[str, int]:
    smoke = asdict(recipe.make_config("smoke"))
    return {k: min(smoke[k], config[k]) for k in _SIZES if k in config}


def _plan(content, plan: Plan, splits: Splits, make_network, side: int) -> Plan:
    if content["recipe"] == "paper":
        return plan
    recipe = find_recipe(content["recipe"])
    settings = {k: v for k, v in content["recipe_settings"].items() if k != "name"}
    how = recipe.make_config("paper", **settings)
    # The one recipe with faces of its own would render them.
    own = [_noise("rendered", "official", splits.classes, side)]
    own = own if content["recipe"] == "rendered_first" else []
    return recipe.replanned(plan, splits, how, make_network, *own)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _splits(dataset: str, protocol: str, classes, side: int) -> Splits:
    """The parts that a protocol makes of noise, of the size that is seen."""
    faces = _noise(dataset, protocol, classes, side)
    if protocol in PAIRS:
        target = protocol.split("_to_")[1]
        return split_pair(faces, _noise(target, protocol, classes, side), protocol)
    return split(faces, protocol)


def _noise(dataset: str, protocol: str, classes, side: int) -> FaceSet:
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


# ------------------------------------------------------------------ one stage


def _stage(plan: Plan, index: int, network: nn.Module, train: FaceSet) -> dict:
    """A stage from a state of its own: three batches, the last one smaller."""
    stage = plan.stages[index]
    rows = 2 * stage.accumulate * _BATCH + _BATCH // 2
    faces = stage.faces or train
    augment, loss = _Double(stage.augment), stage.loss.double()
    small = replace(stage, batch_size=_BATCH, precision="float32", augment=augment)
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
    exact["precision"] = stage.precision
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
            "losses": _rounded(losses[:3]),
            "gradients": gradients[0],
            "steps": steps[2],
            # Shares of so few faces would jump.
            **{k: [_plain(v, 5)] for k, v in evaluated.items() if v is not None},
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
    found = {name.replace("_", " "): _plain(getattr(stage, name)) for name in names}
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
        key.replace("_", " "): _plain(value)
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
            rows.append([_plain(g["lr"]) for g in running.optimizer.param_groups])
            running.schedule({key: 0.5 + rise * (epoch > 0)})
        traces = [_runs(trace) for trace in zip(*rows, strict=True)]
        found.append([trace for trace, _ in groupby(traces)])
    return found[0] if found[0] == found[1] else found


def _draws(plan: Plan, index: int) -> dict:
    """Which rows a stage and its first epoch take of many uneven labels."""
    stage, uniform = (
        plan.stages[index],
        np.random.RandomState(1).randint(0, 100, _DRAWN),
    )
    labels = torch.as_tensor(
        np.searchsorted([45, 60, 70, 80, 88, 95], uniform, "right")
    )
    found = {}
    with seeded(plan.seed, 0, index, 0):
        if stage.subset:
            rows = stage.subset(labels)
            found["rows of the stage"] = _described(rows)
            labels = labels[rows]
    with seeded(plan.seed, 1):
        found["rows of an epoch"] = _described(stage.order(labels))
    return found


def _described(rows: Tensor) -> list:
    return [len(rows), _digest(rows), *rows[:2].tolist()]


# ------------------------------------------------------------------- numbers


def _shapes(network: nn.Module) -> dict:
    named = list(network.named_parameters())
    shapes = [list(p.shape) for _, p in named]
    return {
        "number": sum(p.numel() for _, p in named),
        "tensors": len(named),
        "names": _digest([name for name, _ in named]),
        "shapes": _digest(shapes),
    }


def _regions(network: nn.Module) -> dict:
    """Boxes and other whole numbers that are fixed, at the full input size."""
    return {
        name: value.tolist() if value.numel() <= 64 else _digest(value)
        for name, value in network.named_buffers()
        if value.ndim and not value.is_floating_point()
    }


def _parts(splits: Splits) -> dict:
    """Faces of each part, and which with what labels."""
    found = {}
    for name, part in splits.named().items():
        known = [part.extra["row"].tolist(), part.labels.tolist()]
        if "targets" in part.extra:
            known.append(np.round(part.extra["targets"], 4).tolist())
        found[name] = [len(part), _digest(known)]
    return found


def _prepared(network: nn.Module, splits: Splits) -> list[float]:
    """Grey faces, and colour ones of another size, at the full input size."""
    grey = torch.as_tensor(splits.train.images[:6])
    colour = grey.reshape(2, 3, *grey.shape[2:])[..., :40, :40]
    return [*_summary(network.input(grey)), *_summary(network.input(colour))]


def _augmented(seed: int, stage: Stage, faces: FaceSet, seen) -> list[float]:
    rows = np.arange(_AUGMENTED) % len(faces)
    known = [seen.to_unit(faces.images[rows])]
    if "landmarks" in stage.reads:
        known.append(torch.as_tensor(faces.landmarks[rows]))
    with seeded(seed, 3):
        changed = _Double(stage.augment)(*known)
    changed = changed if isinstance(changed, tuple) else (changed,)
    return [value for one in changed for value in _summary(one)]


def _summary(x: Tensor) -> list[float]:
    """Mean, standard deviation, and two sums with random signs."""
    x = x.double().flatten()
    signs = np.random.RandomState(2).randint(0, 2, (2, len(x))) * 2 - 1
    sums = torch.as_tensor(signs, dtype=x.dtype) @ x / len(x) ** 0.5
    return _rounded([x.mean(), x.std(), *sums])


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
    return _rounded([np.sqrt(part.sum()) for part in parts])


def _rounded(values) -> list[float]:
    return [_plain(float(v), 5) for v in np.ravel(torch.as_tensor(values))]


def _plain(value: object, digits: int = 6) -> object:
    """A JSON-able value with rounded numbers, the same on every machine."""
    if isinstance(value, Mapping):
        return {key: _plain(one, digits) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one, digits) for one in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def _runs(values) -> list:
    return [[value, len(list(same))] for value, same in groupby(values)]


def _digest(value: object) -> str:
    value = value.tolist() if isinstance(value, Tensor) else value
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]
