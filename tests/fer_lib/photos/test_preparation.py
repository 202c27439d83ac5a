"""One photograph: found, cut out, aligned, its points moved along."""

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.landmarks import normalised_error
from fer_lib.photos.detection import crop_face, find_face
from fer_lib.photos.ert import fit_landmarks
from fer_lib.photos.preparation import PART_ENSEMBLE, Preparation, equalise, prepare
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.portrait import render_face

PHOTO = np.ascontiguousarray(astronaut()[:256, 96:352].transpose(2, 0, 1))


def test_a_plain_crop():
    found = prepare(PHOTO, Preparation(size=64))
    pixels = PHOTO.transpose(1, 2, 0)
    assert found.found and found.box == find_face(pixels)
    assert np.array_equal(found.image, crop_face(pixels, found.box, 64))
    assert found.landmarks is None and np.array_equal(found.searched, PHOTO)


def test_the_part_ensembles_way_step_by_step():
    found = prepare(PHOTO, PART_ENSEMBLE)
    grey = Image.fromarray(PHOTO.transpose(1, 2, 0)).convert("L")
    wide = np.asarray(grey.resize((300, 300), Image.Resampling.BILINEAR))
    searched = equalise(wide[None])
    assert np.array_equal(found.searched, searched)
    crop = crop_face(searched[0], find_face(searched[0]), 160)
    assert np.array_equal(found.image, crop) and crop.shape == (1, 160, 160)
    assert np.array_equal(found.landmarks, fit_landmarks(crop[0]))


@pytest.mark.parametrize("options", [{}, {"side": 240}, {"detect": False}])
def test_known_points_move_along(options):
    """Landmarks fitted in the result lie where the exact ones were moved."""
    how, portrait = (
        Preparation(**options),
        render_face(2, "surprise", 160, 0, 5, STUDIO),
    )
    found = prepare(portrait.image[None], how, portrait.landmarks)
    assert found.found == how.detect and found.landmarks.dtype == np.float32
    fitted = fit_landmarks(found.image[0], find_face(found.image[0]))
    before = fit_landmarks(portrait.image, find_face(portrait.image))
    error = normalised_error(fitted, found.landmarks).mean()
    assert error < normalised_error(before, portrait.landmarks).mean() + 0.02


def test_without_a_face_all_is_taken():
    y, x = np.mgrid[:60, :120]
    ramp = np.stack([x, x, y]).astype(np.uint8)
    points = np.array([[119.0, 59.0]] * 68)
    how = Preparation(size=30)
    found = prepare(ramp, how, points)
    assert not found.found and found.box == (0, 0, 120, 60)
    assert found.image.shape == (3, 30, 30)
    # Four pixels of each row, two of each column, become one.
    np.testing.assert_allclose(found.image[0, 5], 4 * np.arange(30) + 1.5, atol=1.01)
    np.testing.assert_allclose(found.landmarks[0], [29.375, 29.25])


def test_unknown_points_are_fitted_to_the_whole_image_when_nothing_is_found():
    found = prepare(np.full((1, 80, 80), 90, np.uint8), Preparation(landmarks="box"))
    assert not found.found and found.landmarks.shape == (68, 2)
    assert found.landmarks.min() > -20 and found.landmarks.max() < 120


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 4}, "size is 4, expected 8 to 2048"),
        ({"side": 9000}, "side is 9000"),
        ({"landmarks": "all"}, "landmarks is 'all', expected one of none, box, crop"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(FerError, match=message):
        Preparation(**options)


def waves():
    y, x = np.mgrid[:300, :300]
    smooth = 120 + 40 * np.sin(x / 31) + 30 * np.cos(y / 23) + 0.1 * x
    return np.clip(smooth - 20 * ((x // 10 + y // 10) % 2), 0, 255).astype(np.uint8)


def test_values_of_opencv():
    """From OpenCV 5.0.0, createCLAHE(2.0, (8, 8)), on the same image."""
    equal = equalise(waves()[None])[0].astype(int)
    known = [
        [147, 220, 170, 180, 232],
        [88, 147, 98, 121, 162],
        [121, 195, 138, 154, 208],
        [100, 172, 123, 137, 183],
        [84, 156, 111, 124, 172],
    ]
    assert np.abs(equal[::60, ::60] - known).max() <= 2
    assert np.abs(equal[7::73, 150] - [105, 31, 154, 30, 132]).max() <= 2
    assert np.abs(equal - waves()).mean() > 10, "the image has changed"
