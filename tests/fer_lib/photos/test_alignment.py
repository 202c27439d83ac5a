"""Eyes go where they should, and points go where pixels go."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.landmarks import eye_centres
from fer_lib.photos.alignment import eye_similarity, move_points, warp_face
from fer_lib.photos.detection import find_face
from fer_lib.photos.ert import fit_landmarks

PLACES = {"distance": 0.34, "height": 0.3}


def turned(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@given(
    seed=st.integers(0, 999),
    angle=st.floats(-3, 3),
    scale=st.floats(0.2, 5),
    size=st.integers(16, 256),
)
def test_eyes_lie_in_their_places(seed, angle, scale, size):
    draw = np.random.default_rng(seed)
    points = draw.normal(0, 10, (68, 2))
    points[36:42] -= 30
    points[42:48] += 30
    points = scale * points @ turned(angle).T + draw.normal(0, 50, 2)
    matrix = eye_similarity(points, size, **PLACES)
    # Half a pixel: shares are measured from the corner of the first pixel.
    eyes = (eye_centres(move_points(points, matrix)) + 0.5) / size
    np.testing.assert_allclose(eyes, [[0.33, 0.3], [0.67, 0.3]], atol=1e-6)
    linear = matrix[:, :2]
    np.testing.assert_allclose(
        linear @ linear.T, np.linalg.det(linear) * np.eye(2), atol=1e-6
    )


@pytest.mark.parametrize("grow", [0.4, 1.0, 2.5])
def test_pixels_go_where_points_go(grow):
    y, x = np.mgrid[:120, :150]
    image = (255 * np.exp(-((x - 83.4) ** 2 + (y - 51.7) ** 2) / 32)).astype(np.uint8)
    turn = grow * turned(0.4)
    matrix = np.column_stack([turn, [40, 40] - turn @ [87.4, 48.7]])
    face = warp_face(image, matrix, 81)[0].astype(float)
    y, x = np.mgrid[:81, :81]
    found = np.array([(face * x).sum(), (face * y).sum()]) / face.sum()
    expected = move_points(np.array([83.4, 51.7]), matrix)
    assert np.abs(found - expected).max() < 0.1


def test_the_identity_changes_nothing():
    image = astronaut()[:60, 200:260]
    same = warp_face(image, np.eye(3)[:2], 60)
    assert np.array_equal(same, image.transpose(2, 0, 1))


@given(
    seed=st.integers(0, 999),
    angle=st.floats(-3, 3),
    grow=st.floats(1.0, 4.0),
    across=st.floats(-90, 90),
    down=st.floats(-90, 90),
)
def test_every_pixel_is_interpolated_between_four(seed, angle, grow, across, down):
    """One by one, inside of the image, across its border and beyond."""
    image = np.random.default_rng(seed).integers(0, 256, (23, 31), dtype=np.uint8)
    matrix = np.column_stack([grow * turned(angle), [across, down]])
    face = warp_face(image, matrix, 9)[0]
    linear = np.linalg.inv(matrix[:, :2])
    for y, x in np.ndindex(9, 9):
        place = linear @ ([x, y] - matrix[:, 2])
        place = np.clip(place, 0, [30, 22])
        low = np.minimum(place.astype(int), [29, 21])
        (right, lower), (i, j) = place - low, low
        rows = image[j : j + 2, i : i + 2] @ [1 - right, right]
        # Half a level between two may be rounded either way.
        assert abs(rows @ [1 - lower, lower] - face[y, x]) <= 0.5 + 1e-6


def test_shrinking_does_not_alias():
    stripes = np.zeros((160, 160), np.uint8)
    stripes[:, ::2] = 255
    small = warp_face(stripes, np.array([[0.27, 0, 0], [0, 0.27, 0.0]]), 40)
    assert small[0, 5:-5, 5:-5].std() < 20


def test_the_astronaut_looks_straight():
    points = fit_landmarks(astronaut(), find_face(astronaut()))
    matrix = eye_similarity(points, 128, **PLACES)
    face = np.ascontiguousarray(warp_face(astronaut(), matrix, 128).transpose(1, 2, 0))
    again = fit_landmarks(face, find_face(face))
    error = np.linalg.norm(again - move_points(points, matrix), axis=1)
    assert error.mean() < 3, "landmarks found in the aligned face are those moved along"
    assert abs(np.diff(eye_centres(again)[:, 1])[0]) < 2.5


def test_eyes_in_one_place():
    with pytest.raises(FerError, match="both eyes lie at 0, 0"):
        eye_similarity(np.zeros((68, 2)), 64, **PLACES)
