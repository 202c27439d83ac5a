"""dlib's 68 points on the astronaut and on rendered faces."""

import numpy as np
import pytest
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.landmarks import normalised_error
from fer_lib.photos import ert
from fer_lib.photos.detection import crop_face, crop_points, find_face
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.portrait import render_face


def test_the_astronaut():
    points = ert.fit_landmarks(astronaut(), find_face(astronaut()))
    # By eye, her pupils are at the first two places, her teeth at the third.
    assert np.abs(points[36:42].mean(0) - [205, 102]).max() < 3
    assert np.abs(points[42:48].mean(0) - [246, 102]).max() < 3
    assert np.abs(points[60:68].mean(0) - [225, 145]).max() < 5


def test_rendered_faces_in_a_box_and_in_the_whole_crop():
    errors = {"box": [], "crop": []}
    for take in range(6):
        face = render_face(take, "happy", 160, 0, take, STUDIO)
        box = find_face(face.image)
        found = ert.fit_landmarks(face.image, box)
        errors["box"].append(normalised_error(found, face.landmarks).mean())
        crop = crop_face(face.image, box, 160)[0]
        truth = crop_points(face.landmarks, box, 160)
        errors["crop"].append(normalised_error(ert.fit_landmarks(crop), truth).mean())
    # 300-W counts 0.08 as a failure.
    assert np.median(errors["box"]) < 0.05
    assert np.median(errors["crop"]) < 0.06


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("_SHA256", "0" * 64, "has the hash fbdc2cb80eb9, expected 0000"),
        ("_FILE", "models/none.dat", "is missing, expected fbdc2cb80eb9"),
        ("_PACKAGE", "no_such_package_at_all", "no_such_package_at_all is missing"),
    ],
)
def test_missing_or_damaged_weights(monkeypatch, name, value, words):
    monkeypatch.setattr(ert, name, value)
    monkeypatch.setattr(ert, "_predictor", ert._predictor.__wrapped__)
    with pytest.raises(FerError, match=words):
        ert.fit_landmarks(np.zeros((96, 96), np.uint8))
