"""The record of an analysis: numbers in JSON, maps beside it.

``book/analyses/<data set>/<network>.json`` tells what was analysed, and every
number with its n.  The maps are in the ``.npz`` of the same name: their means
and standard errors as whole numbers from 0 to 254, evenly from the least to
the largest value, which the JSON file has; 255 is not a number.
"""

import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_lib.errors import FerError
from fer_lib.files import atomic_path, npz_bytes
from ferbook.analysis.means import Means
from ferbook.runs.paths import repository_root

READS = 0.7  # accuracy below which no map of a network is shown
_NONE = 255  # stored for what is not a number
_FIELDS = ("network", "classes", "accuracy", "numbers", "maps", "values_sha256")


class Numbers(NamedTuple):
    """A measure of one or more columns, over the faces of each class and of all.

    Attributes:
        means: of C + 1 groups, ``[C + 1]`` or ``[C + 1, K]``.
        quantiles: ``[C + 1, 5]`` or ``[C + 1, 5, K]``, see
            :data:`ferbook.analysis.means.QUANTILES`.
        columns: names of the K columns; none for a single number.
    """

    means: Means
    quantiles: np.ndarray
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found.

    Attributes:
        content: what was analysed, and how; JSON-able.
        numbers: by name.
        maps: means ``[G, ..., h, w]`` by name: of each class, or of all faces.
    """

    content: Mapping
    numbers: Mapping[str, Numbers]
    maps: Mapping[str, Means]

    classes = property(lambda self: tuple(self.content["classes"]))

    @property
    def reads(self) -> bool:
        """Whether it reads such faces often enough for its maps to be shown."""
        return self.content["accuracy"]["split"]["accuracy"] >= READS


def analyses_folder() -> Path:
    """Folder of the tracked analyses."""
    return repository_root() / "book" / "analyses"


def write_analysis(path: Path, found: Analysis) -> None:
    """Write a record atomically, the maps first; ``path`` is its JSON file."""
    layout, values = _packed(found.maps)
    stored = npz_bytes({"values": values}, zipfile.ZIP_LZMA)
    numbers = {name: _told(one) for name, one in found.numbers.items()}
    content = {**found.content, "values_sha256": sha256(stored).hexdigest()}
    lines = [f"{json.dumps(key)}: {json.dumps(one)}" for key, one in content.items()]
    lines += [
        f'"{key}": {_by_line(one)}'
        for key, one in (("numbers", numbers), ("maps", layout))
    ]
    with atomic_path(path.with_suffix(".npz")) as temporary:
        temporary.write_bytes(stored)
    with atomic_path(path) as temporary:
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        temporary.write_text(text, encoding="utf-8")


def read_analysis(path: Path) -> Analysis:
    """Read a record.

    Raises:
        FerError: when it is missing, damaged, or of two analyses.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        stored = path.with_suffix(".npz").read_bytes()
    except FileNotFoundError as error:
        raise FerError(
            f"{error.filename}: no analysis is recorded there; make one with "
            "ferbook analyse."
        ) from error
    except ValueError as error:
        raise FerError(f"{path}: no JSON ({error}); analyse again.") from error
    known = content if isinstance(content, dict) else {}
    missing = [name for name in _FIELDS if name not in known]
    if missing or sha256(stored).hexdigest() != known["values_sha256"]:
        odd = f"lacks {', '.join(missing)}" if missing else "has other maps beside it"
        raise FerError(f"{path}: {odd}; take both files from one analysis.")
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        maps = _unpacked(content.pop("maps"), arrays["values"])
    numbers = {name: _heard(one) for name, one in content.pop("numbers").items()}
    return Analysis(content, numbers, maps)


def _by_line(entries: Mapping) -> str:
    """JSON with an entry a line, for diffs."""
    told = (f" {json.dumps(key)}: {json.dumps(one)}" for key, one in entries.items())
    return "{\n" + ",\n".join(told) + "\n }"


def _told(one: Numbers) -> dict:
    named = {
        "mean": one.means.mean,
        "error": one.means.error,
        "quantiles": one.quantiles,
    }
    told = {"columns": list(one.columns), "n": one.means.n.tolist()}
    return told | {key: _listed(values.tolist()) for key, values in named.items()}


def _listed(value: float | list) -> float | list | None:
    """Numbers to four digits, null for what is none."""
    if isinstance(value, list):
        return [_listed(one) for one in value]
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _heard(told: Mapping) -> Numbers:
    mean, error, quantiles = (
        np.array(told[key], np.float64) for key in ("mean", "error", "quantiles")
    )
    means = Means(np.array(told["n"]), mean, error)
    return Numbers(means, quantiles, tuple(told["columns"]))


def _packed(maps: Mapping[str, Means]) -> tuple[dict, np.ndarray]:
    """Shape, n and ends of each map, and all values, ``uint8``, in a row."""
    layout, values = {}, [np.zeros(0, np.uint8)]
    for name, means in maps.items():
        layout[name] = {"shape": list(means.mean.shape), "n": means.n.tolist()}
        for kind in ("mean", "error"):
            one = getattr(means, kind)
            known = one[np.isfinite(one)]
            low, high = (
                (float(known.min()), float(known.max())) if known.size else (0, 0)
            )
            layout[name][kind] = [low, high]
            steps = np.nan_to_num((one - low) / ((high - low) or 1) * (_NONE - 1))
            whole = np.where(np.isfinite(one), np.round(steps), _NONE)
            values.append(whole.astype(np.uint8).ravel())
    return layout, np.concatenate(values)


def _unpacked(layout: Mapping, values: np.ndarray) -> dict[str, Means]:
    maps, at = {}, 0
    for name, about in layout.items():
        size, found = math.prod(about["shape"]), []
        for kind in ("mean", "error"):
            low, high = about[kind]
            whole = values[at : at + size].reshape(about["shape"])
            at += size
            one = low + whole * ((high - low) / (_NONE - 1))
            found.append(np.where(whole == _NONE, np.nan, one))
        maps[name] = Means(np.array(about["n"]), *found)
    return maps
