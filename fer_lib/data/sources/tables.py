"""Rows of CSV files, with the line number that an error names."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from fer_lib.errors import FerError

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
    of the columns in the file.

    Args:
        path: a UTF-8 file whose first line names its columns.
        columns: names of all columns, in the order in which they are wanted.

    Raises:
        FerError: when the file is missing, no UTF-8 text, has other columns,
            an empty line, or a row with too few or too many fields.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield from _rows(path, csv.reader(text), columns)
    except UnicodeDecodeError as error:
        raise FerError(
            f"{path}: byte {error.object[error.start]:#04x} is not UTF-8, "
            f"expected plain text with the columns {', '.join(columns)}; "
            f"{_AGAIN}."
        ) from error
    except csv.Error as error:
        raise FerError(
            f"{path}: not readable as CSV ({error}), expected the columns "
            f"{', '.join(columns)}; {_AGAIN}."
        ) from error
    except OSError as error:
        raise FerError(
            f"{path}: cannot be read ({error.strerror}), expected a CSV file "
            f"with the columns {', '.join(columns)}; put it there."
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
