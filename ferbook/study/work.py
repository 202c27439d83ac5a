"""Making the study cell by cell, a record each, and going on."""

import time
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from fer_lib.files import atomic_path, cache_dir, npz_bytes
from fer_lib.rendered.cues import CUES
from fer_lib.rendered.known import KnownFaces
from ferbook.cluster import Each, in_turn
from ferbook.runs.key import json_sha256
from ferbook.runs.provenance import code_version, library_versions
from ferbook.runs.source import source_hash
from ferbook.study.cell import Truth, measured_cell
from ferbook.study.faces import (
    SPLITS,
    VERSION,
    asked_faces,
    known_movements,
    movement_set,
    staged,
)
from ferbook.study.learning import learn
from ferbook.study.photographs import chosen, measured_photographs
from ferbook.study.plan import frozen, plan_hash
from ferbook.study.record import read_cell, record_bytes, record_path
from ferbook.study.settings import Cell, Settings
from ferbook.training.machine import hardware, keep_memory

SEEN = 0.04  # change of grey, 0..1, from which a pixel shows a cue
FITTED_ON = 200  # training faces whose landmarks the decoys know


def work(
    settings: Settings,
    folder: Path,
    *,
    cells: Sequence[Cell] | None = None,
    root: str | None = None,
    budget: float | None = None,
    each: Each = in_turn,
) -> list[Cell]:
    """Make the cells that have no record in a folder; those that now have one.

    Cells on photographs are made where ``root`` names FER2013's folder.  After
    ``budget`` seconds of wall time no further cell is begun; ``each`` says who
    makes them.
    """
    if cells is None:
        cells = settings.cells() + (settings.cells_on_photographs() if root else [])
    cells = list(cells)
    started = time.monotonic()
    due = [cell for cell in cells if not record_path(folder, cell).is_file()]
    for other in cells:
        if other not in due:
            read_cell(folder, other, settings)  # which refuses those of another plan
    if each is in_turn and any(cell.on_photographs for cell in due):
        chosen(root, settings.photographs)  # a wrong folder is told before hours

    def in_time(cell: Cell) -> bool:
        return budget is None or time.monotonic() - started <= budget

    make = partial(made, settings=settings, root=root)
    with tqdm(total=len(due), desc="explaining", unit="cell") as bar:
        for (cell,), found in each(make, zip(takewhile(in_time, due))):
            with atomic_path(record_path(folder, cell)) as temporary:
                temporary.write_bytes(found())
            bar.update()
    return [cell for cell in cells if record_path(folder, cell).is_file()]


def made(cell: Cell, settings: Settings, root: str | None = None) -> bytes:
    """Train, explain and measure one cell: the bytes of its record."""
    keep_memory()
    if cell.on_photographs:
        chosen(root, settings.photographs)  # before the clock starts
        begun = time.process_time()
        found = measured_photographs(cell, root, settings)
    else:
        truth = the_truth(settings)
        begun = time.process_time()
        found = measured_cell(cell, learn(cell, settings), truth, settings)
    spent = time.process_time() - begun
    told = {
        "kind": "explanations",
        "cell": list(cell),
        "plan_sha256": plan_hash(settings),
        "plan": frozen(settings),
        "cpu_seconds": round(spent, 1),
        "code": code_version(source_hash(["ferbook.study.work"])),
        "hardware": hardware(torch.device("cpu")),
        "libraries": library_versions(),
        "command": "ferbook explain",
        "written": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    return record_bytes(told, found)


@lru_cache(maxsize=1)
def the_truth(settings: Settings) -> Truth:
    """All that is known of the test faces, kept in the cache; minutes at first."""
    test = movement_set("Test", 0.5, settings)
    training = movement_set("Training", 0.5, settings).landmarks[:FITTED_ON]
    told = [VERSION, settings.tasks, settings.test, settings.shown, settings.size]
    told += [settings.population, test.sha256]
    path = cache_dir() / f"movements-known-{json_sha256(told)[:16]}.npz"
    if not path.is_file():
        arrays = vars(known_movements(settings)) | _switched(settings)
        with atomic_path(path) as temporary:
            temporary.write_bytes(npz_bytes(arrays, zipfile.ZIP_DEFLATED))
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    cues = {c: (arrays.pop(f"{c}_map"), arrays.pop(f"{c}_switched")) for c in CUES}
    known = KnownFaces(**arrays)
    asked = asked_faces(known, settings)
    return Truth(known, asked, training, cues, test.extra["cues"])


def _switched(settings: Settings) -> dict[str, np.ndarray]:
    """Where each cue shows in each test face, and the face with it switched."""
    found: dict[str, list] = {}
    takes = (SPLITS["Test"] + np.arange(settings.test)).tolist()
    for take in tqdm(takes, desc="cues switched", unit="face"):
        face = staged(take, 0.5, settings)
        for cue in CUES:
            found.setdefault(f"{cue}_map", []).append(face.cue_map(cue) > SEEN)
            other = face.switched(cue).picture()[None]
            found.setdefault(f"{cue}_switched", []).append(other)
    return {name: np.stack(values) for name, values in found.items()}
