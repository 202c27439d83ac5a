"""SFEW 2.0: class folders of two splits."""

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused

from fer_lib.data import load
from fer_lib.expressions import EXPRESSIONS

FOLDERS = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]


def write(root, names=("Train_Aligned_Faces", "Val_Aligned_Faces"), offset=0):
    for part, name in enumerate(names):
        for k, folder in enumerate(FOLDERS):
            for shot in range(2 - part):
                path = root / name / folder / f"Movie_{shot}.png"
                draw(path, offset + 100 * part + 10 * k + shot, 18, 14, 3)
    return root


def read(root, **options):
    return load("sfew", root, cache=root.parent / "cache", **options)


@pytest.mark.parametrize("name", ["Val_Aligned_Faces", "Val_Aligned_Faces_new"])
def test_folders_become_splits_and_labels(tmp_path, name):
    root = write(tmp_path / "sfew", ("Train_Aligned_Faces", name))
    faces = read(root, size=None)
    names = [EXPRESSIONS[i].capitalize() for i in faces.labels]
    assert names == [f for f in FOLDERS for _ in "12"] + FOLDERS
    assert faces.splits.tolist() == ["train"] * 14 + ["val"] * 7
    expected = noise(130, 18, 14, 3).transpose(2, 0, 1)
    np.testing.assert_array_equal(faces.split("val").images[3], expected)
    assert read(root).images.shape == (21, 3, 96, 96)


def test_whole_frames_are_another_set(tmp_path):
    root = write(tmp_path / "sfew")
    assert "aligned=True" in refused(read, root, aligned=False)
    write(root, ("Train/Train", "Val"), offset=1000)
    frames = read(root, aligned=False)
    assert len(frames) == 21 and frames.sha256 != read(root).sha256
    assert "whole frames" in frames.provenance


def lose_a_split(root):
    (root / "Val_Aligned_Faces").rename(root / "Test")


def empty_a_split(root):
    for path in (root / "Val_Aligned_Faces").rglob("*.png"):
        path.unlink()


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (lose_a_split, "looked for Val_Aligned_Faces with"),
        (empty_a_split, "found no image"),
        (lambda r: (r / "Train_Aligned_Faces/Contempt").mkdir(), "Contempt"),
        (lambda r: cut(r / "Val_Aligned_Faces/Sad/Movie_0.png"), "Sad/Movie_0.png"),
    ],
)
def test_a_fault_is_named(tmp_path, plant, words):
    root = write(tmp_path / "sfew")
    plant(root)
    assert words in refused(read, root)
