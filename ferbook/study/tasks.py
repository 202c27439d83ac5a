"""Rendered sets whose evidence is known, and its maps.

Each set has two classes that differ in action units of one part of the face
(:mod:`fer_lib.rendered.evidence`).  A set is fair, or one cue goes with the
label in what is learned from and validated on: a planted shortcut.  The
``Test`` faces are always fair, and the same ones.
"""

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.rendering import MOST, PROVENANCE, check_range, from_cache
from fer_lib.data.splits import Splits
from fer_lib.errors import FerError
from fer_lib.rendered import evidence
from fer_lib.rendered.cues import CUES
from fer_lib.rendered.evidence import CONTRASTS, Staged, stage

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
    cached: bool = True,
) -> FaceSet:
    """A rendered set of two classes whose evidence is known.

    Args:
        contrast: a name of ``CONTRASTS``.
        size: side of the images in pixels; the same faces at any size.
        train: faces in ``Training``; half of a split's faces are of class 0.
        validation: faces in ``Validation``, of other people.
        test: faces in ``Test``, of others again.
        seed: of the population and of everything else.
        tied: the cue that goes with the label in the first two splits; empty
            for a fair set.
        cached: whether to keep the set below ``cache_dir()``.

    Returns:
        A ``FaceSet`` named ``evidence`` with ``uint8 [N, 1, S, S]`` images,
        labels 0 and 1, and ``extra`` columns that :func:`staged` reads:
        ``contrast``, ``take``, ``seed`` and ``tied``, and ``cues [N, 4]``.
        Landmarks are exact.

    Raises:
        FerError: when an option is unknown or out of range.
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
        return FaceSet(
            name="evidence",
            provenance=PROVENANCE,
            rendered=True,
            **{key: joined.pop(key) for key in own},
            extra=joined,
        )

    return from_cache("evidence", options, cached, render)


def as_splits(faces: FaceSet) -> Splits:
    """The three parts of a set, for recipes.

    Raises:
        FerError: when the set is none of :func:`evidence_set`.
    """
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


def evidence_maps(faces: FaceSet) -> tuple[np.ndarray, np.ndarray]:
    """Where the evidence of every face is.

    Returns:
        ``bool [N, S, S]``, pixels whose visible point the classes' units
        move, and ``float32 [N, S, S]``, the change of grey, 0-1, that they
        make; see :class:`~fer_lib.rendered.evidence.Staged`.
    """
    found = [staged(faces, row) for row in range(len(faces))]
    moved = np.stack([one.evidence() for one in found])
    grey = np.stack([one.difference() for one in found])
    return moved, grey.astype(np.float32)


def cue_maps(faces: FaceSet, cue: str) -> np.ndarray:
    """Pixels ``bool [N, S, S]`` in which a cue shows when it is switched."""
    maps = [staged(faces, row).cue_map(cue) for row in range(len(faces))]
    return np.stack(maps) > SEEN


def switched(faces: FaceSet, cue: str) -> np.ndarray:
    """The pictures ``uint8 [N, 1, S, S]`` with one cue the other way round."""
    rows = range(len(faces))
    return np.stack([staged(faces, row).switched(cue).picture() for row in rows])[
        :, None
    ]


def deletions(faces: FaceSet) -> FaceSet:
    """Every face again without each of its movements, one at a time.

    Returns:
        A set with a row for each face and movement.  ``extra["row"]`` is the
        face's row in ``faces``, ``extra["movement"]`` the name of what is at
        rest, ``extra["moved"]``, ``bool [N, S, S]``, the pixels of the face
        whose visible point it moved.
    """
    found: dict[str, list] = {"row": [], "movement": [], "moved": []}
    images, labels = [], []
    for row in tqdm(range(len(faces)), desc="without a movement", unit="face"):
        whole = staged(faces, row)
        for movement in whole.movements:
            less = whole.without(movement)
            images.append(less.picture())
            labels.append(whole.label)
            found["row"].append(row)
            found["movement"].append(movement)
            found["moved"].append(evidence.moved(whole.scene, less.scene))
    return FaceSet(
        name="deletions",
        images=np.stack(images)[:, None],
        labels=np.array(labels),
        splits=np.full(len(labels), "Test"),
        provenance=PROVENANCE,
        rendered=True,
        extra={key: np.array(column) for key, column in found.items()},
    )


def _columns(
    contrast: str, split: str, number: int, count: int, size: int, seed: int, tied: str
) -> dict[str, np.ndarray]:
    """All columns of one split."""
    chance = np.random.SeedSequence(seed, spawn_key=(evidence.EVIDENCE, number))
    labels = np.random.default_rng(chance).permutation(np.arange(count) % 2)
    subjects = _subjects(number, count)
    takes = number * _TAKES + np.arange(count)
    tied = "" if split == "Test" else tied
    rows = zip(labels.tolist(), subjects.tolist(), takes.tolist(), strict=True)
    bar = tqdm(
        rows, desc=f"{contrast} {tied or 'fair'}, {split}", unit="face", total=count
    )
    # One after the other, as scenes hold meshes.
    shown = [_shown(stage(contrast, *row, size, seed, tied)) for row in bar]
    columns = {key: np.stack([row[key] for row in shown]) for key in shown[0]}
    return columns | {
        "labels": labels.astype(np.int64),
        "splits": np.full(count, split, "<U10"),
        "subjects": subjects.astype(np.int64),
        "contrast": np.full(count, contrast, "<U8"),
        "take": takes.astype(np.int64),
        "seed": np.full(count, seed, np.int64),
        "tied": np.full(count, tied, "<U12"),
    }


def _subjects(number: int, count: int) -> np.ndarray:
    """Who is shown in the faces of a split, in turn."""
    counts = list(PEOPLE.values())
    return sum(counts[:number]) + np.arange(count) % counts[number]


def _shown(face: Staged) -> dict[str, np.ndarray]:
    """The columns of one face that must be drawn."""
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
