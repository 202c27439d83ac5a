"""dlib on faces whose landmarks are known."""

from dataclasses import replace

import numpy as np
import pytest

from fer_lib.data.audit.landmark_quality import LandmarkQuality, landmark_quality
from fer_lib.data.sources.rendered import lab
from fer_lib.errors import FerError


@pytest.fixture(scope="module")
def faces():
    made = lab(160, 1, frames=2, cached=False)
    blank = np.arange(len(made)) == 3
    images = np.where(blank[:, None, None, None], np.uint8(128), made.images)
    return replace(made, images=images)


def test_all_but_the_blank_one_are_found_and_fitted(faces):
    quality = landmark_quality(faces)
    assert quality.found.tolist() == [row != 3 for row in range(14)]
    assert quality.share == pytest.approx(13 / 14)
    assert np.isnan(quality.errors[3]).all()
    assert quality.medians()["all"] < 0.08


def test_shifted_truth_is_told_in_the_right_part(faces):
    rows = faces.select(np.array([0, 1]))
    moved = rows.landmarks.copy()
    moved[:, 48:68, 1] += 30
    before, after = (
        landmark_quality(one).medians()
        for one in (rows, replace(rows, landmarks=moved))
    )
    assert after["mouth"] > before["mouth"] + 0.3
    assert after["eyes"] == pytest.approx(before["eyes"])


def test_medians_leave_out_what_was_not_found():
    errors = np.stack([np.full(68, 0.1), np.full(68, np.nan), np.full(68, 0.3)])
    quality = LandmarkQuality(np.array([True, False, True]), errors)
    assert quality.medians()["all"] == pytest.approx(0.2)


def test_a_set_without_landmarks_is_refused(faces):
    with pytest.raises(FerError, match="rendered_lab: has no landmarks"):
        landmark_quality(replace(faces, landmarks=None))
