"""A face set is prepared row by row; failures are told and counted."""

import numpy as np
import pytest

from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import MappedImages
from fer_lib.errors import FerError
from fer_lib.photos.preparation import Preparation, prepare
from fer_lib.photos.prepared import NO_FACE, Failure, prepare_faces
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.portrait import render_face

BLANK = (1, 4)


@pytest.fixture(scope="module")
def faces():
    portraits = [render_face(k, "happy", 120, 0, k, STUDIO) for k in range(5)]
    images = np.stack([p.image[None] for p in portraits])
    images[list(BLANK)] = 120
    return FaceSet(
        "made",
        images,
        np.arange(5),
        np.array(["a", "a", "b", "b", "b"]),
        "Made here.",
        rendered=True,
        subjects=np.arange(5) + 10,
        landmarks=np.stack([p.landmarks for p in portraits]),
        extra={"number": np.arange(5)},
    )


HOW = Preparation(size=48, margin=0.1)


def test_whole_images_stand_in(faces):
    done, failures = prepare_faces(faces, HOW)
    assert failures == (Failure(1, "whole"), Failure(4, "whole"))
    assert failures[0].reason == NO_FACE
    assert done.images.shape == (5, 1, 48, 48)
    assert done.extra["face_found"].tolist() == [True, False, True, True, False]
    assert (done.images[list(BLANK)] == 120).all()
    one = prepare(faces.images[3], HOW, faces.landmarks[3])
    assert np.array_equal(done.images[3], one.image)
    assert np.array_equal(done.landmarks[3], one.landmarks)
    assert done.extra["face_box"][3].tolist() == list(one.box)
    assert done.labels.tolist() == faces.labels.tolist()
    assert done.extra["number"].tolist() == list(range(5))
    assert "dlib's frontal HOG detector" in done.provenance
    assert "2 of 5 without a face taken whole" in done.provenance


def test_dropped_rows_are_gone_and_counted(faces):
    done, failures = prepare_faces(faces, HOW, missing="drop")
    assert failures == (Failure(1, "dropped"), Failure(4, "dropped"))
    assert done.subjects.tolist() == [10, 12, 13]
    assert done.extra["number"].tolist() == [0, 2, 3] and len(done.images) == 3
    assert done.splits.tolist() == ["a", "b", "b"]
    assert "2 of 5 without a face left out" in done.provenance


def test_without_detection_nothing_fails(faces):
    done, failures = prepare_faces(faces, Preparation(size=60, detect=False))
    assert failures == () and "without a face" not in done.provenance
    expected = (faces.landmarks + 0.5) / 2 - 0.5
    np.testing.assert_allclose(done.landmarks, expected, atol=1e-4)


def test_large_sets_go_to_a_file(faces, tmp_path, monkeypatch):
    small, _ = prepare_faces(faces, HOW, missing="drop")
    monkeypatch.setenv("FER_MEMORY_LIMIT", "5000")
    monkeypatch.setattr("fer_lib.photos.prepared._PART", 2)
    with pytest.raises(FerError, match="11,520 bytes of images are more than"):
        prepare_faces(faces, HOW)
    store = tmp_path / "crops.npy"
    large, _ = prepare_faces(faces, HOW, missing="drop", store=store)
    assert isinstance(large.images, MappedImages) and store.is_file()
    assert large.sha256 == small.sha256


def test_an_empty_set(faces):
    done, failures = prepare_faces(faces.select(np.array([], int)), HOW)
    assert len(done) == 0 and failures == ()


def test_unknown_rule(faces):
    with pytest.raises(FerError, match="'skip', expected one of whole, drop"):
        prepare_faces(faces, HOW, missing="skip")
