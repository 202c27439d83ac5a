"""Folders are found where people leave them."""

import os

import pytest
from drawn_files import refused, touched

from fer_lib.data.sources import tree
from fer_lib.data.sources.tree import (
    by_class,
    left_out,
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
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "set")
    for part in ("a", "b"):  # else images of one class were read as another's
        walked = [f for f in walk(tmp_path / "set" / part) if f.is_file()]
        assert [f.parent.name for f in walked] == ["b"] * (part == "b")
    known = manifest([tmp_path / "set"])
    (tmp_path / "elsewhere" / "1.png").write_text("other pixels")
    assert manifest([tmp_path / "set"]) != known


def test_class_folders(tmp_path):
    for name in ("Happiness/a.png", "anger/deep/b.png", "fear/notes.txt", "__MACOSX/x"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    rows = by_class(tmp_path, label_of, "say what NAME is")
    assert [(row["file"].name, row["labels"]) for row in rows] == [
        ("a.png", 3),
        ("b.png", 0),
    ]
    taken = [row["file"] for row in rows]
    assert left_out([tmp_path], taken) == {".txt": 1}
    (tmp_path / "sad").mkdir()
    assert left_out([tmp_path], taken)["empty folders"] == 1
    (tmp_path / "c.png").touch()
    assert left_out([tmp_path], taken, (), "others")["others"] == 1
    assert "c.png: lies in no" in refused(left_out, [tmp_path], taken)
    (tmp_path / "bored").mkdir()
    assert "say what bored is" in refused(
        by_class, tmp_path, label_of, "say what NAME is"
    )


@pytest.mark.parametrize("name", ["happy", "1.png"])
def test_a_link_to_nothing_is_refused(tmp_path, name):
    (tmp_path / "sad").mkdir()
    (tmp_path / "sad" / "2.png").touch()
    (tmp_path / name).symlink_to(tmp_path / "gone")
    taken = [tmp_path / "sad" / "2.png"]
    assert "a link to nothing" in refused(left_out, [tmp_path], taken)


def test_the_manifest_knows_every_change(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_text(name)
    known = {manifest([folder])}
    (folder / ".DS_Store").touch()
    assert manifest([folder]) in known
    touched(folder / "a")
    assert manifest([folder]) in known, "as content counts, not its time"
    about = (folder / "b").stat()
    (folder / "b").write_text("c")
    os.utime(folder / "b", ns=(about.st_atime_ns, about.st_mtime_ns))
    known.add(manifest([folder]))
    (folder / "b").rename(folder / "c")
    known.add(manifest([folder]))
    (folder / "c").unlink()
    known.add(manifest([folder]))
    known.add(manifest([folder / "a"]))
    assert len(known) == 5


def test_linked_folders_of_equal_files_are_told_apart(tmp_path, monkeypatch):
    """Same names, sizes and times: by content, and of large sets by place."""
    root = tmp_path / "set"
    root.mkdir()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_text(name)
        os.utime(tmp_path / name / "1.png", ns=(1, 1))
    for limit in (tree._WHOLE, 0):
        monkeypatch.setattr(tree, "_WHOLE", limit)
        found = set()
        for name in ("one", "two", "one"):
            (root / "S1").unlink(missing_ok=True)
            (root / "S1").symlink_to(tmp_path / name)
            found.add(manifest([root]))
        assert len(found) == 2
