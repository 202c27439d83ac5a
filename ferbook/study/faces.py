"""Rendered faces whose evidence is known, and everything that is known of them.

Each set has two classes that differ in action units of one part of the face
(:mod:`ferbook.study.evidence`).  A set is fair, or one cue goes with the
label in what is learned from and validated on: a planted shortcut.  The
``Test`` faces are always fair, and the same ones.
"""

from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.rendering import MOST, PROVENANCE, check_range, from_cache
from fer_lib.data.splits import Splits
from fer_lib.errors import FerError
from fer_lib.rendered.cues import CUES
from fer_lib.rendered.units import ACTION_UNITS
from ferbook.study import evidence
from ferbook.study.evidence import CONTRASTS, IDLE, Staged, stage

# What can be at rest: action units, and idle movements.
MOVEMENTS = (*(f"AU{number}" for number in ACTION_UNITS), *IDLE)
# Splits and their people; nobody is in two.
PEOPLE = {"Training": 40, "Validation": 10, "Test": 20}
# Raise it when the same options give another set than before; a test compares
# one with its hash.
VERSION = 1
_TAKES = 100_000  # room for the takes of a split
SEEN = 0.04  # change of grey, 0-1, from which a cue counts as visible
CLASSES = {
    "mouth": ("corners up", "corners down"),
    "brows": ("brows drawn together", "brows raised"),
    "eyes": ("eyes wide", "eyes at rest"),
    "nose": ("nose wrinkled", "nose at rest"),
    "jaw": ("jaw open", "jaw at rest"),
}


def evidence_set(
    contrast: str = "mouth",
    size: int = 48,
    train: int = 800,
    validation: int = 160,
    test: int = 200,
    seed: int = 0,
    tied: str = "",
) -> FaceSet:
    """A rendered set of two classes whose evidence is known, kept in the cache.

    Of a contrast; half of a split's faces are of class 0, and each split shows
    other people.  ``seed`` is of everything, ``tied`` the cue that goes with
    the label in the first two splits, if any.

    Returns:
        A ``FaceSet`` named ``evidence`` with ``uint8 [N, 1, S, S]`` images,
        exact landmarks, and ``extra`` columns that :func:`staged` reads:
        ``contrast``, ``take``, ``seed`` and ``tied``, and ``cues [N, 4]``.
    """
    counts = {"Training": train, "Validation": validation, "Test": test}
    check_range("size", size, 32, 256)
    check_range("seed", seed, 0, MOST)
    for split, count in counts.items():
        check_range(split, count, 2, _TAKES)
    if contrast not in CONTRASTS or (tied and tied not in CUES):
        raise FerError(
            f"evidence '{contrast}', tied '{tied}': expected one of "
            f"{', '.join(CONTRASTS)}, and none or one of {', '.join(CUES)}."
        )
    options = {"contrast": contrast, "size": size, "seed": seed, "tied": tied}
    options |= counts | {"set": VERSION}

    def render() -> FaceSet:
        parts = [
            _columns(contrast, split, number, count, size, seed, tied)
            for number, (split, count) in enumerate(counts.items())
        ]
        joined = {
            key: np.concatenate([part[key] for part in parts]) for key in parts[0]
        }
        own = ("images", "labels", "splits", "subjects", "landmarks")
        columns = {key: joined.pop(key) for key in own} | {"extra": joined}
        return FaceSet("evidence", provenance=PROVENANCE, rendered=True, **columns)

    return from_cache("evidence", options, True, render)


def as_splits(faces: FaceSet) -> Splits:
    """The three parts of a set, for recipes."""
    contrast = str(_column(faces, "contrast")[0])
    parts = [faces.split(name) for name in PEOPLE]
    return Splits("evidence", "drawn", *parts, CLASSES[contrast])


