"""The register of runs: what was recorded, superseded or repeated, and when.

``register.csv`` beside the records is only ever appended to.  Each line ends
with a hash of itself and of the line before, so that a line that was changed or
left out shows.  ``python -m ferbook.runs.register`` enters what is new.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from fer_lib.errors import FerError
from ferbook.runs.paths import runs_folder
from ferbook.runs.records import Record, load_records

NAME = "register.csv"
Event = Literal["recorded", "superseded", "repeated"]


@dataclass(frozen=True)
class Line:
    """One entry.

    Attributes:
        date: of the entry, ISO 8601.
        event: a record came in, answers nothing any more, or was repeated.
        record: its place below the folder.
        key: hash of which run it is.
        sha256: of its predictions.
        machine: on which that happened.
        note: why it is superseded, or what the repetition found.
        chain: hash of this line and of the chain before.
    """

    date: str
    event: Event
    record: str
    key: str
    sha256: str
    machine: str = ""
    note: str = ""
    chain: str = ""


_HEADER = tuple(one.name for one in fields(Line))


def read_register(folder: Path) -> tuple[Line, ...]:
    """All lines, in order; none where there is no register.

    Raises:
        FerError: naming the line that was changed, or before which one is
            missing.
    """
    path = folder / NAME
    if not path.is_file():
        return ()
    header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    if tuple(header) != _HEADER:
        raise FerError(f"{path}: columns are {header}, expected {list(_HEADER)}.")
    lines, before = [], ""
    for number, row in enumerate(rows, start=2):
        line = Line(*row) if len(row) == len(_HEADER) else None
        known = line and line.event in get_args(Event)
        if not known or line.chain != _chained(before, row[:-1]):
            raise FerError(
                f"{path}, line {number}: was changed, or a line before it is gone; "
                "take the file back from the repository, lines are only appended."
            )
        lines.append(line)
        before = line.chain
    return tuple(lines)


def append(folder: Path, lines: Iterable[Line]) -> None:
    """Put lines at the end; what stands there is checked and stays as it is."""
    there, path = read_register(folder), folder / NAME
    before, out = there[-1].chain if there else "", io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    if not there:
        write(_HEADER)
    for line in lines:
        row = astuple(line)[:-1]
        before = _chained(before, row)
        write((*row, before))
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(out.getvalue())


def _chained(before: str, row: Sequence[str]) -> str:
    return hashlib.sha256("\n".join((before, *row)).encode()).hexdigest()[:16]


def entry(
    folder: Path, record: Record, event: Event, machine: str = "", note: str = ""
) -> Line:
    """A line on a record, of now.

    Raises:
        FerError: when the record is none of the folder.
    """
    date, path = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), record.path.resolve()
    if not path.is_relative_to(folder.resolve()):
        raise FerError(
            f"{record.path}: lies outside of {folder}, whose register holds its own "
            "records alone; leave --keep out."
        )
    place = path.relative_to(folder.resolve()).as_posix()
    sha256 = record.predictions_sha256[:16]
    return Line(date, event, place, record.key.sha256[:16], sha256, machine, note)


def register(folder: Path | None = None) -> tuple[Line, ...]:
    """Enter records that came in, or were superseded, since the last entry.

    Returns:
        The new lines.
    """
    folder = folder or runs_folder()
    known = {(line.event, line.record, line.sha256) for line in read_register(folder)}
    new = []
    for record in load_records(folder):
        lines = [entry(folder, record, "recorded", record.hardware["name"])]
        if record.superseded:
            lines.append(entry(folder, record, "superseded", note=record.superseded))
        new += [x for x in lines if (x.event, x.record, x.sha256) not in known]
    new.sort(key=lambda line: line.record)
    append(folder, new)
    return tuple(new)


if __name__ == "__main__":
    for line in register():
        print(f"{line.event}: {line.record}")
