"""Folders are found where people leave them."""

import os

import pytest
from drawn_files import refused, touched

from fer_lib.data.sources.folders import (
    files_below,
    files_in,
    holding,
    locate,
    manifest,
)


@pytest.mark.parametrize("above", ["", "a", "a/b", "a/b/c"])
def test_a_folder_is_found_a_few_levels_below(tmp_path, above):
    place = tmp_path / above / "Frames"
    place.mkdir(parents=True)
    found = locate(tmp_path, "images", "frames")
    assert found == (None if above == "a/b/c" else place)
    assert locate(place, "frames") == place


def test_a_folder_in_its_namesake_is_meant(tmp_path):
    (tmp_path / "aligned" / "aligned").mkdir(parents=True)
    assert locate(tmp_path, "aligned") == tmp_path / "aligned" / "aligned"


def test_two_equally_near_are_refused(tmp_path):
    for place in ("a/frames", "b/frames"):
        (tmp_path / place).mkdir(parents=True)
    assert "a/frames and b/frames" in refused(locate, tmp_path, "frames")
    (tmp_path / "frames").mkdir()
    assert locate(tmp_path, "frames") == tmp_path / "frames"


def test_what_holds_all_names_is_found(tmp_path):
    for place in ("x/anger", "x/fear", "y/anger"):
        (tmp_path / place).mkdir(parents=True)
    assert holding(tmp_path, ["anger", "fear"]) == tmp_path / "x"
    assert holding(tmp_path, ["anger", "joy"]) is None


def test_no_folder_is_told(tmp_path):
    assert "cannot be read" in refused(locate, tmp_path / "nowhere", "a")
    (tmp_path / "file").touch()
    assert "cannot be read" in refused(holding, tmp_path / "file", ["a"])


def test_hidden_files_and_other_kinds_do_not_count(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.PNG", "a.png", ".DS_Store", "._a.png", "Thumbs.db", "sub/c.jpg"):
        (tmp_path / name).touch()
    assert [f.name for f in files_in(tmp_path)] == ["a.png", "b.PNG"]
    assert [f.name for f in files_below(tmp_path)] == ["a.png", "b.PNG", "c.jpg"]


def test_the_manifest_knows_every_change(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_text(name)
    known = {manifest([folder])}
    (folder / ".DS_Store").touch()
    assert manifest([folder]) in known
    touched(folder / "a")
    known.add(manifest([folder]))
    about = (folder / "b").stat()
    (folder / "b").write_text("longer")
    os.utime(folder / "b", ns=(about.st_atime_ns, about.st_mtime_ns))
    known.add(manifest([folder]))
    (folder / "b").rename(folder / "c")
    known.add(manifest([folder]))
    (folder / "c").unlink()
    known.add(manifest([folder]))
    known.add(manifest([folder / "a"]))
    assert len(known) == 6
