"""The record of a study: settings in JSON, values of every face beside it."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.files import atomic_path, npz_bytes
from ferbook.runs.paths import repository_root
from ferbook.study.settings import FAIR
from ferbook.study.tables import DIGITS, has_learned

NAME = "study"
_FIELDS = ("settings", "tasks", "networks", "seeds", "methods", "people", "code")


def explanations_folder() -> Path:
    """Folder of the tracked study."""
    return repository_root() / "book" / "explanations"


@dataclass(frozen=True, eq=False)
class Study:
    """A study that was recorded.

    Attributes:
        content: of the JSON file.
        arrays: of :data:`ferbook.study.tables.DIMENSIONS`, ``float64``.
    """

    content: Mapping
    arrays: Mapping[str, np.ndarray]

    @property
    def tasks(self) -> tuple[str, ...]:
        """Of the first dimension."""
        return tuple(self.content["tasks"])

    @property
    def networks(self) -> tuple[str, ...]:
        """Of the second dimension."""
        return tuple(self.content["networks"])

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the third dimension."""
        return tuple(self.content["seeds"])

    @property
    def methods(self) -> tuple[str, ...]:
        """Methods, then decoys."""
        return tuple(self.content["methods"])

    @property
    def people(self) -> np.ndarray:
        """Who the explained faces show, ``int64 [N]``."""
        return np.array(self.content["people"])

    def accuracy(
        self, task: str, network: str, seed: int
    ) -> tuple[float, float, float, int]:
        """Accuracy on fair test faces, its 95 % interval and n; see ``ran``."""
        place = self.place(task, network, seed)
        correct = self.arrays["correct"][place]
        if np.isnan(correct).any():
            return (np.nan, np.nan, np.nan, 0)
        n = len(correct)
        return (float(correct.mean()), *wilson_interval(correct.sum(), n), n)

    @cached_property
    def ran(self) -> np.ndarray:
        """Which cells are finished, ``bool [tasks, networks, seeds]``."""
        return ~np.isnan(self.arrays["correct"]).any(-1)

    @cached_property
    def learned(self) -> np.ndarray:
        """Networks that learned a fair task, ``bool [tasks, networks, seeds]``.

        The 95 % interval of their accuracy on new people lies above 0.7; only
        their maps are ranked.
        """
        found = np.zeros_like(self.ran)
        for t, n, k in np.argwhere(self.ran):
            correct = self.arrays["correct"][t, n, k]
            found[t, n, k] = self.tasks[t] in FAIR and has_learned(correct)
        return found

    def place(self, task: str, network: str, seed: int) -> tuple[int, int, int]:
        """Of a cell in the arrays.

        Raises:
            FerError: when the study has no such cell.
        """
        named = ((task, self.tasks), (network, self.networks), (seed, self.seeds))
        for one, known in named:
            if one not in known:
                raise FerError(
                    f"study: '{one}' is not in it, expected one of "
                    f"{', '.join(map(str, known))}."
                )
        return tuple(known.index(one) for one, known in named)

    def values(
        self, name: str, task: str | None = None, network: str | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A score of every method on every map of networks that learned.

        Args:
            name: of an array with the dimensions task, network, seed, method
                and face.
            task: only this one.
            network: only this one.

        Returns:
            ``[methods, X]``; who each face shows, ``[X]``; and the number of
            its task and network, ``[X]``.
        """
        chosen = self.learned.copy()
        if task is not None:
            chosen[np.array(self.tasks) != task] = False
        if network is not None:
            chosen[:, np.array(self.networks) != network] = False
        cells = np.argwhere(chosen)
        rows = [self.arrays[name][tuple(cell)] for cell in cells]
        if not rows:
            nothing = np.empty((len(self.methods), 0))
            return nothing, np.empty(0, int), np.empty(0, int)
        pair = cells[:, 0] * len(self.networks) + cells[:, 1]
        n = len(self.people)
        return (
            np.concatenate(rows, 1),
            np.tile(self.people, len(rows)),
            np.repeat(pair, n),
        )


def packed(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rounded arrays as whole numbers, in the fewest bytes.

    A value is multiplied by ten for each of its digits; the least number of
    the type stands for what is not a number.  Half the size of ``float16``.
    What is too large for 16 bits is cut there.
    """
    found = {}
    for name, values in arrays.items():
        whole = np.round(np.asarray(values, float) * _scale(name))
        known = whole[~np.isnan(whole)]
        kind = np.int8 if not known.size or np.abs(known).max() <= 127 else np.int16
        ends = np.iinfo(kind)
        kept = np.where(np.isnan(whole), ends.min, whole.clip(ends.min + 1, ends.max))
        found[name] = kept.astype(kind)
    return found


def unpacked(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays, ``float64``, of what :func:`packed` made."""
    found = {}
    for name, whole in stored.items():
        lacking = whole == np.iinfo(whole.dtype).min
        found[name] = np.where(lacking, np.nan, whole / _scale(name))
    return found


def _scale(name: str) -> int:
    return 10 ** DIGITS.get(name, 2)


def write_study(
    folder: Path, content: Mapping, arrays: Mapping[str, np.ndarray]
) -> Path:
    """Write a record atomically, the values first; the JSON file.

    Args:
        folder: where to.
        content: settings and how it went; JSON-able.
        arrays: of :func:`ferbook.study.tables.tabled`.
    """
    values = npz_bytes(packed(arrays), zipfile.ZIP_LZMA)
    path = folder / f"{NAME}.json"
    content = {**content, "values_sha256": sha256(values).hexdigest()}
    lines = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in content.items())
    text = "{\n" + ",\n".join(lines) + "\n}\n"  # a field a line, for diffs
    with atomic_path(path.with_suffix(".npz")) as temporary:
        temporary.write_bytes(values)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def read_study(folder: Path | None = None) -> Study:
    """Read a record.

    Args:
        folder: the tracked one if None.

    Raises:
        FerError: when there is none, or it is damaged.
    """
    path = (folder or explanations_folder()) / f"{NAME}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        values = path.with_suffix(".npz").read_bytes()
    except FileNotFoundError as error:
        raise FerError(
            f"{error.filename}: no study is recorded there; make one with "
            "ferbook explain."
        ) from error
    except ValueError as error:
        raise FerError(f"{path}: no JSON ({error}); make the study again.") from error
    missing = _missing(content, _FIELDS)
    if missing or sha256(values).hexdigest() != content.get("values_sha256"):
        odd = f"lacks {', '.join(missing)}" if missing else "has other values beside it"
        raise FerError(f"{path}: {odd}; take both files from one study.")
    with np.load(io.BytesIO(values), allow_pickle=False) as stored:
        return Study(content, unpacked({name: stored[name] for name in stored.files}))


def _missing(content: object, fields: Iterable[str]) -> list[str]:
    if not isinstance(content, dict):
        return list(fields)
    return [name for name in fields if name not in content]
