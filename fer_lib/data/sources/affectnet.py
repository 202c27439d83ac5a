"""AffectNet: faces from the web, labelled by hand with eight expressions.

Source: Mollahosseini, Hasani and Mahoor, "AffectNet: a database for facial
expression, valence, and arousal computing in the wild", IEEE Transactions
on Affective Computing 10, 2019.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.published import missing
from fer_lib.data.sources.tables import as_landmarks, read_table, wrong
from fer_lib.data.sources.tree import entries, file_named, images, locate
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index

# The codes from 0, by the book's names; the last three are no expression.
CODES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
DROPPED = {8: "none", 9: "uncertain", 10: "no face"}
FOLDERS = {"train": "train_set", "val": "val_set"}
TABLES = {"train": "training.csv", "val": "validation.csv"}
BOX = ("face_x", "face_y", "face_width", "face_height")
COLUMNS = ("subDirectory_filePath", *BOX, "facial_landmarks", "expression")
COLUMNS += ("valence", "arousal")
_CODES = {str(code): code for code in range(11)}

Details = tuple[np.ndarray, float, float]


class Face(NamedTuple):
    """One face before its image is read."""

    file: Path
    box: tuple[int, int, int, int] | None  # of the face in the file
    code: int  # AffectNet's expression, 0 to 10
    split: str
    details: Callable[[], Details]  # reads landmarks [68, 2], valence, arousal


def load(
    root: Path | str,
    *,
    classes: int = 8,
    per_class: int | None = None,
    seed: int = 0,
    size: int | None = 224,
    channels: int = 3,
    cache: Path | str | None = None,
) -> FaceSet:
    """AffectNet from the layout of 2021, or from the older tables.

    Splits are ``train`` and ``val``; one alone is enough, and labels of a test
    split were never published.  Faces marked none, uncertain or no face are left
    out and counted.  The older layout gives whole images, of which the face box
    is taken.  ``extra`` holds ``valence`` and ``arousal`` from -1 to 1.

    Args:
        root: the folder above ``train_set`` and ``val_set``, or above
            ``training.csv`` and ``Manually_Annotated_Images``.
        classes: 8, or 7 without contempt.
        per_class: at most so many training faces a class, one fixed draw of
            the seed that does not depend on other classes; None for all.
        seed: of that draw.
        size: side of the images in pixels; None keeps the files' own.
    """
    few = per_class is not None and per_class < 1
    if classes not in (7, 8) or seed < 0 or few:
        raise FerError(
            f"AffectNet: classes is {classes}, per_class {per_class} and seed "
            f"{seed}, expected 7 or 8 classes, at least one face, a seed from 0."
        )
    layout, sources, faces = _find(root)
    options = {"classes": classes, "per_class": per_class, "seed": seed}
    read = partial(_read, layout, faces, **options)
    stored = {"size": size, "channels": channels, "cache": cache}
    return converted(
        "affectnet", root, sources, read, own=[".npy"], spare="images without a face "
        "that is asked for", **stored, **options,
    )  # fmt: skip


def _find(root: Path | str) -> tuple[str, list[Path], Callable]:
    """A layout's name, the files that decide the result, and its reader."""
    parts = {split: locate(root, name) for split, name in FOLDERS.items()}
    if parts := {split: place for split, place in parts.items() if place}:
        return "2021", list(parts.values()), partial(_of_folders, parts)
    pictures = locate(root, "Manually_Annotated_Images", "Manually_Annotated")
    tables = {split: file_named(root, name) for split, name in TABLES.items()}
    tables = {split: table for split, table in tables.items() if table}
    if pictures and tables:
        sources = [pictures, *tables.values()]
        return "tables", sources, partial(_of_tables, pictures, tables)
    raise missing("affectnet", root)


