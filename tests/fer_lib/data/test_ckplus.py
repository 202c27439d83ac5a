"""CK+: original sequences and the class folders of CK+48."""

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.data import load
from fer_lib.data.sources.tree import ends
from fer_lib.expressions import EXPRESSIONS

# Code in the emotion file, and the book's name; written down independently.
NAMES = ("angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
NAMED = dict(enumerate(NAMES, 1))
# Person, sequence, frames and code; S502 has no label.
SEQUENCES = [
    ("S005", "001", 6, 3),
    ("S010", "001", 5, 7),
    ("S010", "002", 4, 1),
    ("S010", "004", 11, 5),
    ("S502", "001", 5, None),
    ("S503", "006", 4, 2),
    ("S999", "001", 4, 4),
    ("S999", "003", 4, 6),
]


def seed_of(person, sequence, frame):
    return int(person[1:]) * 100 + int(sequence) * 20 + frame


def mark(place, frame):
    """68 landmarks in the middle of the frame, moving with time."""
    return place * [0.5, 0.25] + [10 + frame, 8]


POINTS = np.stack([np.arange(68) % 17, np.arange(68) // 4], 1).astype(float)


def write(root):
    """Frames of 40 x 30 in the original layout."""
    for person, sequence, frames, code in SEQUENCES:
        place = f"{person}/{sequence}"
        (root / "Emotion" / place).mkdir(parents=True)
        for frame in range(1, frames + 1):
            name = f"{person}_{sequence}_{frame:08}"
            seed = seed_of(person, sequence, frame)
            draw(root / "cohn-kanade-images" / place / f"{name}.png", seed, 30, 40)
            file = root / "Landmarks" / place / f"{name}_landmarks.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savetxt(file, mark(POINTS, frame), fmt="   %.7e")
        if code:
            text = root / "Emotion" / place / f"{name}_emotion.txt"
            text.write_text(f"   {code:.7e}\n")
    return root


@pytest.fixture
def root(tmp_path):
    return write(tmp_path / "ck")


def ck(root, **options):
    return load("ckplus", root, cache=root.parent / "cache", **options)


def test_first_and_last_frames_with_their_labels(root):
    faces = ck(root, size=None, face=None)
    rows = []
    for person, sequence, frames, code in SEQUENCES:
        if code is None:
            continue
        for frame in (1, frames - 2, frames - 1, frames):
            name = "neutral" if frame == 1 else NAMED[code]
            ids = (int(person[1:]), 1000 * int(person[1:]) + int(sequence))
            rows.append((EXPRESSIONS.index(name), *ids, frame, frames - frame))
    found = [faces.labels, faces.subjects, faces.sequences]
    found += [faces.extra["frame"], faces.extra["from_end"]]
    np.testing.assert_array_equal(np.stack(found, 1), rows)
    assert "1 sequences have no label" in faces.provenance
    np.testing.assert_array_equal(faces.images[0, 0], noise(520 + 1, 30, 40))
    np.testing.assert_allclose(faces.landmarks[3], mark(POINTS, 6), atol=1e-4)


def test_the_crop_holds_the_landmarks(root):
    tight, wide = ck(root, size=64, margin=0.0), ck(root, size=64, margin=0.5)
    assert tight.images.shape[2:] == (64, 64)
    for faces, low, high in ((tight, -6, 4), (wide, 9, 20)):
        extent = faces.landmarks.min((1, 2)), 63 - faces.landmarks.max((1, 2))
        assert (np.array(extent) > low).all() and (np.array(extent) < high).all()


def changed(name, text=None):
    """Another text in a file, or the file or folder elsewhere."""

    def plant(root):
        if text is None:
            (root / name).rename(root / "elsewhere")
        else:
            (root / name).write_text(text)

    return plant


def short(root):
    for file in sorted((root / IMAGES / "S010/002").iterdir())[1:]:
        file.unlink()


IMAGES, LAST = "cohn-kanade-images", "S010/004/S010_004_00000011"
EMOTION, POINTS_FILE = f"Emotion/{LAST}_emotion.txt", f"Landmarks/{LAST}_landmarks.txt"
ODD = f"{IMAGES}/S010/004/S010_004_00000012a.png"
FAULTS = [
    (changed("Landmarks"), "face=none"),
    (changed("Emotion"), "Emotion_labels.zip"),
    (changed(EMOTION, "8.0000000e+00"), "0 (neutral) to 7"),
    (changed(EMOTION, "1.5"), "'1.5'"),
    (changed(EMOTION, "nan"), "'nan'"),
    (changed(EMOTION, ""), "''"),
    (changed("Emotion/S010/004/S010_004_00000010_emotion.txt", "1"), "found 2 files"),
    (lambda root: draw(root / ODD, 1), "00000012a.png"),
    (changed(POINTS_FILE, "1 2\n" * 67), "134 values"),
    (changed(POINTS_FILE), f"{LAST[9:]}_landmarks.txt: cannot be read"),
    (lambda root: cut(root / f"{IMAGES}/{LAST}.png"), "S010_004_00000011.png"),
    (short, "found 1 frames, expected at least 4"),
]


@pytest.mark.parametrize(("plant", "words"), FAULTS)
def test_a_fault_is_named(root, plant, words):
    plant(root)
    assert words in refused(ck, root)


def test_options_are_checked(root):
    assert "'eyes'" in refused(ck, root, face="eyes")
    assert "both 0" in refused(ck, root, first=0, last=0)
    assert "no CK+ found" in refused(ck, root / "Emotion" / "S005")


FOLDERS = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")


def write48(root):
    for person, folder in enumerate(FOLDERS, 11):
        for frame in (9, 10, 11):
            file = f"S{person:03}_002_{frame:08}.png"
            draw(root / folder / file, 50 * person + frame)


def test_class_folders(tmp_path):
    write48(tmp_path / "a/CK+48")
    faces = ck(tmp_path / "a", size=None)
    assert [EXPRESSIONS[i] for i in faces.labels[::3]] == list(NAMED.values())
    assert faces.extra["from_end"].tolist() == [2, 1, 0] * 7
    assert faces.sequences[:4].tolist() == [11002, 11002, 11002, 12002]
    np.testing.assert_array_equal(faces.images[4, 0], noise(12 * 50 + 10))
    assert len(ck(tmp_path / "a", last=1)) == 7


def test_a_sequence_in_two_class_folders_is_refused(tmp_path):
    write48(tmp_path / "ck")
    draw(tmp_path / "ck/happy/S011_002_00000008.png", 1)
    assert "another class folder" in refused(ck, tmp_path / "ck")


@given(st.permutations(range(1, 8)), st.integers(0, 3), st.integers(0, 3))
def test_ends_of_a_recording(tmp_path_factory, order, first, last):
    folder = tmp_path_factory.getbasetemp()
    files = [folder / f"a_{number:08}.png" for number in order]
    if not first + last:
        return
    rows = ends(folder, files, first, last, 3)
    numbers = [*range(1, first + 1), *range(8 - last, 8)]
    assert [row["frame"] for row in rows] == numbers
    assert [row["from_end"] for row in rows] == [7 - n for n in numbers]
    assert [row["labels"] for row in rows] == [6] * first + [3] * last
