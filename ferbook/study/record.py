"""The record of a study: settings in JSON, values of every face beside it.

Every array has the dimensions that :data:`DIMENSIONS` names.  Where a cell,
a method or a movement is missing, values are not numbers.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.scoring.agreement import rank_agreement
from fer_lib.explain.scoring.localisation import SCORES
from fer_lib.files import atomic_path, npz_bytes
from ferbook.runs.paths import repository_root
from ferbook.study.settings import BASE, FAIR, SHUFFLED

NAME = "study"
_FIELDS = ("settings", "tasks", "networks", "seeds", "methods", "people", "code")
LEARNED = 0.7  # accuracy that the interval of a network that learned is above

Cell = tuple[str, str, int]  # task, network, seed
Cells = Mapping[Cell, Mapping[str, np.ndarray]]

_SCORES = (*SCORES, "changed_auc", "agreement", "density_agreement")
_FAITHFUL = ("deletion", "insertion", "average_drop", "infidelity")
_CONTROLS = ("randomised_auc", "sensitivity")
# What cells have, after the dimensions task, network and seed.
_OF_CELLS = {
    **dict.fromkeys((*_SCORES, *_FAITHFUL, *_CONTROLS), ("method", "face")),
    "correct": ("test face",),
    "fall": ("face", "movement"),
    "randomised": ("method", "stage", "face"),
    "cue_mass": ("cue", "method", "face"),
    "cue_effect": ("cue", "face"),
    "theta": ("face", "region"),
    "branch_correct": ("branch", "test face"),
    "branch_mass": ("branch", "face"),
    "landmark_error": ("when", "branch", "face"),
    "window": ("face", "share"),
    "untrained_auc": ("face",),
}
_FAIR_ALONE = set(_SCORES) - {"inside_auc"}  # the rest has no ranking
_METHODS = ("method", "face")
DIMENSIONS: dict[str, tuple[str, ...]] = {
    **{n: ("task", "network", "seed", *rest) for n, rest in _OF_CELLS.items()},
    "faces_agree": ("task", "network", *_METHODS),
    "seeds_agree": ("task", "network", *_METHODS),
    "networks_agree": ("task", *_METHODS),
    "shuffled_agree": ("network", *_METHODS),
}
# Digits after the point that are kept, where they are not two.
DIGITS = {"landmark_error": 4, "theta": 3}


def explanations_folder() -> Path:
    """Folder of the tracked study."""
    return repository_root() / "book" / "explanations"


@dataclass(frozen=True, eq=False)
class Study:
    """A study that was recorded."""

    content: Mapping  # of the JSON file
    arrays: Mapping[str, np.ndarray]  # of DIMENSIONS, float64

    # Names of the first dimensions, in order; methods are followed by decoys.
    tasks = property(lambda self: tuple(self.content["tasks"]))
    networks = property(lambda self: tuple(self.content["networks"]))
    seeds = property(lambda self: tuple(self.content["seeds"]))
    methods = property(lambda self: tuple(self.content["methods"]))
    people = property(lambda self: np.array(self.content["people"]))  # by face

    @property
    def learned_tasks(self) -> tuple[str, ...]:
        """Fair tasks that any network learned."""
        able = self.learned.any((1, 2))
        return tuple(t for t, one in zip(self.tasks, able, strict=True) if one)

    @property
    def learned_networks(self) -> tuple[str, ...]:
        """Networks that learned any fair task."""
        able = self.learned.any((0, 2))
        return tuple(n for n, one in zip(self.networks, able, strict=True) if one)

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

    @property
    def ran_fair(self) -> np.ndarray:
        """Likewise, of the fair tasks alone."""
        return self.ran & np.isin(self.tasks, FAIR)[:, None, None]

    @cached_property
    def learned(self) -> np.ndarray:
        """Networks that learned a fair task, ``bool [tasks, networks, seeds]``.

        Only their maps are ranked.
        """
        found = np.zeros_like(self.ran)
        for cell in zip(*np.nonzero(self.ran_fair), strict=True):
            found[cell] = has_learned(self.arrays["correct"][cell])
        return found

    def place(self, task: str, network: str, seed: int) -> tuple[int, int, int]:
        """Of a cell in the arrays."""
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
    ) -> tuple[np.ndarray, np.ndarray]:
        """A score of every method on every map of networks that learned.

        ``[methods, X]``, and the number of each map's task and network,
        ``[X]``; of one task or network alone where it is named.
        """
        chosen = self.learned & np.isin(self.tasks, task or self.tasks)[:, None, None]
        chosen &= np.isin(self.networks, network or self.networks)[:, None]
        values = np.moveaxis(self.arrays[name][chosen], 1, 0)  # [methods, cells, N]
        task_of, network_of, _ = np.nonzero(chosen)
        pairs = task_of * len(self.networks) + network_of
        return values.reshape(len(self.methods), -1), pairs.repeat(len(self.people))


def packed(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rounded arrays as whole numbers, half the size of ``float16``.

    A value is multiplied by ten for each of its digits; the least number of
    the type stands for what is not a number.  What is too large is cut.
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
    return {
        name: np.where(whole == np.iinfo(whole.dtype).min, np.nan, whole / _scale(name))
        for name, whole in stored.items()
    }


def _scale(name: str) -> int:
    return 10 ** DIGITS.get(name, 2)


def write_study(
    folder: Path, content: Mapping, arrays: Mapping[str, np.ndarray]
) -> Path:
    """Write a record atomically, the values first; the JSON file."""
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
    """Read a record, the tracked one if no folder is named."""
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
    known = content if isinstance(content, dict) else {}
    missing = [name for name in _FIELDS if name not in known]
    if missing or sha256(values).hexdigest() != content.get("values_sha256"):
        odd = f"lacks {', '.join(missing)}" if missing else "has other values beside it"
        raise FerError(f"{path}: {odd}; take both files from one study.")
    with np.load(io.BytesIO(values), allow_pickle=False) as stored:
        return Study(content, unpacked({name: stored[name] for name in stored.files}))


def tabled(
    cells: Cells, tasks: Sequence[str], networks: Sequence[str], seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """All cells as arrays, rounded to two digits or as :data:`DIGITS` says."""
    found = {}
    for name in _OF_CELLS:
        known = {
            key: cell[name]
            for key, cell in cells.items()
            if name in cell and (key[0] in FAIR or name not in _FAIR_ALONE)
        }
        if not known:
            continue
        shape = np.shape(next(iter(known.values())))
        whole = np.full((len(tasks), len(networks), len(seeds), *shape), np.nan)
        for (task, network, seed), values in known.items():
            place = tasks.index(task), networks.index(network), seeds.index(seed)
            whole[place] = values
        found[name] = whole
    found |= compared(cells, tasks, networks)
    return {
        name: np.round(values, DIGITS.get(name, 2)) for name, values in found.items()
    }


def compared(
    cells: Cells, tasks: Sequence[str], networks: Sequence[str]
) -> dict[str, np.ndarray]:
    """How far pooled maps agree that should, or should not; see the names.

    ``faces_agree``: of a face and the one before it, by the same network,
    which is what maps share whatever the face; ``seeds_agree``: seeds 0 and
    1; ``networks_agree``: mean over all pairs of networks that learned, of
    seed 0; ``shuffled_agree``: labels as they are and shuffled, from the same
    first weights.
    """
    nothing = np.full(np.shape(next(iter(cells.values()))["pooled"])[:2], np.nan)

    def agree(one: Cell, other: Cell, shift: int = 0) -> np.ndarray:
        if one not in cells or other not in cells:
            return nothing
        first, second = (cells[key]["pooled"].astype(float) for key in (one, other))
        pairs = zip(first, np.roll(second, shift, 1), strict=True)
        return np.stack([rank_agreement(*maps) for maps in pairs])

    def across(task: str) -> np.ndarray:
        found = [(task, n, 0) for n in networks if (task, n, 0) in cells]
        able = [cell for cell in found if has_learned(cells[cell]["correct"])]
        pairs = [agree(*pair) for pair in combinations(able, 2)] or [nothing]
        return np.ma.masked_invalid(pairs).mean(0).filled(np.nan)

    pairs = [[(t, n) for n in networks] for t in tasks]
    found = {
        "faces_agree": [[agree((*p, 0), (*p, 0), 1) for p in row] for row in pairs],
        "seeds_agree": [[agree((*p, 0), (*p, 1)) for p in row] for row in pairs],
        "networks_agree": [across(task) for task in tasks],
        "shuffled_agree": [agree((SHUFFLED, n, 0), (BASE, n, 0)) for n in networks],
    }
    return {name: np.array(values) for name, values in found.items()}


def has_learned(correct: np.ndarray) -> bool:
    """Whether the 95 % interval of the accuracy lies above :data:`LEARNED`."""
    return wilson_interval(int(np.sum(correct)), len(correct))[0] > LEARNED
