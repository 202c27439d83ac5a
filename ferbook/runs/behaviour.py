"""What a run's training does, in numbers small enough to keep in its record.

A hash of the code says whether anything was written differently.  This says
whether anything is *done* differently: the settings of the record itself, but
with a small network, take a few steps on fixed noise.  Values are kept, not a
hash of them, so that a difference can be told in words.

Exact are optimizers, learning rates, draws, parts of the data, shapes and
regions.  Numbers are faces before and after augmentation, scores, losses,
gradients and steps (:mod:`ferbook.runs.probing`).  Each stage starts from a
state of its own that follows from the seed.  One thread of the CPU computes
in float64 and takes small steps: then the order of a sum, which differs
between machines, does not show in the digits that are kept.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import Splits
from ferbook.papers import find_paper, find_recipe
from ferbook.runs.probing import (
    digest,
    noise,
    noise_splits,
    plain,
    probe_stage,
    rounded,
    summary,
)
from ferbook.training.plan import Plan

TOLERANCE = 1e-3  # largest relative difference of numbers that agree
SIZES = ("input_size", "width")  # settings that are reduced
AS_IT_IS = MappingProxyType({})


def probe(content: Mapping, sizes: Mapping[str, int] | None = None) -> dict:
    """The behaviour of the training that a record tells of.

    Args:
        content: of a record, or as much of it as names the training: paper,
            dataset, protocol, seed, recipe, config, recipe_settings, and
            data.classes.
        sizes: settings of the small network; the smoke preset's if None.

    Returns:
        JSON-able values, one to four kB for a paper; ``sizes`` among them.

    Raises:
        FerError: when this code does not know the settings.
    """
    sizes = dict(_smallest(content) if sizes is None else sizes)
    thin = {name: value for name, value in sizes.items() if name != "input_size"}
    network, full = make_network(content, sizes), make_network(content, thin)
    seen, classes = network.input, content["data"]["classes"]
    splits = noise_splits(content["dataset"], content["protocol"], classes, seen.size)
    faces = noise("rendered", "official", classes, seen.size)
    with _one_thread():
        plan = make_plan(content, splits, sizes, faces)
        with torch.no_grad():
            x = seen(splits.select.images[:1]).double()
            output = network.double().eval()(x)
        logits = output if isinstance(output, Tensor) else output.logits
        exact = {
            "parameters": _shapes(network),
            "regions": _regions(full),
            "preprocessing": plain(full.input.to_json()),
            "parts of the data": _parts(splits),
        }
        numbers = {
            "prepared faces": _prepared(full, splits),
            "scores of the untrained network": rounded(logits),
        }
        stages = [
            probe_stage(plan, index, make_network(content, sizes), splits.train)
            for index in range(len(plan.stages))
        ]
    return {"sizes": sizes, "exact": exact, "numbers": numbers} | _shared(stages)


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


def make_network(content: Mapping, changes: Mapping = AS_IT_IS):
    """The untrained network of a record, with some settings changed."""
    recipe, config = _settled(content, changes)
    return recipe.make_network(config, len(content["data"]["classes"]), content["seed"])


def make_plan(
    content: Mapping,
    splits: Splits,
    changes: Mapping = AS_IT_IS,
    rendered: FaceSet | None = None,
) -> Plan:
    """The plan of a record's training.

    Args:
        content: as for :func:`probe`.
        splits: what it is trained on.
        changes: of its settings.
        rendered: for recipes that use rendered faces; their own if None.
    """
    recipe, config = _settled(content, changes)
    plan = recipe.make_plan(config, splits, content["seed"])
    if content["recipe"] == "paper":
        return plan
    other = find_recipe(content["recipe"])
    settings = {k: v for k, v in content["recipe_settings"].items() if k != "name"}
    own = [rendered] * ("faces" in signature(other.replanned).parameters)
    how = other.make_config("paper", **settings)
    return other.replanned(
        plan, splits, how, lambda: make_network(content, changes), *own
    )


def _settled(content: Mapping, changes: Mapping) -> tuple:
    """A record's paper and settings, without a weight file to begin from."""
    recipe = find_paper(content["paper"])
    # Of before precision was a setting of all papers.
    config = {"precision": "float32"} | content["config"]
    if "pretrained" in config:
        config["pretrained"] = ""
    return recipe, recipe.make_config("paper", **config | changes)


