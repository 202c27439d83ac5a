"""Every layout in the book's table is read, wherever and however it lies there."""

import layouts
import pytest
from layouts import LAYOUTS

NAMES = [f"{one.dataset}: {one.files[:40]}" for one in LAYOUTS]


@pytest.mark.parametrize("layout", LAYOUTS, ids=NAMES)
def test_a_copy_is_read(tmp_path, layout):
    """As it is, two levels deeper, by links, and among what systems leave behind."""
    root = tmp_path / "set"
    root.mkdir()
    written = layout.write(root)
    faces = layout.read(root)
    assert layouts.found(faces) == layouts.expected(written, faces.images.shape[1])
    (tmp_path / "above" / "archive").mkdir(parents=True)
    for entry in root.iterdir():
        (tmp_path / "above" / "archive" / entry.name).symlink_to(entry)
    assert layout.read(tmp_path / "above").sha256 == faces.sha256
    (root / "__MACOSX").mkdir()
    for name in ("Thumbs.db", ".DS_Store", "__MACOSX/._1.png"):
        (root / name).touch()
    assert layout.read(root).sha256 == faces.sha256


def test_the_book_has_the_same_table():
    assert layouts.TABLE.read_text(encoding="utf-8") == layouts.text(), (
        "run python tests/helpers/layouts.py"
    )


def test_each_data_set_has_one(root):
    from fer_lib.data import DATASETS

    assert {one.dataset for one in LAYOUTS} == {*DATASETS, "folder"} - {"rendered"}
    page = (root / "book" / "datasets.md").read_text(encoding="utf-8")
    assert layouts.TABLE.name in page
