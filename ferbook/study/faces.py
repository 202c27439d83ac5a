"""Rendered faces that move some of the chosen units, and their truth.

Every face is of a person of its own.  It moves a few of the movements, drawn
evenly; opposites never move together.  So each face serves all tasks: those
that it shows, with the others in it as distractors, and those that it lacks.
"""

from functools import partial

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.rendering import PROVENANCE, from_cache
from fer_lib.rendered.cues import CUES
from fer_lib.rendered.known import KnownFaces, know
from fer_lib.rendered.moved_faces import MovedFace, moved_face
from ferbook.study.settings import Settings

# Raise it when the same options give other faces than before; a test compares
# one with its hash.
VERSION = 1
# Their people, and takes, are numbered from here.
SPLITS = {"Training": 0, "Test": 1_000_000}
OPPOSITE = (
    {"jawLeft", "jawRight"},
    {"eyeBlinkLeft", "eyeWideLeft"},
    {"eyeBlinkRight", "eyeWideRight"},
)
DRAWS = 10  # spawn key, beside those of takes


def shown_movements(take: int, settings: Settings) -> tuple[str, ...]:
    """Which movements a take shows, in the order in which they were drawn."""
    found: list[str] = []
    for place in _chance(take, 0, settings).permutation(settings.movements):
        unit = settings.tasks[place]
        if not any(unit in pair and pair & {*found} for pair in OPPOSITE):
            found.append(unit)
        if len(found) == settings.shown:
            break
    return tuple(found)


def set_cues(
    take: int, shown: tuple[str, ...], strength: float, settings: Settings
) -> dict[str, bool]:
    """Which cues are set; each agrees with its movement with this probability."""
    draws = dict(zip(CUES, _chance(take, 1, settings).random(len(CUES)), strict=True))
    moves = {cue: settings.tied.get(cue) in shown for cue in CUES}
    return {c: bool(moves[c] == (draw < strength)) for c, draw in draws.items()}


def staged(take: int, strength: float, settings: Settings) -> MovedFace:
    """One face, by the number of its take."""
    shown = shown_movements(take, settings)
    cues = set_cues(take, shown, strength, settings)
    return moved_face(take, shown, settings.size, settings.population, take, cues)


def movement_set(split: str, strength: float, settings: Settings) -> FaceSet:
    """A split's faces, kept in the cache; test faces are always fair.

    ``extra["moves"]``, ``bool [N, movements]``, says what they show,
    ``extra["cues"]``, ``bool [N, 4]``, which cues are set.
    """
    count = settings.train if split == "Training" else settings.test
    strength = strength if split == "Training" else 0.5
    told = {"split": split, "count": count, "strength": strength, "set": VERSION}
    told |= {"tasks": settings.tasks, "shown": settings.shown, "size": settings.size}
    told |= {"seed": settings.population}

    def render() -> FaceSet:
        takes = SPLITS[split] + np.arange(count)
        bar = tqdm(takes.tolist(), desc=f"{split}, {strength}", unit="face")
        rows = [_row(staged(take, strength, settings), settings) for take in bar]
        images, points, moves, cues = map(np.stack, zip(*rows, strict=True))
        extra = {"moves": moves, "cues": cues, "take": takes}
        nothing = np.zeros(count, np.int64)
        return FaceSet(
            "movements", images, nothing, np.full(count, split), PROVENANCE,
            rendered=True, subjects=takes, landmarks=points, extra=extra,
        )  # fmt: skip

    return from_cache("movements", told, True, render)


def known_movements(settings: Settings) -> KnownFaces:
    """All that is known of the test faces; takes minutes in full size."""
    takes = (SPLITS["Test"] + np.arange(settings.test)).tolist()
    makers = [partial(staged, take, 0.5, settings) for take in takes]
    return know(makers, np.zeros(len(takes), int))


def asked_faces(known: KnownFaces, settings: Settings) -> dict[str, np.ndarray]:
    """Rows of the faces that are explained, by movement.

    Of every face as many of its movements as are asked: those that have been
    asked of the fewest faces before it.
    """
    found: dict[str, list[int]] = {task: [] for task in settings.tasks}
    for row in range(len(known)):
        shown = known.unit[known.row == row].tolist()
        shown.sort(key=lambda unit: (len(found[unit]), settings.tasks.index(unit)))
        for unit in shown[: settings.asked]:
            found[unit].append(row)
    return {task: np.array(rows, int) for task, rows in found.items()}


def _row(face: MovedFace, settings: Settings) -> tuple[np.ndarray, ...]:
    points, _ = face.scene.landmarks()
    moves = np.array([task in face.strengths for task in settings.tasks])
    set_ = np.array([face.cues[cue] for cue in CUES])
    return face.picture()[None], points.astype(np.float32), moves, set_


def _chance(take: int, stream: int, settings: Settings) -> np.random.Generator:
    key = np.random.SeedSequence(settings.population, spawn_key=(DRAWS, take, stream))
    return np.random.default_rng(key)
