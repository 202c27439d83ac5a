"""RAF-DB: aligned images and the list of their labels."""

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.data import load
from fer_lib.data.sources import rafdb
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS

# The list counts from 1, in this order.
NATIVE = ["surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"]
ROWS = [("train_00001", 5), ("train_00002", 1), ("train_00003", 4)]
ROWS += [("train_00010", 7), ("test_0001", 2), ("test_0002", 3), ("test_0003", 6)]


def write(root, rows=ROWS, image=True):
    for seed, (name, _) in enumerate(rows if image else ()):
        path = root / "Image/aligned" / f"{name}_aligned.jpg"
        draw(path, seed, 16, 16, 3)
    table = root / "EmoLabel" / rafdb.LABELS_FILE
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text("".join(f"{name}.jpg {code}\n" for name, code in rows))
    return root


@pytest.fixture
def root(tmp_path):
    return write(tmp_path / "basic")


def read(root, **options):
    return load("rafdb", root, cache=root.parent / "cache", **options)


def test_the_list_gives_splits_and_labels(root):
    faces = read(root.parent)
    names = [NATIVE[code - 1] for _, code in ROWS]
    assert [EXPRESSIONS[i] for i in faces.labels] == names
    assert faces.splits.tolist() == ["train"] * 4 + ["test"] * 3
    assert faces.subjects is None and faces.images.shape[1:] == (3, 16, 16)
    # JPEG changes noise, but each image stays nearest to its own.
    drawn = np.stack([noise(i, 16, 16, 3).transpose(2, 0, 1) for i in range(7)])
    far = np.abs(faces.images[:, None].astype(int) - drawn[None]).mean((2, 3, 4))
    assert far.argmin(1).tolist() == list(range(7))


def test_the_order_of_the_list_counts(tmp_path):
    faces = read(write(tmp_path / "basic", ROWS[::-1]))
    assert faces.splits.tolist() == ["test"] * 3 + ["train"] * 4


def add_line(text):
    def plant(root):
        table = root / "EmoLabel" / rafdb.LABELS_FILE
        table.write_text(table.read_text() + text)

    return plant


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (add_line("train_00011.jpg 1\n"), "line 8: train_00011.jpg has no"),
        (add_line("train_00001.jpg 1\n"), "line 8: train_00001.jpg has no"),
        (add_line("train_00011.jpg 0\n"), "code from 1 to 7"),
        (add_line("train_00011.jpg 8\n"), "code from 1 to 7"),
        (add_line("train_00011.jpg\n"), "'train_00011.jpg'"),
        (add_line("val_1.jpg 1\n"), "train_ or test_"),
        (add_line("\n"), "line 8: found ''"),
        (add_line("tést"), "cannot be read as text"),
        (lambda r: draw(r / "Image/aligned/test_9_aligned.jpg", 1), "and 1 that"),
        (lambda r: cut(r / "Image/aligned/test_0002_aligned.jpg"), "test_0002"),
    ],
)
def test_a_fault_is_named(root, plant, words):
    plant(root)
    assert words in refused(read, root)


def test_nothing_is_told(tmp_path):
    write(tmp_path / "basic", image=False)
    assert "aligned.zip" in refused(read, tmp_path)
    (tmp_path / "basic/Image/aligned").mkdir(parents=True)
    assert "has no aligned image" in refused(read, tmp_path / "basic")
    assert "found 0 images" in refused(read, write(tmp_path / "basic", [], False))


@given(st.from_regex(r"(train|test)_[0-9]{1,5}\.jpg [0-9]", fullmatch=True) | st.text())
def test_a_line_is_understood_or_refused(tmp_path_factory, line):
    try:
        name, label = rafdb._fields(tmp_path_factory.getbasetemp(), 1, line)
    except FerError as error:
        assert "\n" not in str(error)
        return
    assert f"{name} {NATIVE.index(EXPRESSIONS[label]) + 1}" == line.strip()
