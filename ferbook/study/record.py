"""Records of the study: a file a cell, whose scores are kept to two digits."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError
from fer_lib.files import npz_bytes
from ferbook.runs.paths import repository_root
from ferbook.study.plan import plan_hash
from ferbook.study.settings import Cell, Settings

WHOLE = ("task", "face")  # kept as they are; the rest to two digits
SCALE = 100


def records_folder() -> Path:
    """Folder of the tracked records."""
    return repository_root() / "book" / "explanations"


def record_path(folder: Path, cell: Cell) -> Path:
    """Where a cell's record is."""
    return folder / f"{cell}.npz"


def digest(folder: Path) -> str:
    """SHA-256 over the records of a folder, by name and content."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.npz")):
        whole.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def packed(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rounded arrays as whole numbers, half the size of ``float16``.

    A value is multiplied by ten for each of its digits; the least number of
    the type stands for what is not a number.  What is too large is cut.
    """
    found = {}
    for name, values in arrays.items():
        whole = np.round(np.asarray(values, float) * SCALE)
        known = whole[~np.isnan(whole)]
        kind = np.int8 if not known.size or np.abs(known).max() <= 127 else np.int16
        ends = np.iinfo(kind)
        kept = np.where(np.isnan(whole), ends.min, whole.clip(ends.min + 1, ends.max))
        found[name] = kept.astype(kind)
    return found


def unpacked(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays, ``float64``, of what :func:`packed` made."""
    return {
        name: np.where(whole == np.iinfo(whole.dtype).min, np.nan, whole / SCALE)
        for name, whole in stored.items()
    }


def record_bytes(told: Mapping, arrays: Mapping[str, np.ndarray]) -> bytes:
    """A record: what is told of it, and its arrays."""
    kept = {name: arrays[name].astype(np.int16) for name in WHOLE}
    kept |= packed({k: v for k, v in arrays.items() if k not in WHOLE})
    kept["about"] = np.array(json.dumps(told))
    return npz_bytes(kept, zipfile.ZIP_LZMA)


def read_cell(
    folder: Path, cell: Cell, settings: Settings | None = None
) -> tuple[dict, dict[str, np.ndarray]]:
    """What a record tells and its arrays; refused if its plan is not this one's."""
    path = record_path(folder, cell)
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        told = json.loads(str(arrays.pop("about")))
    except FileNotFoundError:
        raise
    except Exception as error:  # zip, header, JSON: all mean damage
        raise FerError(
            f"{path}: damaged ({error}); delete the file, the cell is made again."
        ) from error
    if settings is not None and told.get("plan_sha256") != plan_hash(settings):
        raise FerError(
            f"{path}: made by another plan ({str(told.get('plan_sha256'))[:12]}, "
            f"expected {plan_hash(settings)[:12]}); name another folder with --out."
        )
    whole = {name: arrays.pop(name) for name in WHOLE}
    return told, whole | unpacked(arrays)


def recorded(folder: Path) -> Iterator[tuple[Cell, dict, dict[str, np.ndarray]]]:
    """All records of a folder, in the order of their names."""
    for path in sorted(folder.glob("[!.]*.npz")):  # files half written begin so
        condition, network, seed = path.stem.split("-")
        cell = Cell(condition, network, int(seed))
        yield cell, *read_cell(folder, cell)