def _read(layout, read, classes, per_class, seed) -> tuple[list, str]:
    faces, left_out = [], Counter()
    for face in read():
        if face.code in DROPPED:
            left_out[DROPPED[face.code]] += 1
        elif classes == 7 and CODES[face.code] == "contempt":
            left_out["contempt"] += 1
        else:
            faces.append(face)
    labels = np.array([expression_index(CODES[face.code]) for face in faces], int)
    splits = np.array([face.split for face in faces], str)
    rows = []
    chosen = drawn(labels, splits == "train", per_class, seed)
    for row in tqdm(chosen.tolist(), desc="reading landmarks"):
        face, (points, *values) = faces[row], faces[row].details()
        known = {"file": face.file, "box": face.box, "splits": face.split}
        known |= {"labels": int(labels[row]), "landmarks": points}
        valence, arousal = map(np.float32, values)
        rows.append(known | {"valence": valence, "arousal": arousal})
    text = f"AffectNet, {layout}, {len(rows):,} faces of {len(faces):,}"
    if per_class:
        text += f", at most {per_class:,} a class for training by seed {seed}"
    for reason, count in sorted(left_out.items()):
        text += f", {count:,} left out as {reason}"
    return rows, text


def drawn(
    labels: np.ndarray, train: np.ndarray, per_class: int | None, seed: int
) -> np.ndarray:
    """Rows of a balanced draw, in their order, ``int64 [n]``.

    ``train``, ``bool [N]``, are drawn from, ``per_class`` of a label at most;
    others are kept.  Each label has a stream of its own.
    """
    kept = np.ones(len(labels), bool)
    for label in np.unique(labels[train]) if per_class else ():
        rows = np.flatnonzero(train & (labels == label))
        order = np.random.default_rng([seed, int(label)]).permutation(rows)
        kept[order[per_class:]] = False
    return np.flatnonzero(kept)


def _of_folders(parts: dict[str, Path]) -> Iterator[Face]:
    for split, place in parts.items():
        notes, pictures = place / "annotations", place / "images"
        if lacking := [f.name for f in (notes, pictures) if not f.is_dir()]:
            raise FerError(
                f"{place}: no folder {' and '.join(lacking)} found, expected "
                "images/ and annotations/; unpack the archive again."
            )
        present = {file.stem: file for file in images(entries(pictures)[1])}
        found = [f for f in entries(notes)[1] if f.name.endswith("_exp.npy")]
        found.sort(key=lambda file: (len(file.name), file.name))  # as numbers
        for file in tqdm(found, desc=f"reading {place.name}", unit=" faces"):
            number = file.name.removesuffix("_exp.npy")
            if number not in present:
                raise FerError(
                    f"{pictures}: no image {number}.jpg found, expected one as "
                    f"{file.name} exists; get the images again."
                )
            code = _CODES.get(str(_number(file)).removesuffix(".0"))
            if code is None:
                raise _odd(file, "an expression from 0 to 10")
            details = partial(_details, notes, number)
            yield Face(present.pop(number), None, code, split, details)
        if present:
            raise FerError(
                f"{notes}: no {min(present)}_exp.npy found, expected one as "
                f"{min(present)} has an image; get the annotations again."
            )


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


def _of_tables(pictures: Path, tables: dict[str, Path]) -> Iterator[Face]:
    for split, table in tables.items():
        rows = tqdm(read_table(table, COLUMNS), desc=table.name, unit=" rows")
        for line, (name, *box, points, code, valence, arousal) in rows:
            if code not in _CODES:
                raise wrong(table, line, "expression", code, "0 to 10")
            if _CODES[code] > 7:  # their boxes and landmarks may be NULL
                yield Face(pictures / name, None, _CODES[code], split, tuple)
                continue
            file = pictures / name
            if ".." in Path(name).parts or not file.is_relative_to(pictures):
                raise wrong(table, line, COLUMNS[0], name, "a file below the images")
            fields = partial(_fields, table, line, points, valence, arousal)
            yield Face(file, _box(box, table, line), _CODES[code], split, fields)


def _box(texts: list[str], table: Path, line: int) -> tuple[int, int, int, int]:
    for name, text in zip(BOX, texts, strict=True):
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
