"""``ferbook analyse``: from a table of pixels to a record."""

import numpy as np
import pytest
from drawn_layouts import RAFDB, pictures

from ferbook import cli
from ferbook.analysis.record import read_analysis


@pytest.fixture
def fer2013(tmp_path, monkeypatch):
    """A folder with 98 faces of noise in the layout of ``fer2013.csv``."""
    rng = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for usage, n in (("Training", 14), ("PublicTest", 14), ("PrivateTest", 70)):
        for row in range(n):
            pixels = " ".join(map(str, rng.integers(0, 256, 48 * 48)))
            lines.append(f"{row % 7},{pixels},{usage}")
    (tmp_path / "fer2013.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return tmp_path


def words(folder, *more):
    return ["analyse", "deep_emotion", "--root", str(folder), "--device", "cpu",
            "--out", str(folder / "out"), *more]  # fmt: skip


def test_a_record_of_photographs(fer2013, capsys):
    assert cli.main(words(fer2013, "--faces", "35")) == 0
    said = capsys.readouterr().out
    path = fer2013 / "out" / "fer2013" / "deep_emotion.json"
    assert f"Record: {path}" in said and "Deep-Emotion on FER2013" in said
    assert "window: transform" in said and "mouth" in said
    found = read_analysis(path)
    assert found.content["split"] == "PrivateTest"
    assert found.content["accuracy"]["split"]["n"] == 70
    assert found.content["accuracy"]["faces"]["n"] == 35
    assert found.content["weights_sha256"] and found.content["data_sha256"]
    assert found.content["landmarks_trusted"] == 0  # noise shows no face
    assert (found.maps["face"].n == 0).all()  # nor may 35 be averaged
    sizes = [path.with_suffix(s).stat().st_size for s in (".json", ".npz")]
    assert sum(sizes) < 60_000
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "deep_emotion.json",
        "deep_emotion.npz",
    ]


def test_another_part(fer2013):
    assert cli.main(words(fer2013, "--faces", "7", "--split", "PublicTest")) == 0
    found = read_analysis(fer2013 / "out" / "fer2013" / "deep_emotion.json")
    assert found.content["accuracy"]["split"]["n"] == 14


def test_options_of_the_reader_are_handed_on_and_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    files = {
        f"{split}/{code}/{split}_{7 * row + code:0{digits}}_aligned.png": (name, split)
        for split, digits, rows in (("train", 5, 20), ("test", 4, 1))
        for code, name in enumerate(RAFDB, 1)
        for row in range(rows)
    }
    pictures(tmp_path, files)
    asked = ["--dataset", "rafdb", "--protocol", "rafdb_test", "--faces", "7"]
    asked += ["--option", "size=48", "--option", "channels=1"]
    assert cli.main(words(tmp_path, *asked)) == 0
    found = read_analysis(tmp_path / "out" / "rafdb" / "deep_emotion.json")
    assert found.content["data_options"] == {"size": 48, "channels": 1}
    assert found.maps["face"].mean.shape[1:] == (48, 48)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--split", "Test"], "no part 'Test', expected one of Training, PublicTest"),
        (["--faces", "3"], "3 faces for 7 classes"),
        (["--protocol", "hat"], "protocol 'hat' is unknown"),
        (["--dataset", "hat"], "data set 'hat' is unknown"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(fer2013, capsys, more, told):
    assert cli.main(words(fer2013, *more)) == 1
    assert told in capsys.readouterr().err
    assert not (fer2013 / "out").exists()
