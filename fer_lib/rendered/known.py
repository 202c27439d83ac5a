"""Faces with the truth about every movement, and the pictures that test it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.rendered.moved_faces import MovedFace, expressive_face


@dataclass(frozen=True, eq=False)
class KnownFaces:
    """N faces of S pixels, and K movements in them, face by face.

    Attributes:
        images: ``uint8 [N, 1, S, S]``.
        labels: ``int64 [N]``, what the faces show.
        landmarks: ``float32 [N, 68, 2]``, x and y in pixels.
        shift: ``float32 [N, S, S]``, by how many pixels the visible points
            stand elsewhere without the evidence: the truth.
        rest: ``uint8 [N, 1, S, S]``, the faces with no unit moved.
        row: ``int64 [K]``, whose movement it is, ascending.
        unit: ``str [K]``, which unit moves.
        moved: ``float16 [K, S, S]``, by how many pixels it moves each point.
        without: ``uint8 [K, 1, S, S]``, the face with this unit at rest.
        alone: ``uint8 [K, 1, S, S]``, the face with this unit alone moved.
    """

    images: np.ndarray
    labels: np.ndarray
    landmarks: np.ndarray
    shift: np.ndarray
    rest: np.ndarray
    row: np.ndarray
    unit: np.ndarray
    moved: np.ndarray
    without: np.ndarray
    alone: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def select(self, rows: np.ndarray) -> "KnownFaces":
        """The faces at ``rows``, each once, in that order."""
        rows = np.asarray(rows)
        own = [np.flatnonzero(self.row == row) for row in rows]
        new = np.repeat(np.arange(len(rows)), [len(one) for one in own])
        of_face = ("images", "labels", "landmarks", "shift", "rest")
        of_move = ("unit", "moved", "without", "alone")
        every = np.concatenate(own) if own else np.empty(0, int)
        changed = {key: getattr(self, key)[rows] for key in of_face}
        changed |= {key: getattr(self, key)[every] for key in of_move}
        return replace(self, **changed, row=new)

    def asked(self, unit: str, rows: np.ndarray) -> "KnownFaces":
        """Faces that move a unit, with that unit as all of the evidence."""
        found = self.select(rows)
        own = found.unit == unit
        if not np.array_equal(found.row[own], np.arange(len(found))):
            raise FerError(
                f"known faces: '{unit}' does not move in all of {len(found)} faces; "
                "choose those in which it does."
            )
        return replace(found, shift=found.moved[own].astype(np.float32))

    def thresholded(self, pixels: float) -> np.ndarray:
        """Truth ``bool [N, S, S]``: shifted by more than so many pixels of 48."""
        return self.shift > pixels * self.shift.shape[-1] / 48


def know(faces: Sequence[Callable[[], MovedFace]], labels: Sequence[int]) -> KnownFaces:
    """Everything about some faces, all of whose moved units are the evidence.

    ``faces`` are functions, so that one scene is held at a time.  A face takes
    two pictures a unit, and two more: some tenths of a second.
    """
    whole, parts = [], []
    for row, make in enumerate(tqdm(faces, desc="known faces", unit="face")):
        face = make()
        points, _ = face.scene.landmarks()
        rest = face.with_only().picture()
        shift = face.shift(*face.strengths)
        whole.append((face.picture()[None], points, shift, rest[None]))
        for unit in face.strengths:
            less, alone = face.without(unit), face.with_only(unit)
            pictures = (less.picture()[None], alone.picture()[None])
            parts.append((row, unit, face.shift(unit), *pictures))
    images, points, shift, rest = map(np.stack, zip(*whole, strict=True))
    row, unit, moved, without, alone = map(np.stack, zip(*parts, strict=True))
    return KnownFaces(
        images, np.asarray(labels, np.int64), points.astype(np.float32),
        shift.astype(np.float32), rest, row, unit, moved.astype(np.float16), without,
        alone,
    )  # fmt: skip


def expression_faces(count: int = 24, size: int = 64, seed: int = 0) -> KnownFaces:
    """Faces of as many people with expressions in turn, never neutral.

    What they show beside a face at rest is all the evidence there is; labels
    are those of ``EXPRESSIONS``.
    """
    labels = [k % EXPRESSIONS.index("neutral") for k in range(count)]
    makers = [
        lambda k=k, label=label: expressive_face(k, EXPRESSIONS[label], size, seed, k)
        for k, label in enumerate(labels)
    ]
    return know(makers, labels)
