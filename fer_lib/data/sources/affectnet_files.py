"""The layouts in which AffectNet was given: files a face, or one table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.sources.folders import files_in, locate
from fer_lib.data.sources.landmark_files import as_landmarks
from fer_lib.data.sources.tables import read_table, wrong
from fer_lib.errors import FerError
from fer_lib.photos.images import Picture

FOLDERS = {"train": "train_set", "val": "val_set"}
TABLES = {"train": "training.csv", "val": "validation.csv"}
COLUMNS = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
_CODES = {str(code): code for code in range(11)}

Details = tuple[np.ndarray, float, float]


@dataclass(frozen=True)
class Face:
    """One face before its image is read.

    Attributes:
        picture: file and face box.
        code: AffectNet's expression, 0 to 10.
        split: ``"train"`` or ``"val"``.
        details: reads landmarks ``float32 [68, 2]``, valence and arousal.
    """

    picture: Picture
    code: int
    split: str
    details: Callable[[], Details]


@dataclass(frozen=True)
class Layout:
    """What was found.

    Attributes:
        name: of the layout.
        sources: files and folders that decide the result.
        faces: yields all faces, in a fixed order.
    """

    name: str
    sources: tuple[Path, ...]
    faces: Callable[[], Iterator[Face]]


def find(root: Path | str) -> Layout:
    """The layout of AffectNet at ``root``; one split alone is enough.

    Raises:
        FerError: when nothing there is AffectNet.
    """
    root = Path(root).expanduser()
    parts = {split: locate(root, name) for split, name in FOLDERS.items()}
    if parts := {split: place for split, place in parts.items() if place}:
        return Layout("2021", tuple(parts.values()), partial(_of_folders, parts))
    images = locate(root, "Manually_Annotated_Images", "Manually_Annotated")
    lists = locate(root, "Manually_Annotated_file_lists") or root
    tables = {s: lists / n for s, n in TABLES.items() if (lists / n).is_file()}
    if images and tables:
        sources = (images, *tables.values())
        return Layout("tables", sources, partial(_of_tables, images, tables))
    raise FerError(
        f"{root}: no AffectNet found, looked for train_set/ and val_set/ with "
        "images/ and annotations/, and for training.csv and validation.csv "
        "with Manually_Annotated_Images/; name the folder above them."
    )


def _of_folders(parts: dict[str, Path]) -> Iterator[Face]:
    for split, place in parts.items():
        notes, images = place / "annotations", place / "images"
        lacking = [f.name for f in (notes, images) if not f.is_dir()]
        if lacking:
            raise FerError(
                f"{place}: no folder {' and '.join(lacking)} found, expected "
                "images/ and annotations/; unpack the archive again."
            )
        present = {file.stem: file for file in files_in(images)}
        found = files_in(notes, ["_exp.npy"])
        found.sort(key=lambda file: (len(file.name), file.name))  # as numbers
        for file in tqdm(found, desc=f"reading {place.name}", unit=" faces"):
            number = file.name.removesuffix("_exp.npy")
            if number not in present:
                raise FerError(
                    f"{images}: no image {number}.jpg found, expected one as "
                    f"{file.name} exists; get the images again."
                )
            code = _CODES.get(str(_number(file)).removesuffix(".0"))
            if code is None:
                raise _odd(file, "an expression from 0 to 10")
            details = partial(_details, notes, number)
            yield Face(Picture(present[number]), code, split, details)


def _details(notes: Path, number: str) -> Details:
    where = notes / f"{number}_lnd.npy"
    points = as_landmarks(_array(where), str(where))
    valence, arousal = (_number(notes / f"{number}_{k}.npy") for k in ("val", "aro"))
    return points, valence, arousal


def _number(file: Path) -> float:
    """The one number of a file, which may be stored as text."""
    value = _array(file)
    try:
        number = float(value.item())
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise _odd(file, "one number")
    return number


def _array(file: Path) -> np.ndarray:
    try:
        return np.load(file, allow_pickle=False)
    except FileNotFoundError as error:
        raise _odd(file, "a file, as the face has others") from error
    except Exception as error:  # header, length, pickle: all mean damage
        raise _odd(file, "an array file") from error


def _odd(file: Path, expected: str) -> FerError:
    return FerError(
        f"{file}: is missing or holds something else, expected {expected}; "
        "get the annotations again."
    )


def _of_tables(images: Path, tables: dict[str, Path]) -> Iterator[Face]:
    for split, table in tables.items():
        rows = tqdm(read_table(table, COLUMNS), desc=table.name, unit=" rows")
        for line, (name, *box, points, code, valence, arousal) in rows:
            if code not in _CODES:
                raise wrong(table, line, "expression", code, "0 to 10")
            if _CODES[code] > 7:  # their boxes and landmarks may be NULL
                yield Face(Picture(images / name), _CODES[code], split, tuple)
                continue
            picture = Picture(
                _within(images, name, table, line), _box(box, table, line)
            )
            fields = (table, line, points, valence, arousal)
            yield Face(picture, _CODES[code], split, partial(_fields, *fields))


def _within(images: Path, name: str, table: Path, line: int) -> Path:
    file = images / name
    if ".." in Path(name).parts or not file.is_relative_to(images):
        raise wrong(table, line, COLUMNS[0], name, "a file below the images")
    return file


def _box(texts: list[str], table: Path, line: int) -> tuple[int, int, int, int]:
    for name, text in zip(COLUMNS[1:5], texts, strict=True):
        if not text.removeprefix("-").isdecimal():
            raise wrong(table, line, name, text, "a number of pixels")
    x, y, width, height = map(int, texts)
    if not (0 < width <= 20_000 and 0 < height <= 20_000):
        raise wrong(table, line, "face box", f"{width} x {height}", "1 to 20,000")
    return x, y, x + width, y + height


def _fields(table: Path, line: int, points: str, valence: str, arousal: str) -> Details:
    where = f"{table}, line {line}"
    values = []
    for name, text in (("valence", valence), ("arousal", arousal)):
        try:
            values.append(float(text))
        except ValueError:
            raise wrong(table, line, name, text, "-1 to 1") from None
    return (as_landmarks(points.split(";"), where), *values)
