"""dlib finds the one real face that comes with a package."""

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.photos import detection
from fer_lib.photos.detection import crop_face, crop_points, find_face, find_faces
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


def test_what_is_large_is_not_enlarged(monkeypatch):
    small = np.asarray(Image.fromarray(astronaut()).resize((256, 256)))
    [found] = find_faces(small)
    assert 40 <= found.box[2] - found.box[0] < 80
    monkeypatch.setattr(detection, "ENLARGED", 256 * 256 - 1)
    assert find_faces(small) == []
    assert find_faces(astronaut())


def test_the_surest_face_comes_first():
    faces = [render_face(k, "neutral", 110, 0, k, STUDIO).image for k in (0, 1)]
    found = find_faces(np.concatenate(faces, axis=1))
    assert len(found) == 2
    assert found[0].score > found[1].score > 0
    assert sorted(face.box[0] // 110 for face in found) == [0, 1]
    assert find_face(np.concatenate(faces, axis=1)) == found[0].box


@pytest.mark.parametrize(
    ("box", "margin", "rows", "columns"),
    [
        ((2, 3, 6, 7), 0.0, range(3, 7), range(2, 6)),
        ((3, 3, 5, 5), 0.5, range(2, 6), range(2, 6)),
        ((2, 3, 6, 5), 0.0, range(2, 6), range(2, 6)),  # square, its longer side wide
        ((-2, 0, 2, 4), 0.0, range(4), [0, 0, 0, 1]),  # the border repeated
    ],
)
def test_crops_of_whole_pixels(box, margin, rows, columns):
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    found = crop_face(image, box, 4, margin)
    np.testing.assert_array_equal(found[0], image[np.ix_(rows, columns)])


@pytest.mark.parametrize("size", [24, 48, 130])
def test_points_go_where_the_crop_goes(size):
    y, x = np.mgrid[:100, :100]
    point = np.array([52.3, 47.8])
    blob = 255 * np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / 18)
    box = (33, 30, 73, 68)
    crop = crop_face(blob.astype(np.uint8), box, size)[0].astype(float)
    rows, columns = np.mgrid[:size, :size]
    found = np.array([(crop * columns).sum(), (crop * rows).sum()]) / crop.sum()
    assert np.abs(found - crop_points(point, box, size)).max() < 0.1
