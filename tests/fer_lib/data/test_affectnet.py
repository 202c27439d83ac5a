"""AffectNet: the layout of 2021, the older tables, and the balanced draw."""

import csv

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.data import load
from fer_lib.data.sources.affectnet import COLUMNS, drawn
from fer_lib.expressions import EXPRESSIONS

NATIVE = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt"]
TRAIN, VAL = [1, 1, 0, 1, 7, 2, 3, 4, 5, 6, 8, 10, 1, 9], [7, 0, 6, 8]


def points_of(number):
    return np.arange(136).reshape(68, 2) % 17 + number + 0.25


def write_2021(root, train=TRAIN, val=VAL, ending="jpg"):
    """Ids with gaps; numbers stored as text, as that release has them."""
    for name, codes in (("train_set", train), ("val_set", val)):
        notes = root / name / "annotations"
        notes.mkdir(parents=True)
        for row, code in enumerate(codes):
            number = 3 * row
            draw(root / name / f"images/{number}.{ending}", number, channels=3)
            np.save(notes / f"{number}_exp.npy", np.array(str(code)))
            np.save(notes / f"{number}_val.npy", np.array(f"{row / 100}"))
            np.save(notes / f"{number}_aro.npy", np.array(-row / 100))
            np.save(notes / f"{number}_lnd.npy", points_of(number).ravel())
    return root


def write_tables(root, train=TRAIN, val=VAL, order=COLUMNS):
    """Images of 20 x 16, of which the box 2, 3, 14, 15 is the face."""
    for name, codes in (("training.csv", train), ("validation.csv", val)):
        root.mkdir(exist_ok=True)
        with (root / name).open("w", newline="") as text:
            table = csv.DictWriter(text, order)
            table.writeheader()
            for row, code in enumerate(codes):
                file = f"{row % 2}/{name[:2]}{row}.png"
                path = root / "Manually_Annotated_Images" / file
                draw(path, 3 * row, 16, 20, 3)
                points = ";".join(f"{p:.2f}" for p in points_of(row).ravel())
                face = (file, 2, 3, 12, 12, points, code, row / 100, -row / 100)
                no = (file, *["NULL"] * 5, code, -2, -2)
                fields = no if code > 7 else face
                table.writerow(dict(zip(COLUMNS, fields, strict=True)))
    return root


LAYOUTS = pytest.mark.parametrize("write", [write_2021, write_tables])


def read(root, **options):
    return load("affectnet", root, cache=root.parent / "cache", **options)


@LAYOUTS
def test_labels_splits_and_what_is_left_out(tmp_path, write):
    faces = read(write(tmp_path / "net"), size=12)
    kept = [code for code in TRAIN + VAL if code < 8]
    assert [EXPRESSIONS[i] for i in faces.labels] == [NATIVE[code] for code in kept]
    assert faces.splits.tolist() == ["train"] * 11 + ["val"] * 3
    for words in ("1 left out as no face", "2 left out as none", "1 left out as unc"):
        assert words in faces.provenance
    rows = [row for row, code in enumerate(TRAIN) if code < 8] + [0, 1, 2]
    np.testing.assert_allclose(faces.extra["valence"], np.array(rows) / 100, atol=1e-6)
    np.testing.assert_allclose(faces.extra["arousal"], -np.array(rows) / 100, atol=1e-6)
    assert faces.images.shape[1:] == (3, 12, 12)


def test_pixels_and_landmarks_of_2021(tmp_path):
    root = write_2021(tmp_path / "net", ending="png")
    faces = read(root, size=None)
    for row, number in ((0, 0), (10, 36), (11, 0)):
        expected = noise(number, channels=3).transpose(2, 0, 1)
        np.testing.assert_array_equal(faces.images[row], expected)
        np.testing.assert_allclose(faces.landmarks[row], points_of(number))
    (root / "train_set").rename(root / "elsewhere")
    assert read(root, size=12).splits.tolist() == ["val"] * 3  # one is enough


@pytest.mark.parametrize("order", [COLUMNS, COLUMNS[::-1]])
def test_the_face_box_is_cut_out_of_the_older_images(tmp_path, order):
    faces = read(write_tables(tmp_path / "net", order=order), size=None)
    expected = noise(36, 16, 20, 3)[3:15, 2:14].transpose(2, 0, 1)
    np.testing.assert_array_equal(faces.images[10], expected)
    np.testing.assert_allclose(faces.landmarks[10], points_of(12) - [2, 3], atol=1e-4)


