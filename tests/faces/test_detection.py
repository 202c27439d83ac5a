"""dlib finds the one real face that comes with a package."""

import numpy as np
import pytest
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.faces.detection import crop_face, find_face


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
