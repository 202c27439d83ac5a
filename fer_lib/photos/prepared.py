"""A face set whose faces are found, cut out and resized once more."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import MappedImages, memory_limit, write_parts
from fer_lib.errors import FerError
from fer_lib.photos.preparation import Preparation, prepare

MISSING = ("whole", "drop")
NO_FACE = "no face found"
_PART = 256  # faces prepared before they are written


@dataclass(frozen=True)
class Failure:
    """A row of the table of failures.

    Attributes:
        row: of the set that was prepared.
        result: ``"whole"`` or ``"dropped"``.
        reason: what happened.
    """

    row: int
    result: str
    reason: str = NO_FACE


def prepare_faces(
    faces: FaceSet,
    how: Preparation,
    *,
    missing: str = "whole",
    store: Path | str | None = None,
) -> tuple[FaceSet, tuple[Failure, ...]]:
    """The same faces, detected, cut out and resized.

    Landmarks that the set has move along, unless ``how`` fits others.

    Args:
        faces: any set; one too large for the memory is read in parts.
        how: what is done; without ``detect`` nothing can fail.
        missing: where no face is found, take the ``"whole"`` image or
            ``"drop"`` the row.
        store: array file for images of more than
            :func:`~fer_lib.data.mapped.memory_limit` bytes.

    Returns:
        The set, with ``extra["face_found"]`` ``bool [N]`` and
        ``extra["face_box"]`` ``int64 [N, 4]``, and the failures by row of
        ``faces``, in order.  Its provenance names the detector and counts
        the failures.

    Raises:
        FerError: for an unknown ``missing``, or a large set without store.
    """
    check_missing(missing)
    channels = 1 if how.grey else faces.images.shape[1]
    shape = (len(faces), channels, how.size, how.size)
    about: list[tuple] = []
    images = _stored(shape, _parts(faces, how, about), store)
    found = np.array([seen for seen, _, _ in about], bool)
    boxes = np.array([box for _, box, _ in about], np.int64).reshape(-1, 4)
    lost = np.flatnonzero(~found) if how.detect else np.array([], int)
    points = [one for _, _, one in about if one is not None]
    done = replace(
        faces,
        images=images,
        landmarks=np.stack(points) if points else None,
        provenance=_provenance(faces, how, len(lost), missing),
        extra={
            **faces.extra,
            "face_found": found,
            "face_box": boxes,
        },
    )
    result = "whole" if missing == "whole" else "dropped"
    if missing == "drop" and len(lost):
        done = done.select(np.flatnonzero(found))
    return done, tuple(Failure(int(row), result) for row in lost)


def _parts(faces: FaceSet, how: Preparation, about: list) -> Iterator[np.ndarray]:
    """The prepared images, some at a time.

    Whether a face was found, its box and landmarks go to ``about``.
    """
    images = []
    for row in tqdm(range(len(faces)), desc="preparing faces", unit="face"):
        known = None if faces.landmarks is None else faces.landmarks[row]
        one = prepare(faces.images[row], how, known)
        images.append(one.image)
        about.append((one.found, one.box, one.landmarks))
        if len(images) == _PART or row == len(faces) - 1:
            yield np.stack(images)
            images = []


def _provenance(faces: FaceSet, how: Preparation, lost: int, missing: str) -> str:
    text = f"{faces.provenance} Prepared: {how}"
    if how.detect:
        told = {"whole": "taken whole", "drop": "left out"}[missing]
        text += f"; {lost:,} of {len(faces):,} without a face {told}"
    return f"{text}."


def _stored(
    shape: tuple, parts: Iterator[np.ndarray], store: Path | str | None
) -> np.ndarray | MappedImages:
    """Images in memory where they fit, else in the file ``store``."""
    if int(np.prod(shape)) <= memory_limit():
        found = list(parts)
        return np.concatenate(found) if found else np.empty(shape, np.uint8)
    if store is None:
        raise FerError(
            f"prepared faces: {int(np.prod(shape)):,} bytes of images are more "
            f"than the {memory_limit():,} that are held in memory; name a file "
            "for them (store=...)."
        )
    path = Path(store).with_suffix(".npy")
    write_parts(path, shape, parts)
    return MappedImages(path)


def check_missing(missing: str) -> None:
    """Refuse a rule for pictures without a face that is unknown."""
    if missing not in MISSING:
        raise FerError(
            f"prepared faces: missing is '{missing}', expected one of "
            f"{', '.join(MISSING)}."
        )
