"""Making a study cell by cell, so that it can be stopped and gone on with."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.files import atomic_path, cache_dir, npz_bytes
from ferbook.runs.key import json_sha256
from ferbook.runs.provenance import code_version, library_versions
from ferbook.runs.source import source_hash
from ferbook.study.behaviour import behaviour, differences
from ferbook.study.cell import ROWS, measured
from ferbook.study.faces import MOVEMENTS, Known, evidence_set, know
from ferbook.study.record import (
    DIMENSIONS,
    NAME,
    Cell,
    Study,
    read_study,
    tabled,
    write_study,
)
from ferbook.study.settings import (
    FAIR,
    NETWORKS,
    PLANTED,
    SHUFFLED,
    TASKS,
    Settings,
    check_names,
)
from ferbook.study.training import learn
from ferbook.training.machine import hardware

CPU = torch.device("cpu")


def plan_cells(
    tasks: Sequence[str] = tuple(TASKS),
    networks: Sequence[str] = NETWORKS,
    seeds: int = 2,
) -> list[Cell]:
    """Task, network and seed of every cell, those of seed 0 first.

    Shortcuts and shuffled labels are trained with seed 0 alone.

    Raises:
        FerError: when a name is unknown, or there is no seed.
    """
    check_names("task", tuple(tasks), TASKS)
    check_names("network", tuple(networks), NETWORKS)
    if seeds < 1:
        raise FerError(f"study: {seeds} seeds, expected 1 or more.")
    first = [task for task in (*FAIR, *PLANTED, SHUFFLED) if task in tasks]
    return [
        (task, network, seed)
        for seed in range(seeds)
        for task in first
        if seed == 0 or task in FAIR
        for network in networks
    ]


class Cells:
    """Finished cells of one study, each in a file of its own.

    Args:
        settings: sizes.
        folder: where; below the cache if None.

    Raises:
        FerError: when those there were made by code that did other things.
    """

    def __init__(self, settings: Settings, folder: Path | None = None):
        below = folder or cache_dir() / "explanations"
        told = asdict(settings)
        self.settings, self.folder = settings, below / json_sha256(told)[:16]
        path = self.folder / "behaviour.json"
        if path.is_file():
            odd = differences(json.loads(path.read_text()), behaviour())
            if odd:
                raise FerError(
                    f"{self.folder}: holds cells of code that behaved otherwise in "
                    f"{odd[0]} ({len(odd)} in all); delete the folder to make them "
                    "again."
                )
        else:
            with atomic_path(path) as temporary:
                temporary.write_text(json.dumps(behaviour()))

    def path(self, cell: Cell) -> Path:
        """File of a cell."""
        task, network, seed = cell
        return self.folder / f"{task}-{network}-{seed}.npz"

    def finished(self) -> dict[Cell, dict[str, np.ndarray]]:
        """All that are there.

        Raises:
            FerError: when a file is damaged.
        """
        every = plan_cells(seeds=100)
        return {cell: _read(self.path(cell)) for cell in every if self.has(cell)}

    def has(self, cell: Cell) -> bool:
        """Whether a cell is finished."""
        return self.path(cell).is_file()

    def make(self, cell: Cell) -> None:
        """Train, explain and measure one, and keep it."""
        started = time.process_time()
        task, network, seed = cell
        learned = learn(network, task, seed, self.settings)
        size = learned.network.input.size
        known = known_faces(TASKS[task].contrast, size, self.settings)
        found = measured(learned, known, task, seed, self.settings)
        found["curve"] = np.array(learned.curve)
        found["cpu_seconds"] = np.array(time.process_time() - started)
        with atomic_path(self.path(cell)) as temporary:
            temporary.write_bytes(npz_bytes(found))


@lru_cache(maxsize=4)
def known_faces(contrast: str, size: int, settings: Settings) -> Known:
    """The faces of a contrast that are explained; the same of every task."""
    s = settings
    faces = evidence_set(contrast, size, s.train, s.validation, s.test, s.population)
    return know(faces.split("Test").select(np.arange(s.faces)))


def work(
    cells: Sequence[Cell],
    settings: Settings,
    out: Path,
    *,
    budget: float | None = None,
    fresh: bool = False,
    kept: Path | None = None,
) -> Study:
    """Make the cells that are missing, and write the record of all to ``out``.

    After ``budget`` seconds of wall time no further cell is begun; ``fresh``
    replaces a record of other settings or behaviour.  Finished cells are kept
    below the cache, or in the folder ``kept``.

    Raises:
        FerError: when ``out`` holds another study, or no cell is finished.
    """
    store = Cells(settings, kept)
    _check(out, settings, fresh)
    started = time.monotonic()
    due = [cell for cell in cells if not store.has(cell)]
    for cell in tqdm(due, desc="explaining", unit="cell"):
        if budget is not None and time.monotonic() - started > budget:
            break
        store.make(cell)
    return record(store, out)


def record(store: Cells, out: Path) -> Study:
    """Write the record of all finished cells."""
    cells = store.finished()
    if not cells:
        raise FerError("study: no cell is finished; give it a larger budget.")
    tasks = [task for task in TASKS if any(task == cell[0] for cell in cells)]
    networks = [name for name in NETWORKS if any(name == cell[1] for cell in cells)]
    seeds = sorted({cell[2] for cell in cells})
    content = _told(store.settings, cells) | {
        "tasks": tasks,
        "networks": networks,
        "seeds": seeds,
    }
    write_study(out, content, tabled(cells, tasks, networks, seeds))
    return read_study(out)


def _told(settings: Settings, cells: dict[Cell, dict]) -> dict:
    """The fields of a record, but for its cells."""
    contrast = TASKS[next(iter(cells))[0]].contrast
    known = known_faces(contrast, 48, settings)
    cpu = {"/".join(map(str, c)): float(one["cpu_seconds"]) for c, one in cells.items()}
    return {
        "kind": "explanations",
        "behaviour": behaviour(),
        "settings": asdict(settings),
        "methods": list(ROWS),
        "movements": list(MOVEMENTS),
        "dimensions": {name: list(axes) for name, axes in DIMENSIONS.items()},
        "people": known.people.tolist(),
        "labels": known.faces.labels.tolist(),
        "code": code_version(source_hash(["ferbook.study.cell"])),
        "hardware": hardware(CPU),
        "libraries": library_versions(),
        "command": "ferbook explain",
        "written": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cpu_seconds": {key: round(value, 1) for key, value in cpu.items()},
    }


def _check(out: Path, settings: Settings, fresh: bool) -> None:
    """Refuse a folder that holds another study."""
    if fresh or not (out / f"{NAME}.json").exists():
        return
    held = read_study(out).content
    odd = "of other settings" if held["settings"] != asdict(settings) else ""
    if not odd and differences(held.get("behaviour", {}), behaviour()):
        odd = "by code that behaved otherwise"
    if odd:
        raise FerError(
            f"{out}: holds a study {odd}; name another folder with --out, or replace "
            "it with --fresh."
        )


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except Exception as error:  # zip, header: all mean damage
        raise FerError(
            f"{path}: damaged ({error}); delete the file, the cell is made again."
        ) from error