def _smallest(content: Mapping) -> dict[str, int]:
    config = content["config"]
    smoke = find_paper(content["paper"]).make_config("smoke").flat()
    return {k: min(smoke[k], config[k]) for k in SIZES if k in config}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _shapes(network: nn.Module) -> dict:
    named = list(network.named_parameters())
    shapes = [list(p.shape) for _, p in named]
    return {
        "number": sum(p.numel() for _, p in named),
        "tensors": len(named),
        "names": digest([name for name, _ in named]),
        "shapes": digest(shapes),
    }


def _regions(network: nn.Module) -> dict:
    """Boxes and other whole numbers that are fixed, at the full input size."""
    return {
        name: value.tolist() if value.numel() <= 64 else digest(value)
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
        found[name] = [len(part), digest(known)]
    return found


def _prepared(network: nn.Module, splits: Splits) -> list[float]:
    """Grey faces, and colour ones of another size, at the full input size."""
    grey = torch.as_tensor(splits.train.images[:6])
    colour = grey.reshape(2, 3, *grey.shape[2:])[..., :40, :40]
    return [*summary(network.input(grey)), *summary(network.input(colour))]


def compare(stored: Mapping, now: Mapping, but_for: tuple[str, ...] = ()) -> list[str]:
    """How two behaviours differ, in words; empty where they agree.

    Args:
        stored: of :func:`probe`.
        now: likewise.
        but_for: values of stages that may differ.
    """
    if stored["sizes"] != now["sizes"]:
        return [f"probed at other sizes: {stored['sizes']} stored, {now['sizes']} now"]
    told = _differences("", stored, now)
    names = [[stage["name"] for stage in one["stages"]] for one in (stored, now)]
    if names[0] != names[1]:
        before, after = (", ".join(some) for some in names)
        return [*told, f"stages: {before} stored, {after} now"]
    found: dict[str, list[str]] = {}
    for name, one, other in zip(names[0], _stages(stored), _stages(now), strict=True):
        for key in but_for:
            one["exact"].pop(key, None)
            other["exact"].pop(key, None)
        for text in _differences(" of stage", one, other):
            found.setdefault(text, []).append(f"'{name}'")
    for text, which in found.items():
        every = 1 < len(which) == len(names[0])
        place = " of every stage" if every else f" of stage {', '.join(which)}"
        told.append(text.replace(" of stage", place, 1))
    return told


def _stages(told: Mapping) -> Iterator[dict]:
    """All values of each stage, those that are the same in every stage, too."""
    shared = told["every stage"]
    for stage in told["stages"]:
        yield {kind: shared[kind] | stage[kind] for kind in shared}


def _differences(where: str, stored: Mapping, now: Mapping) -> list[str]:
    return [
        *_unlike(where, stored["exact"], now["exact"], lambda a, b: a == b),
        *_unlike(where, stored["numbers"], now["numbers"], _close),
    ]


def _unlike(where: str, stored: Mapping, now: Mapping, same) -> Iterator[str]:
    for key in dict.fromkeys([*stored, *now]):
        old, new = stored.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _unlike(f" of {key}{where}", old, new, same)
        elif not same(old, new):
            yield f"{key}{where}: {_told(old)} stored, {_told(new)} now"


def _close(stored: list[float] | None, now: list[float] | None) -> bool:
    """Whether each of a list of numbers agrees.

    Those far smaller than the rest, such as a score near 0, are held to less.
    """
    if stored is None or now is None or len(stored) != len(now):
        return stored == now
    size = np.maximum(np.abs(stored), np.abs(now))
    allowed = TOLERANCE * np.maximum(size, size.max(initial=0) / 10)
    return bool((np.abs(np.subtract(stored, now)) <= allowed).all())


def _told(value: object) -> str:
    if value is None:
        return "none"
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
