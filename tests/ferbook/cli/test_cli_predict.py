"""``ferbook predict`` on photographs, folders of them, and on what is none."""

import csv
import json

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import fer_lib
from fer_lib.models.saved import save
from ferbook.cli import main, predict

NETWORK = ["--network", "deep_emotion"]


@pytest.fixture(scope="module")
def near():
    return astronaut()[:320, 60:380]


@pytest.fixture
def photo(tmp_path, near):
    path = tmp_path / "photos" / "a face, smiling.png"
    path.parent.mkdir()
    Image.fromarray(near).save(path)
    return path


def table(path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_probabilities_and_maps_are_written(photo, tmp_path, capsys):
    out, maps = tmp_path / "table.csv", tmp_path / "maps"
    words = ["predict", str(photo), *NETWORK, "--method", "saliency"]
    assert main([*words, "--out", str(out), "--explain", str(maps)]) == 0
    said = capsys.readouterr().out
    network = fer_lib.load("deep_emotion")
    assert f"deep_emotion knows {network.provenance}" in said
    assert f"of {network.about['sure']['n']:,} validation faces" in said
    [row] = table(out)
    assert row["photo"] == str(photo) and row["face"] == "1"
    left, top, right, bottom = (int(row[name]) for name in predict.BOX)
    assert left < right and top < bottom and int(row["size"]) == right - left
    shares = {key[2:]: float(row[key]) for key in row if key.startswith("p_")}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert row["expression"] == max(shares, key=shares.get)
    assert f"{photo}: {row['expression']} " in said and row["sure"] == "True"
    assert row["map"] == str(maps / "a face, smiling-saliency.png")
    with Image.open(row["map"]) as drawn:
        assert drawn.width > 100


def test_a_folder_has_a_row_for_each_face_or_photograph(photo, near, tmp_path, capsys):
    folder = photo.parent
    (folder / "z").mkdir()
    Image.fromarray(np.hstack([near, near])).save(folder / "z" / "pair.png")
    Image.new("RGB", (99, 99)).save(folder / "black.png")
    (folder / "notes.png").write_text("no picture")
    out = tmp_path / "table.csv"
    assert main(["predict", str(folder), *NETWORK, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    rows = table(out)
    names = [row["photo"].removeprefix(f"{folder}/") for row in rows]
    assert names == [photo.name, "black.png", "notes.png", "z/pair.png", "z/pair.png"]
    assert [row["face"] for row in rows] == ["1", "", "", "1", "2"]
    assert [row["expression"] for row in rows[1:3]] == ["no face", "not read"]
    for row in rows[1:3]:
        filled = {key for key, value in row.items() if value}
        assert filled == {"photo", "expression", "note"}
        assert f"{row['expression']}: {row['photo']}: {row['note']}" in said
    assert "Photographs: 2 read, 1 no face, 1 not read. Faces: 3: 3 " in said


def test_json_lines_are_the_rows_and_nothing_else(photo, tmp_path, capsys):
    black, out = tmp_path / "black.png", tmp_path / "table.csv"
    Image.new("RGB", (99, 99)).save(black)
    words = ["predict", str(photo), str(black), *NETWORK, "--json"]
    assert main([*words, "--out", str(out)]) == 0
    said = capsys.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    as_text = [
        {key: "" if value is None else str(value) for key, value in row.items()}
        for row in rows
    ]
    assert as_text == table(out) and len(rows) == 2
    assert "deep_emotion knows" in said.err and "Table: " in said.err


def test_parquet_holds_what_csv_holds(photo, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = str(photo.parent)
    (photo.parent / "notes.png").write_text("no picture")
    for kind in ("csv", "parquet"):
        out = str(tmp_path / f"table.{kind}")
        assert main(["predict", folder, *NETWORK, "--out", out]) == 0
    rows = parquet.read_table(tmp_path / "table.parquet").to_pylist()
    as_text = [
        {key: "" if value is None else str(value) for key, value in row.items()}
        for row in rows
    ]
    assert as_text == table(tmp_path / "table.csv") and len(rows) == 2


def test_no_map_replaces_another(photo, near, tmp_path):
    other, maps = tmp_path / "other" / photo.name, tmp_path / "maps"
    other.parent.mkdir()
    Image.fromarray(near[:, ::-1]).save(other)
    out, words = tmp_path / "table.csv", [*NETWORK, "--method", "saliency"]
    for _ in range(2):
        named = ["predict", str(photo), str(other), *words, "--explain", str(maps)]
        assert main([*named, "--out", str(out)]) == 0
    written = {path.name for path in maps.iterdir()}
    ends = ("", "-2", "-3", "-4")
    assert written == {f"a face, smiling{end}-saliency.png" for end in ends}
    assert len({path.read_bytes() for path in maps.iterdir()}) == 2
    assert [row["map"][-14:-13] for row in table(out)] == ["3", "4"]


def test_what_cannot_be_read_is_told_and_the_rest_is_read(photo, tmp_path, capsys):
    other = tmp_path / "notes.png"
    other.write_text("no picture")
    assert main(["predict", str(other), str(photo), *NETWORK]) == 0
    assert f"not read: {other}: cannot be read" in capsys.readouterr().out
    assert main(["predict", str(other), *NETWORK]) == 1
    assert main(["predict", "nowhere.jpg", *NETWORK]) == 1
    assert "not read: nowhere.jpg: no such file" in capsys.readouterr().out


def test_many_photographs_are_told_in_few_lines(photo, monkeypatch, capsys):
    monkeypatch.setattr(predict, "LINES", 1)
    for name in "bc":
        (photo.parent / f"{name}.png").write_text("no picture")
    assert main(["predict", str(photo.parent), *NETWORK]) == 0
    said = capsys.readouterr().out
    assert f"{photo}: " in said and "b.png" not in said
    assert "... and 2 more photographs" in said and "1 read, 2 not read." in said


def test_the_rule_of_the_file_is_said_and_gone_by(photo, tmp_path, capsys):
    network = fer_lib.load("deep_emotion")
    rule = {"threshold": 1.5, "right": 0.86, "share": 0.7, "n": 3589}
    path = tmp_path / "mine.safetensors.gz"
    save(network, path, network.about | {"sure": rule})
    assert main(["predict", str(photo), "--network", str(path)]) == 0
    said = capsys.readouterr().out
    assert "150 % or more: 70 % of 3,589 validation faces, and 86 %" in said
    assert ": not sure (" in said and "Faces: 1: 1 not sure." in said
    save(network, path, {"command": "none was counted"})
    assert main(["predict", str(photo), "--network", str(path)]) == 0
    assert "likelier than all other classes together" in capsys.readouterr().out
