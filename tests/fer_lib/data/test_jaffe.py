"""JAFFE: names say who shows what."""

import re

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_lib.data import load
from fer_lib.data.sources import jaffe
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS

NAMES = ["KA.AN1.39", "KA.AN2.40", "KL.DI3.170", "TM.FE1.192", "UY.HA2.138"]
NAMES += ["YM.NE3.51", "NM.SA1.81", "NA.SU2.203", "NA.SA1.200"]
LABELS = [
    "angry",
    "angry",
    "disgust",
    "fear",
    "happy",
    "neutral",
    "sad",
    "surprise",
    "sad",
]
WOMEN = [0, 0, 1, 7, 8, 9, 6, 5, 5]  # in the order of their codes


def write(root, folders=False):
    for seed, name in enumerate(NAMES):
        place = root / name[:2] if folders else root
        draw(place / f"{name}.tiff", seed)
    return root


def read(root, **options):
    return load("jaffe", root, cache=root.parent / "cache", **options)


@pytest.mark.parametrize("folders", [False, True])
def test_names_become_columns(tmp_path, folders):
    faces = read(write(tmp_path / "jaffe", folders))
    order = [0, 1, 2, 8, 7, 6, 3, 4, 5]  # by woman, then by label
    assert [EXPRESSIONS[i] for i in faces.labels] == [LABELS[i] for i in order]
    assert faces.subjects.tolist() == [WOMEN[i] for i in order]
    expected = [int(NAMES[i].split(".")[2]) for i in order]
    assert faces.extra["number"].tolist() == expected
    assert faces.extra["shot"].tolist() == [int(NAMES[i][5]) for i in order]
    np.testing.assert_array_equal(faces.images[:, 0], [noise(i) for i in order])
    # The two angry shots of one woman belong together, and no others do.
    assert faces.sequences[0] == faces.sequences[1]
    assert len(set(faces.sequences.tolist())) == 8


def test_a_palette_image_shows_the_same(tmp_path):
    root = write(tmp_path / "jaffe")
    indexed = Image.fromarray(255 - noise(0), mode="P")
    indexed.putpalette([255 - i for i in range(256) for _ in "rgb"])
    indexed.save(root / f"{NAMES[0]}.tiff")
    np.testing.assert_array_equal(read(root).images[0, 0], noise(0))


def test_rows_do_not_depend_on_folders(tmp_path):
    flat = read(write(tmp_path / "a" / "jaffe"))
    assert read(write(tmp_path / "b" / "jaffe", True)).sha256 == flat.sha256


@pytest.mark.filterwarnings("ignore::UserWarning")  # pillow's, of damage
@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (lambda root: draw(root / "KA.XX1.1.tiff", 1), "KA.XX1.1.tiff"),
        (lambda root: draw(root / "ZZ.AN1.1.tiff", 1), "ZZ.AN1.1.tiff"),
        (lambda root: draw(root / "sub/KA.AN1.39.tiff", 1), "the same picture"),
        (lambda root: cut(root / "TM.FE1.192.tiff"), "TM.FE1.192.tiff"),
        (lambda root: draw(root / "KA.AN3.41.tiff", 1, 13, 13), "found 13 x 13"),
    ],
)
def test_a_fault_is_named(tmp_path, plant, words):
    root = write(tmp_path / "jaffe")
    plant(root)
    assert words in refused(read, root)


def test_nothing_is_told(tmp_path):
    (tmp_path / "jaffe").mkdir()
    assert "KA.AN1.39.tiff" in refused(read, tmp_path / "jaffe")


@given(
    st.text()
    | st.builds(
        "{}.{}{}.{}".format,
        st.sampled_from([*jaffe.SUBJECTS, "ka", "ZZ"]),
        st.sampled_from([*jaffe.CODES, "an", "XX"]),
        st.integers(-1, 9),
        st.integers(-1, 999),
    )
)
def test_a_name_is_understood_or_refused(tmp_path_factory, name):
    file = tmp_path_factory.getbasetemp() / (re.sub(r"[/\0]", "", name) + ".tiff")
    try:
        subject, label, shot, number = jaffe._key(file)
    except FerError:
        return
    code = {v: k for k, v in jaffe.CODES.items()}[EXPRESSIONS[label]]
    told = f"{jaffe.SUBJECTS[subject]}.{code}{shot}.{number}"
    assert told == re.sub(r"(?<=\D)0+(?=\d)", "", file.stem.upper())
