"""FERG: six characters with seven folders each."""

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused

from fer_lib.data import load
from fer_lib.expressions import EXPRESSIONS

CHARACTERS = ["aia", "bonnie", "jules", "malcolm", "mery", "ray"]
EXPECTED = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "joy": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprise",
}


def seed(person, folder, k):
    return 100 * CHARACTERS.index(person) + 10 * list(EXPECTED).index(folder) + k


def write(root, shots=2):
    for person in CHARACTERS:
        for folder in EXPECTED:
            for k in range(shots):
                name = f"{person}/{person}_{folder}/{person}_{folder}_{k}.png"
                draw(root / name, seed(person, folder, k), channels=3)
    return root


def read(root, **options):
    return load("ferg", root, cache=root.parent / "cache", **options)


@pytest.mark.parametrize("above", ["", "FERG_DB_256", "a/FERG_DB_256"])
def test_folders_become_columns(tmp_path, above):
    write(tmp_path / "ferg" / above)
    faces = read(tmp_path / "ferg", size=None)
    names = [EXPECTED[folder] for _ in CHARACTERS for folder in EXPECTED for _ in "12"]
    assert [EXPRESSIONS[i] for i in faces.labels] == names
    assert faces.subjects.tolist() == np.repeat(np.arange(6), 14).tolist()
    expected = noise(seed("jules", "joy", 1), channels=3).transpose(2, 0, 1)
    np.testing.assert_array_equal(faces.images[2 * 14 + 3 * 2 + 1], expected)


def test_grey_and_small_on_request(tmp_path):
    faces = read(write(tmp_path / "ferg"), channels=1, size=8)
    assert faces.images.shape == (84, 1, 8, 8)


def lose_ray(root):
    (root / "ray").rename(root / "roy")


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (lose_ray, "no FERG found"),
        (lambda root: (root / "aia/aia_anguish").mkdir(), "aia_anguish"),
        (lambda root: (root / "aia/ray_anger").mkdir(), "ray_anger"),
        (lambda root: cut(root / "mery/mery_joy/mery_joy_1.png"), "mery_joy_1.png"),
    ],
)
def test_a_fault_is_named(tmp_path, plant, words):
    root = write(tmp_path / "ferg")
    plant(root)
    assert words in refused(read, root)


def test_empty_folders_are_told(tmp_path):
    for person in CHARACTERS:
        (tmp_path / "ferg" / person).mkdir(parents=True)
    assert "55,767" in refused(read, tmp_path / "ferg")
