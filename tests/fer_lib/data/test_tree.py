"""Folders are found where people leave them."""

import os
from collections import Counter

import pytest
from drawn_files import refused, touched

from fer_lib.data.sources.tree import (
    by_class,
    locate,
    manifest,
    walk,
)
from fer_lib.expressions import label_of


@pytest.mark.parametrize("above", ["", "a", "a/b", "a/b/c"])
def test_a_folder_is_found_a_few_levels_below(tmp_path, above):
    place = tmp_path / above / "Frames"
    place.mkdir(parents=True)
    found = locate(tmp_path, "images", "frames")
    assert found == (None if above == "a/b/c" else place)
    assert locate(place, "frames") == place


def test_namesakes_and_two_equally_near(tmp_path):
    (tmp_path / "aligned" / "aligned").mkdir(parents=True)
    assert locate(tmp_path, "aligned") == tmp_path / "aligned" / "aligned"
    for place in ("a/frames", "b/frames"):
        (tmp_path / place).mkdir(parents=True)
    assert "a/frames and b/frames" in refused(locate, tmp_path, "frames")
    (tmp_path / "frames").mkdir()
    assert locate(tmp_path, "frames") == tmp_path / "frames"


def test_links_are_followed_and_circles_are_not(tmp_path):
    (tmp_path / "set" / "a").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.png").touch()
    (tmp_path / "set" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "a" / "up").symlink_to(tmp_path / "set")
    assert [f.name for f in walk(tmp_path / "set")] == ["1.png"]
    known = manifest([tmp_path / "set"])
    (tmp_path / "elsewhere" / "1.png").write_text("other pixels")
    assert manifest([tmp_path / "set"]) != known


def test_class_folders(tmp_path):
    for name in ("Happiness/a.png", "anger/deep/b.png", "fear/notes.txt", "__MACOSX/x"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    left_out = Counter()
    rows = by_class(tmp_path, label_of, left_out)
    assert [(row["file"].name, row["labels"]) for row in rows] == [
        ("a.png", 3),
        ("b.png", 0),
    ]
    assert left_out == {".txt": 1, "fear without images": 1, "__MACOSX": 1}
    (tmp_path / "c.png").touch()
    assert "c.png: lies in no folder" in refused(by_class, tmp_path, label_of, left_out)
    (tmp_path / "c.png").rename(tmp_path / "c.txt")
    (tmp_path / "bored").mkdir()
    assert "'bored' is no class" in refused(by_class, tmp_path, label_of, left_out)


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
