"""Texts that lie beside images: rows of CSV files, lists, and 68 landmarks."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np

from fer_lib.errors import FerError

POINTS = 68
# How an archive begins that was given another ending: kind, place and bytes.
_ARCHIVES = (
    (".zip", 0, b"PK\3\4"),
    (".tar.gz", 0, b"\x1f\x8b"),
    (".tar", 257, b"ustar"),
)


def wrong(path: Path, line: int, name: str, found: str, expected: str) -> FerError:
    """The error of one field; a long value is shortened."""
    shown = found if len(found) <= 24 else f"{found[:21]}..."
    return FerError(
        f"{path}, line {line}: {name} is {shown!r}, expected {expected}; "
        "correct that line or get the file again."
    )


@contextmanager
def _opened(path: Path, expected: str) -> Iterator[TextIO]:
    """A UTF-8 file, with or without a byte order mark.

    ``FerError`` where it is none: an archive, another encoding, no file.
    """
    try:
        with path.open("rb") as content:
            head = content.read(512)
        for kind, place, mark in _ARCHIVES:
            if head[place : place + len(mark)] == mark:
                named = path.name.lower().endswith((kind, ".tgz"))
                raise FerError(
                    f"{path}: is an archive, expected {expected}; "
                    f"{'' if named else f'rename it to {path.stem}{kind}, '}unpack it "
                    "and name the folder of its files."
                )
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield text
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        if isinstance(error, UnicodeDecodeError):
            reason = f"byte {error.object[error.start]:#04x} is not UTF-8"
        raise FerError(
            f"{path}: cannot be read as text ({reason}), expected {expected}; save it "
            "as UTF-8, or get it again."
        ) from error


def read_text(path: Path, expected: str) -> str:
    """All of a text file; ``expected`` says in errors what it should hold."""
    with _opened(path, expected) as text:
        return text.read()


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the named columns of every row.

    Commas, semicolons or tabs part the fields.  Blanks around them, capitals in
    names, empty lines and the order of the columns do not count; without a line of
    names the columns are in the order asked for.  ``FerError`` where it is no such
    table.

    Args:
        path: a UTF-8 file.
        columns: names of all columns, in the order in which they are wanted.
    """
    with _opened(path, f"a table with the columns {', '.join(columns)}") as text:
        first = next((line for line in text if line.strip()), "")
        text.seek(0)
        for mark in ",;\t":
            if len(next(csv.reader([first], delimiter=mark), [])) == len(columns):
                break
        yield from _rows(path, csv.reader(text, delimiter=mark), columns)


def _rows(path, reader, columns):
    rows = (row for row in reader if any(map(str.strip, row)))
    header, wanted = next(rows, []), [name.lower() for name in columns]
    found = [name.strip().lower() for name in header]
    if len(found) == len(wanted) and not set(found) & set(wanted):
        order = range(len(found))
        yield reader.line_num, [field.strip() for field in header]
    elif sorted(found) == sorted(wanted):
        order = [found.index(name) for name in wanted]
    else:
        names = ", ".join(name.strip() for name in header)[:80] or "nothing"
        raise FerError(
            f"{path}, line {max(reader.line_num, 1)}: the columns are {names!r}, "
            f"expected {', '.join(columns)}; correct that line or get the file again."
        )
    for row in rows:
        if len(row) != len(found):
            raise FerError(
                f"{path}, line {reader.line_num}: found {len(row)} fields, expected "
                f"{len(found)} ({', '.join(columns)}); the file may be cut off, get it "
                "again."
            )
        yield reader.line_num, [row[place].strip() for place in order]


def read_landmarks(file: Path) -> np.ndarray:
    """Landmarks of 68 lines of x and y in pixels, ``float32 [68, 2]``, as in CK+."""
    return as_landmarks(read_text(file, f"{POINTS} landmarks").split(), str(file))


def as_landmarks(numbers, where: str) -> np.ndarray:
    """Landmarks of 136 numbers or words x, y, x, y, ..., ``float32 [68, 2]``.

    Errors name ``where``, the file, or file and row.
    """
    try:
        points = np.asarray(numbers).astype(np.float64).ravel()
    except ValueError:
        points = np.full(len(numbers), np.nan)
    if len(points) != 2 * POINTS or not np.isfinite(points).all():
        raise FerError(
            f"{where}: found {len(points)} values, {np.isfinite(points).sum()} "
            f"of them numbers, expected {POINTS} landmarks of x and y; get it "
            "again."
        )
    return points.reshape(POINTS, 2).astype(np.float32)