@LAYOUTS
def test_seven_classes_have_no_contempt(tmp_path, write):
    faces = read(write(tmp_path / "net"), size=12, classes=7)
    assert len(faces) == 12 and faces.labels.max() == 6
    assert "2 left out as contempt" in faces.provenance


@given(
    labels=st.lists(st.integers(0, 7), min_size=1, max_size=60),
    per_class=st.integers(1, 9),
    seed=st.integers(0, 9),
)
def test_the_draw_is_balanced_and_fixed(labels, per_class, seed):
    labels = np.array(labels)
    train = np.arange(len(labels)) % 3 > 0
    rows = drawn(labels, train, per_class, seed)
    assert (np.diff(rows) > 0).all()
    assert set(np.flatnonzero(~train)) <= set(rows.tolist())
    for label in range(8):
        there = (train & (labels == label)).sum()
        taken = (labels[rows] == label) & train[rows]
        assert taken.sum() == min(there, per_class)
        # Another class's faces do not matter to this one.
        own = np.flatnonzero(train & (labels == label))
        alone = drawn(labels[own], train[own], per_class, seed)
        assert own[alone].tolist() == rows[taken].tolist()
    np.testing.assert_array_equal(rows, drawn(labels, train, per_class, seed))


def test_a_draw_is_random():
    labels, train = np.zeros(1000, int), np.ones(1000, bool)
    first, second = (drawn(labels, train, 100, seed) for seed in (0, 1))
    assert 2 <= len(set(first) & set(second)) <= 30  # ten expected
    assert 400 < first.mean() < 600
    assert len(drawn(labels, train, None, 0)) == 1000


def test_the_draw_is_of_training_faces(tmp_path):
    faces = read(write_2021(tmp_path / "net"), size=12, per_class=1)
    assert faces.split("train").counts().tolist() == [1] * 8
    assert len(faces.split("val")) == 3 and "at most 1 a class" in faces.provenance


def note(name, value, pickled=False):
    def plant(root):
        file = root / "train_set/annotations" / name
        np.save(file, np.array(value), allow_pickle=pickled)

    return write_2021, plant


def lose(name):
    return write_2021, lambda root: (root / "train_set" / name).unlink()


def field(column, value):
    def plant(root):
        with (root / "training.csv").open(newline="") as text:
            rows = list(csv.reader(text))
        rows[3][COLUMNS.index(column)] = value
        with (root / "training.csv").open("w", newline="") as text:
            csv.writer(text).writerows(rows)

    return write_tables, plant


FAULTS = [
    (lose("images/9.jpg"), "no image 9.jpg"),
    (lose("annotations/9_lnd.npy"), "9_lnd.npy"),
    (lose("annotations/9_exp.npy"), "no 9_exp.npy found"),
    (note("9_exp.npy", 1.5), "0 to 10"),
    (note("9_exp.npy", [1, 2]), "9_exp.npy"),
    (note("9_exp.npy", {"a": 1}, True), "9_exp.npy"),
    (note("9_val.npy", np.nan), "9_val.npy"),
    (note("9_lnd.npy", np.zeros(134)), "134 values"),
    ((write_2021, lambda r: cut(r / "train_set/images/9.jpg")), "9.jpg"),
    ((write_2021, lambda r: (r / "val_set/images").rename(r / "x")), "no folder ima"),
    (field("expression", "1.0"), "expression is '1.0'"),
    (field("face_x", "NULL"), "face_x is 'NULL'"),
    (field("face_width", "0"), "face box is '0 x 12'"),
    (field("facial_landmarks", ";".join("x" * 136)), "line 4: found 136"),
    (field("valence", "low"), "valence is 'low'"),
    (field("subDirectory_filePath", "../x.png"), "is '../x.png'"),
    (field("subDirectory_filePath", "/etc/x.png"), "is '/etc/x.png'"),
    (field("subDirectory_filePath", "0/none.png"), "none.png"),
]


@pytest.mark.parametrize(("planted", "words"), FAULTS)
def test_a_fault_is_named(tmp_path, planted, words):
    write, plant = planted
    root = write(tmp_path / "net")
    plant(root)
    assert words in refused(read, root)


def test_nothing_and_wrong_options_are_told(tmp_path):
    assert "no AffectNet found" in refused(read, tmp_path)
    write_2021(tmp_path / "net", [8, 9], [10])
    assert "found no face with a label" in refused(read, tmp_path / "net")
    for wrong in ({"classes": 6}, {"per_class": 0}, {"seed": -1}):
        assert "expected 7 or 8" in refused(read, tmp_path / "net", **wrong)
