"""``ferbook data``: check, audit, get."""

import json
import re

import pytest
from drawn_files import draw
from drawn_layouts import ckplus
from fer2013_files import make_rows, write_csv

from fer_lib.data import DATASETS, options_of
from ferbook import cli


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))


def test_audit_prints_and_writes(tmp_path, capsys):
    """A training image put into the test split is found."""
    rows = make_rows(counts=(6, 3, 3))
    rows.images[-1] = rows.images[0]
    write_csv(tmp_path, rows)
    words = ["data", "audit", "fer2013", "--root", str(tmp_path)]
    record = tmp_path / "audit.json"
    assert cli.main([*words, "--out", str(record)]) == 0
    assert "equal image also in" in capsys.readouterr().out
    told = json.loads(record.read_text())
    assert told["leaked"]["PrivateTest"] == [11]


@pytest.mark.parametrize("name", DATASETS[1:])
def test_a_command_without_a_folder_says_so(name, capsys):
    assert cli.main(["data", "check", name]) == 1
    assert (
        capsys.readouterr().err
        == f"ferbook: {name}: name its folder with --root DIR.\n"
    )


@pytest.mark.parametrize("name", DATASETS[2:])
def test_get_tells_where_to_ask(name, capsys):
    """No program may fetch these."""
    assert cli.main(["data", "get", name]) == 0
    assert "http" in capsys.readouterr().out


def test_options_of_readers(tmp_path, capsys):
    """By the types that the reader states; and what an error names works."""
    root = tmp_path / "mine"
    for number, name in enumerate(("0", "ennui")):
        draw(root / name / "1.png", number)
    draw(root / "notes.txt.png", 3)
    words = ["data", "check", "folder", "--root", str(root)]
    assert cli.main(words) == 1
    told = capsys.readouterr().out
    option = re.search(r"--option (classes=\S+?:happy)", told)[1]
    assert option == "classes=0:happy"
    option += ",ennui:neutral"
    assert cli.main([*words, "--option", option]) == 1
    assert "notes.txt.png: lies in no folder of a class" in capsys.readouterr().out
    (root / "notes.txt.png").rename(root / "notes.txt")
    assert cli.main([*words, "--option", option, "--option", "size=none"]) == 0
    told = capsys.readouterr().out
    assert "read from mine/0: 1 images" in told and "left out: 1 .txt" in told
    for wrong, why in (
        ("classes=0", "names such as 0:angry,1:sad"),
        ("size=large", "expected a whole number or none"),
        ("colour=1", "one of classes, size, channels."),
    ):
        assert cli.main([*words, "--option", wrong]) == 1
        assert why in capsys.readouterr().err
    assert options_of("rendered") and "aligned" in options_of("sfew")


def test_ckplus_without_landmarks_is_read_as_the_error_says(tmp_path, capsys):
    ckplus()(tmp_path)
    (tmp_path / "Landmarks").rename(tmp_path.parent / "elsewhere")
    words = ["data", "audit", "ckplus", "--root", str(tmp_path)]
    assert cli.main(words) == 1
    option = re.search(r"option (face=none)", capsys.readouterr().err)[1]
    assert cli.main([*words, "--option", option]) == 0


def test_check_compares_with_the_published_counts(tmp_path, capsys):
    """Three of JAFFE's 213 images are too few."""
    for number, name in enumerate(("KA.AN1.39", "KA.HA1.29", "YM.SU3.60")):
        draw(tmp_path / "jaffe" / f"{name}.tiff", number)
    words = ["data", "check", "jaffe", "--root", str(tmp_path / "jaffe")]
    assert cli.main(words) == 1
    assert "neutral: found 0 faces, expected 30" in capsys.readouterr().out
