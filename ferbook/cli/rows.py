"""Tables that are written row by row, as CSV or Parquet, and whole or not at all."""

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fer_lib.errors import FerError, optional
from fer_lib.files import atomic_path

KINDS = (".csv", ".parquet")
GROUP = 10_000  # rows of Parquet in memory, and in one of its groups

Row = Mapping[str, object]  # by column; None where there is nothing
Write = Callable[[Row], None]


@contextmanager
def open_table(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    """A function that writes one row; the file is there when the block ends.

    Args:
        path: ends in ``.csv`` or ``.parquet``; replaced when it exists.
        columns: their types (``str``, ``int``, ``float`` or ``bool``), by name.

    Raises:
        FerError: when it ends in something else, or pyarrow is missing for Parquet.
    """
    if path.suffix not in KINDS:
        raise FerError(
            f"{path}: ends in '{path.suffix}', expected one of {', '.join(KINDS)}."
        )
    kind = _csv if path.suffix == ".csv" else _parquet
    with atomic_path(path) as temporary, kind(temporary, columns) as write:
        yield write


@contextmanager
def _csv(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(columns), lineterminator="\n")
        table.writeheader()
        yield table.writerow


@contextmanager
def _parquet(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    arrow, parquet = (optional(m, "tables") for m in ("pyarrow", "pyarrow.parquet"))
    kinds = {str: arrow.string(), int: arrow.int64(), bool: arrow.bool_()}
    kinds[float] = arrow.float64()
    schema = arrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    rows: list[Row] = []
    with parquet.ParquetWriter(path, schema) as file:

        def write(row: Row) -> None:
            rows.append(row)
            if len(rows) == GROUP:
                flush()

        def flush() -> None:
            file.write_table(arrow.Table.from_pylist(rows, schema))
            rows.clear()

        yield write
        if rows:
            flush()
