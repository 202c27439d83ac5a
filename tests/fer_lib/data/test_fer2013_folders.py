"""FER2013 as image folders, with and without splits in the names."""

import fer2013_files as files
import pytest
from fer2013_files import ROWS, refusal
from PIL import Image

from fer_lib.errors import FerError


def images_by_split(faces):
    """Sorted (split, label, pixels): what does not depend on row order."""
    rows = zip(faces.splits, faces.labels, faces.images, strict=True)
    return sorted((s, int(label), x.tobytes()) for s, label, x in rows)


def test_folders_hold_the_same_faces_as_the_table(tmp_path, load):
    files.write_csv(tmp_path, ROWS)
    folders = files.write_folders(tmp_path / "folders", ROWS)
    read = load(folders)
    assert images_by_split(read) == images_by_split(load(tmp_path))
    assert len(read.split("PrivateTest")) == 3


def test_folders_without_splits_are_merged(tmp_path, load):
    faces = load(files.write_folders(tmp_path, ROWS, named=False))
    assert set(faces.splits.tolist()) == {"Training", "Test"}
    assert "merged" in faces.provenance
    with pytest.raises(FerError, match="no split 'PrivateTest'"):
        faces.split("PrivateTest")


def test_votes_are_not_joined_to_folders(tmp_path, load):
    files.write_votes(tmp_path, ROWS)
    faces = load(files.write_folders(tmp_path, ROWS))
    assert faces.votes is None
    assert "row order" in faces.provenance


def test_colour_copies_are_read_as_grey(tmp_path, load):
    files.write_folders(tmp_path, ROWS)
    for path in tmp_path.rglob("*.png"):
        Image.open(path).convert("RGB").save(path)
    read = load(tmp_path)
    expected = sorted(x.tobytes() for x in ROWS.images)
    assert sorted(x.tobytes() for x in read.images) == expected


def break_image(path):
    path.write_bytes(path.read_bytes()[:40])


def shrink_image(path):
    Image.open(path).resize((47, 48)).save(path)


def not_an_image(path):
    path.write_text("sign in to download")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (break_image, "cannot be read"),
        (not_an_image, "cannot be read"),
        (shrink_image, "47 x 48"),
        (lambda path: path.rename(path.with_name("Training_1.png")), "'test'"),
        (lambda path: path.rename(path.with_name("face.png")), "all or none"),
        (lambda path: path.rename(path.parents[1] / path.name), "expected"),
        (lambda path: path.parent.rename(path.parents[1] / "odd"), "'odd'"),
    ],
)
def test_a_wrong_image_is_named(tmp_path, load, damage, named):
    files.write_folders(tmp_path, ROWS)
    damage(next((tmp_path / "test").rglob("*.png")))
    sentence = refusal(load, tmp_path)
    assert sentence.startswith(str(tmp_path)) and named in sentence
