"""Landmarks of faces that come without."""

import numpy as np
import pytest
from part_faces import marked_splits

from fer_lib.data import fitted_landmarks
from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.photos.ert import fit_landmarks


def bare(count=3):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 1, 40, 40), dtype=np.uint8)
    labels = np.arange(count)
    return FaceSet("toy", images, labels, np.full(count, "Training"), "drawn")


def test_a_cache_that_cannot_be_written_loses_no_landmarks(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        fitted_landmarks, "_fitted", lambda faces: np.ones((len(faces), 68, 2))
    )
    with pytest.warns(UserWarning, match="landmarks are not cached"):
        assert fitted_landmarks.annotated(bare()).landmarks.all()


def test_landmarks_are_fitted_where_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    marked = marked_splits().train
    assert fitted_landmarks.annotated(marked) is marked
    faces = bare()
    found = fitted_landmarks.annotated(faces)
    assert found.landmarks.shape == (3, 68, 2) and found.images is faces.images
    prepared = fitted_landmarks.prepare(faces.images[1], fitted_landmarks.FITTED_ON)
    fitted = fit_landmarks(prepared.image[0])  # in the square of 160 pixels
    np.testing.assert_allclose(found.landmarks[1], (fitted + 0.5) / 4 - 0.5, atol=1e-4)

    def never(*_):
        raise AssertionError("fitted again")

    monkeypatch.setattr(fitted_landmarks, "prepare", never)
    again = fitted_landmarks.annotated(bare())
    assert np.array_equal(again.landmarks, found.landmarks)
    (kept_file,) = (tmp_path / "landmarks").glob("*.npz")
    damaged = bytearray(kept_file.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    kept_file.write_bytes(damaged)
    with pytest.raises(FerError, match="delete the file"):
        fitted_landmarks.annotated(bare())
