"""``ferbook data``: check, audit, get."""

import json

import pytest
from drawn_files import draw
from fer2013_files import make_rows, write_csv

from fer_lib.data import DATASETS
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


def test_check_compares_with_the_published_counts(tmp_path, capsys):
    """Three of JAFFE's 213 images are too few."""
    for number, name in enumerate(("KA.AN1.39", "KA.HA1.29", "YM.SU3.60")):
        draw(tmp_path / "jaffe" / f"{name}.tiff", number)
    words = ["data", "check", "jaffe", "--root", str(tmp_path / "jaffe")]
    assert cli.main(words) == 1
    assert "neutral: found 0 faces, expected 30" in capsys.readouterr().out
