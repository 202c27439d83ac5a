"""Runs of the queue, as pure functions of their keys: made here, written elsewhere."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from fer_lib.device import choose_device
from fer_lib.files import atomic_path
from fer_lib.models.saved import SUFFIX
from ferbook.queue.forecast import Forecast, Forecaster
from ferbook.runs.key import RunKey
from ferbook.runs.make import reproduce
from ferbook.runs.records import Record, write_beside
from ferbook.training.machine import hardware


@dataclass(frozen=True, eq=False)
class Made:
    """A finished run that is not recorded yet."""

    content: Mapping  # of its record
    predictions: Mapping[str, np.ndarray]
    weights: bytes = b""  # the file of its network, if it was asked for


def made(
    key: RunKey,
    budget: float | None = None,
    *,
    root: str | None = None,
    device: str = "auto",
    weights: bool = False,
    progress: bool | Callable[[float], None] = True,
) -> Made | None:
    """A run, within so many seconds; None when it was only brought further.

    ``weights`` says whether its network is wanted, too; the others are those of
    :func:`~ferbook.runs.make.reproduce`.
    """
    run = reproduce(
        key, folder=None, root=root, device=device, budget=budget, progress=progress
    )
    if run.record is None:
        return None
    found = Made(run.record.content, run.record.predictions)
    if not weights:
        return found
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"weights{SUFFIX}"
        run.save(file)
        return replace(found, weights=file.read_bytes())


def made_there(
    key: RunKey, budget: float | None = None, *, root: str | None, **options
) -> Made | None:
    """A run on a worker, of the faces on its machine; it reports its epochs.

    Arguments are those of :func:`made`.
    """
    from ferbook.cluster.worker import report, root_here

    return made(key, budget, root=root_here(root), progress=report, **options)


def keep(made: Made, folder: Path, weights: Path | None = None) -> Record:
    """Write what was made, each file atomically.

    Args:
        made: by :func:`made`.
        folder: of all run records.
        weights: of all networks, which are named like their records; None keeps none.
    """
    record = write_beside(folder, made.content, made.predictions)
    if weights:
        name = record.path.relative_to(folder).with_suffix(SUFFIX)
        with atomic_path(weights / name) as temporary:
            temporary.write_bytes(made.weights)
    return record


def forecast_there(
    dataset: str, root: str | None, device: str, key: RunKey
) -> Forecast:
    """What a run will cost on a worker, which measures each network once."""
    from ferbook.cluster.worker import root_here

    return _forecaster(dataset, root_here(root), device)(key)


def hardware_there(device: str) -> dict:
    """The machine of a worker."""
    return hardware(choose_device(device))


@cache
def _forecaster(dataset: str, root: str | None, device: str) -> Forecaster:
    return Forecaster(dataset, root, choose_device(device))
