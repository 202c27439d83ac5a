"""Which faces are chosen, whose landmarks count, and mean faces."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_networks import some_faces

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from ferbook.analysis import faces as analysis_faces
from ferbook.analysis.faces import (
    chosen,
    mean_faces,
    places_in_class,
    with_landmarks,
)


def face_set(labels, size=4, channels=1, **columns):
    images = some_faces(len(labels), size, channels)
    splits = np.full(len(labels), "Test")
    return FaceSet("noise", images, np.asarray(labels), splits, "Noise.", **columns)


@given(st.lists(st.integers(0, 12), min_size=3, max_size=3), st.integers(3, 40))
def test_as_many_of_each_class_as_there_are(counts, count):
    faces = face_set(np.repeat(np.arange(3), counts), 2)
    if not len(faces):
        return
    rows = chosen(faces, count, 3)
    found = np.bincount(faces.labels[rows], minlength=3)
    assert len(set(rows.tolist())) == len(rows) <= count
    # A class with fewer than another has given all that it had.
    for own, there in zip(found, counts, strict=True):
        assert own == min(there, found.max())
    more = np.minimum(counts, found.max() + 1).sum()
    assert more > count or len(rows) == sum(counts)


def test_neither_order_nor_place_of_a_face_counts():
    faces = face_set(np.arange(60) % 3)
    order = np.random.default_rng(0).permutation(60)
    mixed = faces.select(order)
    first, second = (one.images[chosen(one, 20, 3)] for one in (faces, mixed))
    assert np.array_equal(first, second)
    # Faces of fewer are among those of more.
    few, many = set(chosen(faces, 9, 3).tolist()), set(chosen(faces, 30, 3).tolist())
    assert few < many
    with pytest.raises(FerError, match=r"2 faces for 3 classes.*--faces"):
        chosen(faces, 2, 3)


def test_places_in_class():
    labels = np.random.default_rng(0).integers(0, 4, 50)
    seen = dict.fromkeys(range(4), 0)
    for label, place in zip(labels, places_in_class(labels), strict=True):
        assert place == seen[label]
        seen[label] += 1


def test_no_mean_face_of_a_few():
    labels = np.repeat([0, 1], [200, 199])
    faces = face_set(labels)
    found = mean_faces(faces, 2)
    assert found.n.tolist() == [200, 0, 399]
    np.testing.assert_allclose(found.mean[0], faces.images[:200, 0].mean(0) / 255)
    assert np.isnan(found.mean[1]).all() and np.isnan(found.error).all()


def test_of_people_who_are_known_twenty_are_enough():
    people = np.arange(60) % 20
    faces = face_set(np.zeros(60, int), channels=3, subjects=people)
    found = mean_faces(faces, 1)
    assert found.n.tolist() == [60, 60]
    grey = faces.images.mean((0, 1)) / 255
    np.testing.assert_allclose(found.mean[0], grey, rtol=1e-5)
    fewer = replace(faces, subjects=np.arange(60) % 19)
    assert mean_faces(fewer, 1).n.tolist() == [0, 0]


def test_whose_landmarks_count(monkeypatch):
    faces = face_set([0, 1, 0])
    points = np.zeros((3, 68, 2), np.float32)
    found = iter(([], ["a face"], []))
    monkeypatch.setattr(analysis_faces, "find_faces", lambda picture: next(found))
    monkeypatch.setattr(
        analysis_faces, "annotated", lambda faces: replace(faces, landmarks=points)
    )
    told, trusted = with_landmarks(faces)
    assert trusted.tolist() == [False, True, False]
    assert told.landmarks is points
    # Its own are not fitted, and nothing is looked for.
    assert with_landmarks(told)[1].all()