def staged(faces: FaceSet, row: int) -> Staged:
    """One face of a set again, with its evidence and its twins."""
    told = ("contrast", "take", "seed", "tied")
    contrast, take, seed, tied = (_column(faces, key)[row] for key in told)
    return stage(
        str(contrast), int(faces.labels[row]), int(faces.subjects[row]), int(take),
        faces.images.shape[-1], int(seed), str(tied),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Known:
    """Faces with their truth, at the size that a network takes.

    ``less`` is every face again without each of its movements, one at a time:
    ``extra["row"]`` is the face's row in ``faces``, ``extra["movement"]`` the name
    of what is at rest, ``extra["moved"]``, ``bool [K, S, S]``, the pixels of the
    face whose visible point it moved.
    """

    faces: FaceSet
    moved: np.ndarray  # bool [N, S, S], pixels whose point the classes' units move
    grey: np.ndarray  # float32 [N, S, S], change of grey, 0-1, that they make
    less: FaceSet
    # By name, pixels [N, S, S] in which a cue shows when it is switched, and the
    # pictures [N, 1, S, S] with it switched.
    cues: dict[str, tuple[np.ndarray, np.ndarray]]

    @property
    def people(self) -> np.ndarray:
        """Who is shown, ``int64 [N]``."""
        return self.faces.subjects

    def by_movement(self, values: np.ndarray) -> np.ndarray:
        """Values ``[K]``, one a deletion, as a table ``[N, movements]``.

        Not a number where a face does not show a movement.
        """
        table = np.full((len(self.faces), len(MOVEMENTS)), np.nan)
        columns = [MOVEMENTS.index(name) for name in self.less.extra["movement"]]
        table[self.less.extra["row"], columns] = values
        return table

    def mass_by_movement(self, maps: np.ndarray) -> np.ndarray:
        """Positive mass on the pixels of each movement, ``[N, movements]``."""
        positive = maps.clip(min=0)[self.less.extra["row"]]
        return self.by_movement((positive * self.less.extra["moved"]).sum((1, 2)))

    def density_by_movement(self, maps: np.ndarray) -> np.ndarray:
        """Its mean over these pixels; no number where nothing moves enough."""
        area = self.by_movement(self.less.extra["moved"].sum((1, 2)))
        mass = self.mass_by_movement(maps)
        return np.where(area > 0, mass / np.where(area > 0, area, 1), np.nan)


def know(faces: FaceSet) -> Known:
    """All that is known of some faces of an evidence set; takes seconds."""
    moved, grey, less = [], [], []
    switched: dict[str, list] = {cue: [] for cue in CUES}
    for row in tqdm(range(len(faces)), desc="without a movement", unit="face"):
        whole = staged(faces, row)
        moved.append(whole.evidence())
        grey.append(whole.difference())
        for movement in whole.movements:
            one = whole.without(movement)
            where = evidence.moved(whole.scene, one.scene)
            less.append((one.picture(), whole.label, row, movement, where))
        for cue, found in switched.items():
            found.append((whole.cue_map(cue) > SEEN, whole.switched(cue).picture()))
    pictures, labels, *told = map(np.array, zip(*less, strict=True))
    extra = dict(zip(("row", "movement", "moved"), told, strict=True))
    columns = (pictures[:, None], labels, np.full(len(labels), "Test"), PROVENANCE)
    without = FaceSet("deletions", *columns, rendered=True, extra=extra)
    cues = {}
    for cue, found in switched.items():
        where, other = map(np.stack, zip(*found, strict=True))
        cues[cue] = (where, other[:, None])
    grey = np.stack(grey).astype(np.float32)
    return Known(faces, np.stack(moved), grey, without, cues)


def _columns(
    contrast: str, split: str, number: int, count: int, size: int, seed: int, tied: str
) -> dict[str, np.ndarray]:
    chance = np.random.SeedSequence(seed, spawn_key=(evidence.EVIDENCE, number))
    labels = np.random.default_rng(chance).permutation(np.arange(count) % 2)
    subjects = _subjects(number, count)
    takes = number * _TAKES + np.arange(count)
    tied = "" if split == "Test" else tied
    rows = list(zip(labels.tolist(), subjects.tolist(), takes.tolist(), strict=True))
    bar = tqdm(rows, desc=f"{contrast} {tied or 'fair'}, {split}", unit="face")
    # One after the other, as scenes hold meshes.
    shown = [_shown(stage(contrast, *row, size, seed, tied)) for row in bar]
    columns = {key: np.stack([row[key] for row in shown]) for key in shown[0]}
    columns |= {"labels": labels, "subjects": subjects, "take": takes}
    names = {"splits": (split, "<U10"), "contrast": (contrast, "<U8")}
    names |= {"tied": (tied, "<U12"), "seed": (seed, np.int64)}
    return columns | {k: np.full(count, *told) for k, told in names.items()}


def _subjects(number: int, count: int) -> np.ndarray:
    counts = list(PEOPLE.values())
    return sum(counts[:number]) + np.arange(count) % counts[number]


def _shown(face: Staged) -> dict[str, np.ndarray]:
    points, _ = face.scene.landmarks()
    return {
        "images": face.picture()[None],
        "landmarks": points.astype(np.float32),
        "cues": np.array(list(face.cues.values())),
    }


def _column(faces: FaceSet, key: str) -> np.ndarray:
    if key not in faces.extra or faces.subjects is None:
        raise FerError(
            f"{faces.name}: no column '{key}', so its evidence is not known; expected "
            "a set of evidence_set()."
        )
    return faces.extra[key]
