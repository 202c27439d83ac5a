"""What a study does, in numbers small enough to keep in its record.

A hash of the code says whether anything was written differently; these say
whether anything is *done* differently, so that a rename or a docstring ages
no study.  Faces are rendered, every network takes a few steps as a study
trains it, and is explained and scored as a cell is, on fixed noise.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch

from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.explain.methods import METHODS
from fer_lib.rendered.cues import CUES
from ferbook.papers import find_paper
from ferbook.study.cell import explained, measured, own_parts
from ferbook.study.evidence import stage
from ferbook.study.faces import MOVEMENTS, PEOPLE, Known
from ferbook.study.settings import BASE, FAIR, NETWORKS, Settings
from ferbook.study.training import LEARNING, make_plan, small_config, train

TOLERANCE = 0.01  # of the largest of some numbers; sums differ by machine
# Of two places that are nearly as hot rounding points at either.
TOLERANCE_OF_POINTING = 0.05
FACES = 2
QUICK = ("grad_cam", "guided_grad_cam", "saliency", "attention")
_SMALL = Settings(faces=FACES, test=FACES, stages=2)


@lru_cache(maxsize=1)
def behaviour() -> dict[str, list[float]]:
    """The numbers of this code, by what they are of; takes seconds."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = {f"rendered faces, {name}": _rendered(name) for name in FAIR}
        for name in NETWORKS:
            found |= {f"{name}, {k}": v for k, v in _of_network(name).items()}
    finally:
        torch.set_num_threads(threads)
    return found


def differences(stored: Mapping[str, list], now: Mapping[str, list]) -> list[str]:
    """What two behaviours do not agree on."""
    names = {**stored, **now}
    return [k for k in names if not _agree(k, stored.get(k), now.get(k))]


def _agree(name: str, one: list | None, other: list | None) -> bool:
    if one is None or other is None or len(one) != len(other):
        return False
    one, other = (np.array(values, float) for values in (one, other))  # None: no number
    pointed = name.endswith("pointing_game")
    share = TOLERANCE_OF_POINTING if pointed else TOLERANCE
    reach = share * np.nanmax(np.abs([*one, 1e-6]))
    return np.allclose(one, other, rtol=0, atol=reach, equal_nan=True)


def _rendered(contrast: str) -> list[float]:
    first = sum(PEOPLE.values()) - PEOPLE["Test"]
    one = stage(contrast, 0, first, 1, 48, 0, "")
    numbers = [one.picture(), one.evidence(), one.difference()]
    numbers += [one.scene.landmarks()[0]]
    numbers += [one.without(move).picture() for move in one.movements[:2]]
    numbers += [one.switched(cue).picture() for cue in CUES]
    return _numbers(*numbers)


def _numbers(*arrays: np.ndarray) -> list[float | None]:
    """Mean and spread of each, to six digits; none where it has no number."""
    found = []
    for values in arrays:
        known = np.asarray(values, float)[np.isfinite(values)]
        told = (known.mean(), known.std()) if known.size else ()
        found += [float(f"{one:.6g}") for one in told] or [None, None]
    return found


def _noise(size: int) -> tuple[Splits, Known]:
    """Faces to learn from, and what would be known of them."""
    rng = np.random.default_rng(0)

    def faces(count: int, split: str, **extra: np.ndarray) -> FaceSet:
        images = rng.integers(16, 240, (count, 1, size, size), dtype=np.uint8)
        points = rng.uniform(8, size - 8, (count, 68, 2)).astype(np.float32)
        number, splits = np.arange(count), np.full(count, split)
        named = {"landmarks": points, "subjects": number, "extra": extra}
        return FaceSet("noise", images, number % 2, splits, "noise", **named)

    def places(count: int) -> np.ndarray:
        return rng.random((count, size, size)) < 0.2

    parts = [faces(n, s) for n, s in zip((8, 4, FACES), PEOPLE, strict=True)]
    row = np.repeat(np.arange(FACES), 4)
    move = np.tile(MOVEMENTS[:4], FACES)
    less = faces(len(row), "Test", row=row, movement=move, moved=places(len(row)))
    cues = {c: (places(FACES), faces(FACES, "Test").images) for c in CUES}
    is_set = rng.random((FACES, len(CUES))) < 0.5
    explained_ = replace(parts[2], extra={"cues": is_set})
    grey = rng.random((FACES, size, size)).astype(np.float32) / 20
    known = Known(explained_, places(FACES), grey, less, cues)
    return Splits("noise", "drawn", *parts, ("one", "other")), known


def _of_network(name: str) -> dict[str, list]:
    """Rates of learning, and what a few steps of it and a cell come to."""
    config = small_config(name)
    splits, known = _noise(config.network["input_size"])
    whole = make_plan(name, BASE, 0, Settings(), splits)
    found = {"stages": [n for s in whole.stages for n in (s.epochs, s.batch_size)]}
    if name in LEARNING:
        found["rates"] = _rates(
            whole.stages[0], find_paper(name).make_network(config, 2, 0)
        )
    few = make_plan(name, BASE, 0, replace(_SMALL, epochs=0.01), splits)
    learned = train(name, splits, few, 0)
    found["scores"] = [round(float(score), 4) for score in learned.scores.ravel()]
    if name == NETWORKS[0]:
        cell = measured(learned, known, BASE, 0, _SMALL)
    else:
        told = explained(learned, known, {key: METHODS[key] for key in QUICK})
        cell = told.maps | own_parts(learned, known, told)
    return found | {what: _numbers(values) for what, values in cell.items()}


def _rates(stage, network) -> list[float]:
    """The learning rate of every epoch."""
    stage.begin(network)
    optimizer = stage.optimizer(network, stage.loss)
    scheduler, found = stage.scheduler(optimizer), []
    for _ in range(stage.epochs):
        found.append(float(f"{optimizer.param_groups[0]['lr']:.6g}"))
        optimizer.step()
        scheduler.step()
    return found
