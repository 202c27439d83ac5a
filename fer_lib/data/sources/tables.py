"""Numbers that lie beside images: rows of CSV files, and 68 landmarks."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError

POINTS = 68
_AGAIN = "get the file again"


def wrong(path: Path, line: int, name: str, found: str, expected: str) -> FerError:
    """The error of one field; a long value is shortened."""
    shown = found if len(found) <= 24 else f"{found[:21]}..."
    return FerError(
        f"{path}, line {line}: {name} is {shown!r}, expected {expected}; "
        f"{_AGAIN} or correct that line."
    )


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the named columns of every row.

    Blanks around names and fields do not count, and neither does the order
    of the columns in the file.  ``FerError`` where it is no such table.

    Args:
        path: a UTF-8 file whose first line names its columns.
        columns: names of all columns, in the order in which they are wanted.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield from _rows(path, csv.reader(text), columns)
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        if isinstance(error, UnicodeDecodeError):
            reason = f"byte {error.object[error.start]:#04x} is not UTF-8"
        raise FerError(
            f"{path}: not readable as CSV ({reason}), expected plain text with the "
            f"columns {', '.join(columns)}; {_AGAIN}."
        ) from error


def _rows(path, reader, columns):
    header = [name.strip() for name in next(reader, [])]
    if sorted(header) != sorted(columns):
        found = ", ".join(header)[:80] or "nothing"
        raise FerError(
            f"{path}, line 1: the columns are {found!r}, expected "
            f"{', '.join(columns)}; {_AGAIN}."
        )
    order = [header.index(name) for name in columns]
    for row in reader:
        if len(row) != len(header):
            raise FerError(
                f"{path}, line {reader.line_num}: found "
                f"{f'{len(row)} fields' if row else 'an empty line'}, "
                f"expected {len(header)} fields ({', '.join(header)}); the "
                f"file may be cut off, {_AGAIN}."
            )
        yield reader.line_num, [row[place].strip() for place in order]


def read_landmarks(file: Path) -> np.ndarray:
    """Landmarks of 68 lines of x and y in pixels, ``float32 [68, 2]``, as in CK+."""
    try:
        words = file.read_text(encoding="ascii").split()
    except OSError as error:
        raise FerError(
            f"{file}: cannot be read ({error.strerror}), expected {POINTS} "
            "landmarks; get the landmarks again."
        ) from error
    except UnicodeDecodeError:
        words = ["bytes", "that are no text"]
    return as_landmarks(words, str(file))


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
