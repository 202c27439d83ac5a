"""One photograph: found, cut out, aligned, its points moved along."""

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.landmarks import normalised_error
from fer_lib.photos.detection import crop_face, find_face
from fer_lib.photos.ert import fit_landmarks
from fer_lib.photos.preparation import (
    PART_ENSEMBLE,
    Preparation,
    equalise,
    prepare,
)
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.portrait import render_face

PHOTO = np.ascontiguousarray(astronaut()[:256, 96:352].transpose(2, 0, 1))


@pytest.fixture(scope="module")
def portrait():
    return render_face(2, "surprise", 160, 0, 5, STUDIO)


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
    searched = equalise(wide[None, None])[0]
    assert np.array_equal(found.searched, searched)
    crop = crop_face(searched[0], find_face(searched[0]), 160)
    assert np.array_equal(found.image, crop) and crop.shape == (1, 160, 160)
    assert np.array_equal(found.landmarks, fit_landmarks(crop[0]))


@pytest.mark.parametrize(
    "how",
    [
        Preparation(size=96),
        Preparation(size=96, side=240),
        Preparation(size=96, detect=False),
    ],
)
def test_known_points_move_along(portrait, how):
    """Landmarks fitted in the result lie where the exact ones were moved."""
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


def test_its_description_names_the_detector_and_the_trees():
    assert str(PART_ENSEMBLE) == (
        "made grey, stretched to 300 px, equalised by CLAHE, found by dlib's "
        "frontal HOG detector, 160 px, landmarks by dlib's 68-point ERT fitted to "
        "the whole crop"
    )
    assert str(Preparation(detect=False, size=48)) == "48 px"


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


def waves(side=300):
    y, x = np.mgrid[:side, :side]
    smooth = 120 + 40 * np.sin(x / 31) + 30 * np.cos(y / 23) + 0.1 * x
    return np.clip(smooth - 20 * ((x // 10 + y // 10) % 2), 0, 255).astype(np.uint8)


def slow_clahe(image, clip, tiles):
    """Zuiderveld's method with the clipped rest spread as OpenCV does."""
    rest = [(0, -side % tiles) for side in image.shape]
    padded = np.pad(image, rest, mode="reflect")
    height, width = (side // tiles for side in padded.shape)
    limit = max(int(clip * height * width / 256), 1)
    tables = np.empty((tiles, tiles, 256))
    for i, j in np.ndindex(tiles, tiles):
        tile = padded[i * height : (i + 1) * height, j * width : (j + 1) * width]
        counts = np.bincount(tile.ravel(), minlength=256)
        over = np.maximum(counts - limit, 0).sum()
        counts = np.minimum(counts, limit) + over // 256
        if left := over % 256:
            counts[:: max(256 // left, 1)][:left] += 1
        tables[i, j] = np.rint(counts.cumsum() * 255 / (height * width))
    # Weights are measured between the centres of the tiles.
    y = (np.arange(image.shape[0]) + 0.5) / height - 0.5
    x = (np.arange(image.shape[1]) + 0.5) / width - 0.5
    result = np.zeros(image.shape)
    for i, down in ((np.floor(y), 1 - y % 1), (np.floor(y) + 1, y % 1)):
        for j, along in ((np.floor(x), 1 - x % 1), (np.floor(x) + 1, x % 1)):
            row, column = (np.clip(k, 0, tiles - 1).astype(int) for k in (i, j))
            values = tables[row[:, None], column[None], image]
            result += down[:, None] * along[None] * values
    return np.rint(result)


def test_values_of_opencv():
    """From OpenCV 5.0.0, createCLAHE(2.0, (8, 8)), on the same image."""
    equal = equalise(waves()[None, None])[0, 0].astype(int)
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


@pytest.mark.parametrize(
    ("side", "clip", "tiles"), [(48, 2.0, 8), (96, 2.0, 8), (60, 4.0, 4), (50, 2.0, 4)]
)
def test_agrees_with_a_slow_one(side, clip, tiles):
    noise = np.random.default_rng(0).normal(0, 8, (side, side))
    image = np.clip(waves(side) + noise, 0, 255).astype(np.uint8)
    found = equalise(image[None, None], clip=clip, tiles=tiles)[0, 0]
    gap = np.abs(found - slow_clahe(image, clip, tiles))
    # kornia makes tiles even by padding, which shifts those of 50 pixels.
    assert gap.max() <= (1 if side % tiles == 0 else 40)


def test_all_grey_levels_are_their_own():
    """A level is not taken for its lower neighbour by rounding."""
    image = np.repeat(np.arange(256, dtype=np.uint8), 16).reshape(64, 64)
    assert np.array_equal(
        equalise(image[None, None], clip=1000.0, tiles=2)[0, 0],
        slow_clahe(image, 1000.0, 2).astype(np.uint8),
    )


def test_channels_and_images_are_treated_alone():
    images = np.stack([waves(64), waves(64).T, 255 - waves(64)])
    equal = equalise(images[:, None])
    assert np.array_equal(equalise(images[None])[0], equal[:, 0])
    grey = equalise(np.repeat(images[:1, None], 3, axis=1))[0]
    assert np.array_equal(grey[0], grey[1]) and np.array_equal(grey[0], grey[2])


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.zeros((1, 1, 48, 48)), {}, "must be uint8"),
        (np.zeros((48, 48), np.uint8), {}, r"found uint8 \[48, 48\]"),
        (np.zeros((1, 1, 8, 8), np.uint8), {}, "8 tiles a side do not fit"),
        (np.zeros((1, 1, 48, 48), np.uint8), {"clip": 0}, "clip 0 "),
    ],
)
def test_what_clahe_refuses(images, options, message):
    with pytest.raises(FerError, match=message):
        equalise(images, **options)
