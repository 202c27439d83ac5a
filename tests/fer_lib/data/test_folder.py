"""Any folder of images by class becomes a face set, or a sentence."""

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused

from fer_lib.data import load

NAMES = {"Anger": 0, "disgusted": 1, "FEARFUL": 2, "happiness": 3, "Natural": 6}


def write(root, parts=("",)):
    for number, part in enumerate(parts):
        for name, label in NAMES.items():
            for k in range(2):
                draw(root / part / name / f"{k}.png", 100 * number + 10 * label + k)
    return root


def read(root, **options):
    return load("folder", root, cache=root.parent / "cache", **options)


def test_class_folders(tmp_path):
    faces = read(write(tmp_path / "mine"), channels=1)
    assert sorted(faces.labels.tolist()) == sorted([*NAMES.values()] * 2)
    for image, label in zip(faces.images[::2, 0], faces.labels[::2], strict=True):
        np.testing.assert_array_equal(image, noise(10 * label))
    assert set(faces.splits) == {"All"} and not faces.rendered
    assert faces.provenance == "Folder mine, 10 images of 5 classes."


def test_splits_and_then_classes(tmp_path):
    faces = read(write(tmp_path / "mine", ("train", "Test")), size=8)
    assert len(faces.split("train")) == len(faces.split("Test")) == 10
    assert faces.images.shape == (20, 3, 8, 8)


def test_what_lies_beside_is_counted_and_named(tmp_path):
    root = write(tmp_path / "mine" / "archive")
    (root.parent / "README").touch()
    draw(root.parent / "other set" / "1.png", 1)
    faces = read(root.parent)
    assert faces.provenance.endswith("; not looked into: 2 entries beside.")
    assert faces.report[-1].endswith("not looked into: other set, README")
    (root.parent / "test").symlink_to(root.parent / "gone")
    assert read(root.parent).report[-1].endswith(": other set, README, test")


def test_other_names_are_said(tmp_path):
    root = write(tmp_path / "mine")
    draw(root / "ennui" / "1.png", 1)
    draw(root / "7" / "1.png", 1)
    sentence = refused(read, root)
    assert "2 such folders (7, ennui) among 7; say what they are" in sentence
    assert "--option classes=7:happy" in sentence
    faces = read(root, classes={"Ennui": "neutral", "7": "contempt"})
    assert faces.counts()[[6, 7]].tolist() == [3, 1]
    assert "expected one of angry" in refused(read, root, classes={"7": "seven"})


def test_no_class_at_all_is_told(tmp_path):
    for name in ("0", "1"):
        draw(tmp_path / "mine" / name / "1.png", 1)
    assert "found images in 0, 1; say" in refused(read, tmp_path / "mine")
    assert len(read(tmp_path / "mine", classes={"0": "sad", "1": "fear"})) == 2
    (tmp_path / "empty").mkdir()
    assert "found none" in refused(read, tmp_path / "empty")
    assert "cannot be read" in refused(read, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (lambda root: draw(root / "face.png", 1), "face.png: lies in no folder"),
        (lambda root: draw(root / "more" / "a" / "1.png", 1), "1.png: lies in no"),
        (lambda root: draw(root / "train" / "face.png", 1), "face.png: lies in no"),
        (lambda root: (root / "test" / "Anger" / "1.heic").touch(), "HEIC"),
        (lambda root: cut(root / "test" / "Anger" / "1.png"), "1.png: cannot be read"),
        (lambda root: draw(root / "test" / "Anger" / "2.png", 1, 9, 9), "option size"),
    ],
)
def test_a_fault_is_named(tmp_path, plant, words):
    root = write(tmp_path / "mine", ("train", "test"))
    plant(root)
    assert words in refused(read, root)
