"""Faces cut out of many photographs, and a table of those that failed."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.files import atomic_path
from fer_lib.photos.images import ENDINGS, Picture, decode
from fer_lib.photos.preparation import Preparation, Prepared, prepare
from fer_lib.photos.prepared import NO_FACE, check_missing

TABLE = "faces.csv"
_HEADER = ("file", "result", "reason", "left", "top", "right", "bottom")
RESULTS = ("face", "whole", "dropped", "failed")


def photographs(
    folder: Path | str, how: Preparation
) -> Iterator[tuple[Path, Prepared | FerError]]:
    """Every image file below a folder, prepared; one at a time in memory.

    Args:
        folder: searched at all depths, in the order of the names.
        how: what is done.

    Yields:
        The path below ``folder`` and the face, or the error of a file that
        cannot be read or prepared.
    """
    folder = Path(folder)
    for path in _image_files(folder):
        name = path.relative_to(folder)
        try:
            image, _ = decode(Picture(path), 1 if how.grey else 3)
            yield name, prepare(image, how)
        except FerError as error:
            yield name, error


def prepare_folder(
    source: Path | str,
    target: Path | str,
    how: Preparation,
    *,
    missing: str = "whole",
) -> dict[str, int]:
    """Write the face of every image below a folder to the same place in another.

    A folder of any size needs the memory of one image.  Names and kinds of
    the files stay, so the result has the layout of a data set that loads
    from folders; label files are not copied.  JPEG loses a little once more.

    ``faces.csv`` in the target has one row an image: path, one of
    :data:`RESULTS`, the reason, the box in the picture that was searched, and
    landmarks x0, y0, ..., y67 where fitted.  It appears last: without it, the
    folder is incomplete.

    Args:
        source: searched at all depths.
        target: outside of ``source``; made where it is missing.
        how: what is done.
        missing: where no face is found, write the ``"whole"`` image or
            ``"drop"`` it.

    Returns:
        How many images had each result.

    Raises:
        FerError: when ``source`` has no image, ``target`` lies inside it or
            ``missing`` is unknown.
    """
    check_missing(missing)
    source, target = Path(source).resolve(), Path(target).resolve()
    if not source.is_dir() or next(_image_files(source), None) is None:
        raise FerError(
            f"{source}: no image files found, expected a folder with "
            f"{', '.join(ENDINGS)}; name another one."
        )
    if target.is_relative_to(source):
        raise FerError(
            f"{target}: lies inside {source}, whose images are read; name a "
            "folder outside."
        )
    target.mkdir(parents=True, exist_ok=True)
    (target / TABLE).unlink(missing_ok=True)
    counts = dict.fromkeys(RESULTS, 0)
    with (
        atomic_path(target / TABLE) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as text,
    ):
        table = csv.writer(text)
        table.writerow((*_HEADER, *_landmark_names(how)))
        stream = photographs(source, how)
        for name, one in tqdm(stream, desc="preparing faces", unit="image"):
            result, *about = _result(one, how, missing)
            if result in ("face", "whole"):
                _write(one.image, target / name)
            table.writerow((name.as_posix(), result, *about))
            counts[result] += 1
    return counts


def _result(one: Prepared | FerError, how: Preparation, missing: str) -> tuple:
    """Result, reason, box and landmarks, as the table tells them."""
    if isinstance(one, FerError):
        return ("failed", str(one))
    if how.detect and not one.found and missing == "drop":
        return ("dropped", NO_FACE)
    seen = one.found or not how.detect
    points = [] if one.landmarks is None else one.landmarks.ravel().round(3)
    about = ("face", "") if seen else ("whole", NO_FACE)
    return (*about, *one.box, *points)


def _landmark_names(how: Preparation) -> list[str]:
    if how.landmarks == "none":
        return []
    return [f"{axis}{point}" for point in range(68) for axis in "xy"]


def _write(image: np.ndarray, path: Path) -> None:
    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    jpeg = path.suffix.lower() in (".jpg", ".jpeg")
    options = {"quality": 95, "subsampling": 0} if jpeg else {}
    with atomic_path(path) as temporary:
        Image.fromarray(pixels).save(temporary, **options)


def _image_files(folder: Path) -> Iterator[Path]:
    """Image files at any depth by name, one folder's names at a time."""
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name[0] != ".")
        for name in sorted(names):
            if name[0] != "." and name.lower().endswith(ENDINGS):
                yield Path(place, name)
