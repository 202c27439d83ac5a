"""``ferbook predict`` on a photograph, and on what is none."""

import csv

import pytest
from PIL import Image
from skimage.data import astronaut

from ferbook.cli import main


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a face, smiling.png"
    Image.fromarray(astronaut()).save(path)
    return path


def test_probabilities_and_maps_are_written(photo, tmp_path, capsys):
    table, maps = tmp_path / "table.csv", tmp_path / "maps"
    words = ["predict", str(photo), "--network", "deep_emotion", "--method", "saliency"]
    assert main([*words, "--out", str(table), "--explain", str(maps)]) == 0
    said = capsys.readouterr().out
    assert "deep_emotion knows rendered faces only" in said
    assert f"{photo}: " in said
    with table.open(encoding="utf-8") as file:
        [row] = csv.DictReader(file)
    assert row["photo"] == str(photo)
    shares = {name: float(row[name]) for name in list(row)[5:]}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert f": {max(shares, key=shares.get)} " in said
    with Image.open(maps / "a face, smiling-saliency.png") as drawn:
        assert drawn.width > 100


def test_what_cannot_be_read_is_told_and_the_rest_is_read(photo, tmp_path, capsys):
    other = tmp_path / "notes.png"
    other.write_text("no picture")
    network = ["--network", "deep_emotion"]
    assert main(["predict", str(other), str(photo), *network]) == 0
    assert f"not read: {other}: cannot be read" in capsys.readouterr().out
    assert main(["predict", str(other), *network]) == 1
