"""dlib finds the one real face that comes with a package."""

import numpy as np
import pytest
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.photos.detection import (
    crop_face,
    crop_points,
    find_face,
    find_faces,
    square_box,
)
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.portrait import render_face


def test_the_astronaut():
    left, top, right, bottom = find_face(astronaut())
    # Her eyes are near (205, 113) and (240, 113), her mouth near (225, 150).
    assert left < 205 and right > 240 and top < 113 and bottom > 150
    assert right - left < 200


def test_no_face():
    with pytest.raises(FerError, match="no face found in an image of 100 x 90"):
        find_face(np.full((90, 100), 128, np.uint8))


def test_crop_is_exact_inside():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    assert np.array_equal(crop_face(image, (2, 3, 6, 7), 4)[0], image[3:7, 2:6])


def test_crop_repeats_the_border_outside():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    crop = crop_face(image, (-2, 0, 2, 4), 4)[0]
    assert np.array_equal(crop[:, :3], np.repeat(image[:4, :1], 3, axis=1))


def test_crop_makes_boxes_square():
    image = np.zeros((40, 40, 3), np.uint8)
    image[18:22, 18:22] = 255
    crop = crop_face(image, (10, 15, 30, 25), 20)
    assert crop.shape == (3, 20, 20)
    assert np.array_equal(np.argwhere(crop[0] == 255).mean(0), [9.5, 9.5])


def test_the_surest_face_comes_first():
    faces = [render_face(k, "neutral", 110, 0, k, STUDIO).image for k in (0, 1)]
    found = find_faces(np.concatenate(faces, axis=1))
    assert len(found) == 2
    assert found[0].score > found[1].score > 0
    assert sorted(face.box[0] // 110 for face in found) == [0, 1]
    assert find_face(np.concatenate(faces, axis=1)) == found[0].box


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        ((10, 20, 30, 40), 0.0, (10, 20, 30, 40)),
        ((10, 20, 30, 40), 0.1, (8, 18, 32, 42)),
        ((10, 20, 30, 40), -0.25, (15, 25, 25, 35)),
        ((0, 0, 10, 20), 0.0, (-5, 0, 15, 20)),
    ],
)
def test_margins(box, margin, expected):
    assert square_box(box, margin) == expected


def test_a_margin_that_leaves_nothing():
    with pytest.raises(FerError, match="is 0 pixels wide, expected one or more"):
        square_box((0, 0, 10, 10), -0.5)


@pytest.mark.parametrize("size", [24, 48, 130])
@pytest.mark.parametrize("margin", [0.0, 0.2])
def test_points_go_where_the_crop_goes(size, margin):
    y, x = np.mgrid[:100, :100]
    point = np.array([52.3, 47.8])
    blob = 255 * np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / 18)
    box = (33, 30, 73, 68)
    crop = crop_face(blob.astype(np.uint8), box, size, margin)[0].astype(float)
    rows, columns = np.mgrid[:size, :size]
    found = np.array([(crop * columns).sum(), (crop * rows).sum()]) / crop.sum()
    expected = crop_points(point, box, size, margin)
    assert np.abs(found - expected).max() < 0.1
