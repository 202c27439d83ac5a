"""FaceSet: what goes in comes out, and damage is found."""

from dataclasses import replace

import numpy as np
import pytest

from fer_lib.data import load
from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError


def toy(n=12, **columns):
    rng = np.random.default_rng(0)
    return FaceSet(
        "toy",
        rng.integers(0, 256, (n, 3, 6, 6), dtype=np.uint8),
        rng.integers(0, 8, n),
        np.array(["Training", "PublicTest", "PrivateTest"])[np.arange(n) % 3],
        "Drawn by the test.",
        **columns,
    )


def full(n=12):
    rng = np.random.default_rng(1)
    return toy(
        n,
        rendered=True,
        votes=rng.integers(0, 5, (n, 10)),
        subjects=np.arange(n),
        sequences=np.arange(n) // 2,
        landmarks=rng.random((n, 68, 2), dtype=np.float32),
        extra={"named": rng.random(n) < 0.5},
    )


def test_every_column_is_saved_and_hashed(tmp_path):
    faces = full()
    faces.save(tmp_path / "faces.npz")
    back = FaceSet.open(tmp_path / "faces.npz")
    assert back.sha256 == faces.sha256 and repr(back) == repr(faces)
    assert back.rendered and back.provenance == faces.provenance
    for key, column in faces.columns().items():
        assert np.array_equal(back.columns()[key], column)
        if key.startswith("extra."):
            changed = replace(faces, extra={"named": ~column})
        else:
            changed = replace(faces, **{key: column[::-1].copy()})
        assert changed.sha256 != faces.sha256, key


def test_damage_is_found(tmp_path):
    path, faces = tmp_path / "faces.npz", full()
    faces.save(path)
    content = path.read_bytes()
    for share in (0.0, 0.3, 0.99):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(FerError, match="damaged or no face set"):
            FaceSet.open(path)
    changed = bytearray(content)
    changed[content.find(faces.images.tobytes()[:40])] ^= 1
    path.write_bytes(changed)
    with pytest.raises(FerError):
        FaceSet.open(path)


def test_selecting_keeps_rows_together():
    faces = full()
    rows = np.array([7, 2, 2])
    chosen = faces.select(rows)
    for key, column in faces.columns().items():
        assert np.array_equal(chosen.columns()[key], column[rows])
    assert len(faces.split("PublicTest")) == 4
    assert faces.counts().sum() == 12


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": np.zeros((12, 6, 6), np.uint8)}, r"uint8 \[N, C, H, W\]"),
        ({"images": np.zeros((12, 1, 6, 6))}, "found float64"),
        ({"labels": np.full(12, 8)}, "row 0 has label 8"),
        ({"labels": np.arange(12) - 1}, "row 0 has label -1"),
        ({"subjects": np.arange(11)}, "'subjects' has 11 rows, expected 12"),
    ],
)
def test_wrong_columns_are_refused(change, words):
    with pytest.raises(FerError, match=words):
        replace(toy(), **change)


def test_load_refuses():
    with pytest.raises(FerError, match="'kdef' is unknown"):
        load("kdef")
    with pytest.raises(FerError, match="no folder given"):
        load("fer2013")
