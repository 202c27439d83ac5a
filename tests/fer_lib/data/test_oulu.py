"""Oulu-CASIA: camera, light, person, expression, frames."""

import numpy as np
import pytest
from drawn_files import draw, noise, refused

from fer_lib.data import load
from fer_lib.expressions import EXPRESSIONS

EXPECTED = {
    "Anger": "angry",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happiness": "happy",
    "Sadness": "sad",
    "Surprise": "surprise",
}
FRAMES = 5


def seed(person, folder, frame):
    return 1000 * person + 10 * list(EXPECTED).index(folder) + frame


def write(root, name="VL_Acropped", light="Strong", offset=0):
    for person in (1, 2, 80):
        for folder in EXPECTED:
            for frame in range(FRAMES):
                place = root / name / light / f"P{person:03}" / folder
                value = seed(person, folder, frame) + offset
                draw(place / f"{frame:03}.bmp", value, channels=3)
    return root


@pytest.fixture
def root(tmp_path):
    return write(tmp_path / "oulu")


def read(root, **options):
    return load("oulu", root, cache=root.parent / "cache", **options)


def test_the_last_three_frames(root):
    faces = read(root, size=None)
    names = [name for _ in range(3) for name in EXPECTED.values() for _ in "123"]
    assert [EXPRESSIONS[i] for i in faces.labels] == names
    assert faces.subjects.tolist() == [1] * 18 + [2] * 18 + [80] * 18
    assert len(set(faces.sequences.tolist())) == 18
    assert faces.extra["frame"].tolist() == [2, 3, 4] * 18
    assert faces.extra["from_end"].tolist() == [2, 1, 0] * 18
    expected = noise(seed(2, "Disgust", 3), channels=3).transpose(2, 0, 1)
    np.testing.assert_array_equal(faces.images[18 + 3 + 1], expected)


def test_neutral_frames_on_request(root):
    faces = read(root, first=1, last=2)
    assert (faces.labels.reshape(-1, 3)[:, 0] == 6).all()
    assert (faces.labels == 6).sum() == 18
    assert faces.extra["frame"][:3].tolist() == [0, 3, 4]


def test_every_part_is_its_own(root):
    write(root, "VL_Acropped", "Dark", offset=7)
    write(root, "NI_Acropped", offset=8)
    write(root, "VL", offset=9)
    options = [{}, {"light": "Dark"}, {"camera": "NI"}, {"cropped": False}]
    found = {read(root, **one).sha256 for one in options}
    assert len(found) == 4
    assert "NI_Acropped/Weak" in refused(read, root, camera="NI", light="Weak")


@pytest.mark.parametrize("options", [{"camera": "UV"}, {"light": "strong"}])
def test_options_are_checked(root, options):
    assert "'" in refused(read, root, **options)


def plant_folder(name):
    return lambda root: (root / "VL_Acropped/Strong" / name).mkdir(parents=True)


def plant_frame(root):
    draw(root / "VL_Acropped/Strong/P001/Fear/last.bmp", 1)


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (plant_folder("P001/Joyful"), "P001/Joyful"),
        (plant_folder("Q001/Fear"), "Q001/Fear"),
        (plant_folder("P003/Fear"), "found 0 frames"),
        (plant_frame, "last.bmp"),
    ],
)
def test_a_fault_is_named(root, plant, words):
    plant(root)
    assert words in refused(read, root)
