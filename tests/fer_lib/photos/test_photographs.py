"""A folder of photographs: every file ends in the table, faces in the target."""

import csv
import tracemalloc

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.photos.photographs import RESULTS, TABLE, photographs, prepare_folder
from fer_lib.photos.preparation import Preparation, Prepared, prepare

WOMAN = astronaut()[20:220, 120:320]
HOW = Preparation(size=48, landmarks="crop")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    (folder / "b" / "deep").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    Image.fromarray(WOMAN).save(folder / "b" / "woman.PNG")
    Image.fromarray(WOMAN).convert("L").save(folder / "a.jpg")
    Image.fromarray(WOMAN).save(folder / ".hidden" / "woman.png")
    blank = Image.fromarray(np.full((90, 60), 99, np.uint8))
    blank.save(folder / "b" / "deep" / "blank.tiff")
    (folder / "b" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    (folder / "b" / "labels.txt").write_text("0 1 2")
    return folder


def table(folder):
    with (folder / TABLE).open(newline="", encoding="utf-8") as text:
        return {row["file"]: row for row in csv.DictReader(text)}


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.*"))


def test_every_image_is_told_of(source, tmp_path):
    target = tmp_path / "target"
    counts = prepare_folder(source, target, HOW)
    assert counts == {"face": 2, "whole": 1, "dropped": 0, "failed": 1}
    rows = table(target)
    assert list(rows) == ["a.jpg", "b/torn.png", "b/woman.PNG", "b/deep/blank.tiff"]
    assert [row["result"] for row in rows.values()] == [
        "face", "failed", "face", "whole",
    ]  # fmt: skip
    assert "cannot be read as an image" in rows["b/torn.png"]["reason"]
    assert rows["b/deep/blank.tiff"]["reason"] == "no face found"
    assert files(target) == ["a.jpg", "b/deep/blank.tiff", "b/woman.PNG", TABLE]
    for name in ("a.jpg", "b/deep/blank.tiff", "b/woman.PNG"):
        assert Image.open(target / name).size == (48, 48)


def test_the_row_is_what_prepare_finds(source, tmp_path):
    prepare_folder(source, tmp_path / "target", HOW)
    row = table(tmp_path / "target")["b/woman.PNG"]
    one = prepare(np.ascontiguousarray(WOMAN.transpose(2, 0, 1)), HOW)
    assert [int(row[side]) for side in ("left", "top", "right", "bottom")] == [*one.box]
    points = [[float(row[f"{axis}{k}"]) for axis in "xy"] for k in range(68)]
    assert np.array_equal(points, one.landmarks)
    written = np.asarray(Image.open(tmp_path / "target" / "b" / "woman.PNG"))
    assert np.array_equal(written, one.image.transpose(1, 2, 0))


def test_dropped_images_are_not_written(source, tmp_path):
    target = tmp_path / "target"
    how = Preparation(size=32, grey=True)
    counts = prepare_folder(source, target, how, missing="drop")
    assert counts == {"face": 2, "whole": 0, "dropped": 1, "failed": 1}
    assert files(target) == ["a.jpg", "b/woman.PNG", TABLE]
    assert table(target)["b/deep/blank.tiff"]["left"] is None
    assert Image.open(target / "b" / "woman.PNG").mode == "L"


def test_a_stream_of_faces_and_errors(source):
    found = dict(photographs(source, HOW))
    kinds = [type(one) for one in found.values()]
    assert kinds == [Prepared, FerError, Prepared, Prepared]


def test_an_interrupted_run_leaves_no_table(source, tmp_path, monkeypatch):
    target = tmp_path / "target"
    prepare_folder(source, target, HOW)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fer_lib.photos.photographs._write", stop)
    with pytest.raises(KeyboardInterrupt):
        prepare_folder(source, target, HOW)
    assert not (target / TABLE).exists()
    assert not [name for name in files(target) if "csv" in name]


def test_memory_does_not_grow_with_the_folder(tmp_path):
    how = Preparation(size=64, detect=False)
    peaks = []
    for count in (8, 64):
        folder = tmp_path / f"of{count}"
        folder.mkdir()
        for number in range(count):
            image = np.full((256, 256, 3), number, np.uint8)
            Image.fromarray(image).save(folder / f"{number}.png")
        tracemalloc.start()
        prepare_folder(folder, tmp_path / f"from{count}", how)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 256 * 256 * 3


def test_refusals(source, tmp_path):
    with pytest.raises(FerError, match="no image files found"):
        prepare_folder(tmp_path / "none", tmp_path / "target", HOW)
    with pytest.raises(FerError, match="lies inside"):
        prepare_folder(source, source / "faces", HOW)
    with pytest.raises(FerError, match="expected one of whole, drop"):
        prepare_folder(source, tmp_path / "target", HOW, missing="maybe")
    assert not (tmp_path / "target").exists()
    assert set(RESULTS) >= {"face", "whole"}
