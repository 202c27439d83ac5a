"""Making a study cell by cell, so that it can be stopped and gone on with."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.files import atomic_path, cache_dir, npz_bytes
from ferbook.cluster import Each, in_turn
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
from ferbook.study.settings import FAIR, NETWORKS, TASKS, Settings
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
    """
    if seeds < 1:
        raise FerError(f"study: {seeds} seeds, expected 1 or more.")
    first = [task for task in TASKS if task in tasks]
    return [
        (task, network, seed)
        for seed in range(seeds)
        for task in first
        if seed == 0 or task in FAIR
        for network in networks
    ]


class Cells:
    """Finished cells of one study, each in a file of its own.

    Below a folder, or the cache if None; those of code that did other things are
    refused.
    """

    def __init__(self, settings: Settings, folder: Path | None = None):
        below = folder or cache_dir() / "explanations"
        told = asdict(settings)
        self.settings, self.folder = settings, below / json_sha256(told)[:16]
        path = self.folder / "behaviour.json"
        if not path.is_file():
            with atomic_path(path) as temporary:
                temporary.write_text(json.dumps(behaviour()), encoding="utf-8")
        elif odd := differences(json.loads(path.read_bytes()), behaviour()):
            raise FerError(
                f"{self.folder}: holds cells of code that behaved otherwise in "
                f"{odd[0]} ({len(odd)} in all); delete the folder to make them again."
            )

    def path(self, cell: Cell) -> Path:
        """File of a cell."""
        task, network, seed = cell
        return self.folder / f"{task}-{network}-{seed}.npz"

    def finished(self) -> dict[Cell, dict[str, np.ndarray]]:
        """All that are there."""
        every = plan_cells(seeds=100)
        return {cell: _read(self.path(cell)) for cell in every if self.has(cell)}

    def has(self, cell: Cell) -> bool:
        """Whether a cell is finished."""
        return self.path(cell).is_file()

    def keep(self, cell: Cell, found: dict[str, np.ndarray]) -> None:
        """Write what :func:`made` found."""
        with atomic_path(self.path(cell)) as temporary:
            temporary.write_bytes(npz_bytes(found))


def made(cell: Cell, settings: Settings) -> dict[str, np.ndarray]:
    """Train, explain and measure one cell."""
    started = time.process_time()
    task, network, seed = cell
    learned = learn(network, task, seed, settings)
    size = learned.network.input.size
    known = known_faces(TASKS[task].contrast, size, settings)
    found = measured(learned, known, task, seed, settings)
    found["curve"] = np.array(learned.curve)
    found["cpu_seconds"] = np.array(time.process_time() - started)
    return found


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
    each: Each = in_turn,
) -> Study:
    """Make the cells that are missing, and write the record of all to ``out``.

    After ``budget`` seconds of wall time no further cell is begun; ``fresh``
    replaces a record of other settings or behaviour.  Finished cells are kept
    below the cache, or in the folder ``kept``; ``each`` says who makes them.
    """
    store = Cells(settings, kept)
    _check(out, settings, fresh)
    started = time.monotonic()
    due = [cell for cell in cells if not store.has(cell)]

    def in_time(cell: Cell) -> bool:
        return budget is None or time.monotonic() - started <= budget

    work = partial(made, settings=settings)
    with tqdm(total=len(due), desc="explaining", unit="cell") as bar:
        for (cell,), found in each(work, zip(takewhile(in_time, due))):
            store.keep(cell, found())
            bar.update()
    cells = store.finished()
    if not cells:
        raise FerError("study: no cell is finished; give it a larger budget.")
    there = [set(side) for side in zip(*cells, strict=True)]
    of = [[name for name in names if name in one] for names, one in
          zip((TASKS, NETWORKS, sorted(there[2])), there, strict=True)]  # fmt: skip
    write_study(out, _told(settings, cells, *of), tabled(cells, *of))
    return read_study(out)


def _told(settings: Settings, cells: dict[Cell, dict], tasks, networks, seeds) -> dict:
    """The JSON of a record."""
    known = known_faces(TASKS[tasks[0]].contrast, 48, settings)
    cpu = {"/".join(map(str, c)): float(one["cpu_seconds"]) for c, one in cells.items()}
    return {
        "kind": "explanations",
        "tasks": tasks,
        "networks": networks,
        "seeds": seeds,
        "behaviour": behaviour(),
        "settings": asdict(settings),
        "methods": list(ROWS),
        "movements": list(MOVEMENTS),
        "dimensions": DIMENSIONS,
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
