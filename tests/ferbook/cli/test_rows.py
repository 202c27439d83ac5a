"""Tables written row by row: whole or not at all, and the same in both kinds."""

import csv

import pytest

from fer_lib.errors import FerError
from ferbook.cli import rows
from ferbook.cli.rows import open_table

COLUMNS = {"photo": str, "face": int, "sure": bool, "p_sad": float}
ROWS = [
    {"photo": "a, b\n.jpg", "face": 1, "sure": True, "p_sad": 1 / 3},
    {"photo": "ü", "face": None, "sure": None, "p_sad": None},
    {"photo": "c.jpg", "face": 2, "sure": False, "p_sad": 1e-6},
]


def write(path, some=ROWS):
    with open_table(path, COLUMNS) as put:
        for row in some:
            put(row)


def from_csv(path):
    """Its rows with their types."""
    kinds = {str: str, int: int, float: float, bool: "True".__eq__}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {k: kinds[COLUMNS[k]](v) if v else None for k, v in row.items()}
            for row in csv.DictReader(file)
        ]


def test_csv_gives_back_what_was_written(tmp_path):
    write(tmp_path / "t.csv")
    assert from_csv(tmp_path / "t.csv") == ROWS


@pytest.mark.parametrize("group", [1, 2, 3, 100])
def test_parquet_holds_the_same_rows_in_groups(tmp_path, monkeypatch, group):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(rows, "GROUP", group)
    write(tmp_path / "t.parquet")
    write(tmp_path / "t.csv")
    file = parquet.ParquetFile(tmp_path / "t.parquet")
    assert file.read().to_pylist() == ROWS == from_csv(tmp_path / "t.csv")
    assert file.num_row_groups == -(-len(ROWS) // group)


def test_parquet_without_rows_has_its_columns(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write(tmp_path / "t.parquet", [])
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.num_rows == 0 and table.column_names == list(COLUMNS)


@pytest.mark.parametrize("kind", rows.KINDS)
def test_a_failure_leaves_the_old_table(tmp_path, kind):
    if kind == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"t{kind}"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), open_table(path, COLUMNS) as put:
        put(ROWS[0])
        _ = 1 / 0
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_other_endings_and_a_missing_package_are_told(tmp_path, monkeypatch):
    with pytest.raises(FerError, match=r"ends in '\.xlsx', expected one of \.csv"):
        write(tmp_path / "t.xlsx")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(FerError, match='pip install "pyarrow'):
        write(tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []
