"""A photograph, the face in it, and views of it, against known answers."""

import io

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.landmarks import eye_centres
from fer_lib.photos.alignment import move_points
from ferbook.chapters.your_face.photograph import (
    View,
    find_one,
    load_photo,
    seen,
)

SAME = np.array([[1.0, 0, 0], [0, 1, 0]])  # a picture is its own frame


@pytest.fixture(scope="module")
def found():
    return find_one(astronaut())


def written(image, kind="PNG", **options) -> bytes:
    stored = io.BytesIO()
    Image.fromarray(image).save(stored, kind, **options)
    return stored.getvalue()


def test_a_photograph_is_turned_as_its_camera_noted(tmp_path):
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20] = 255
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright: turn clockwise
    (tmp_path / "me.jpg").write_bytes(written(image, "JPEG", exif=turned))
    pixels = load_photo(str(tmp_path / "me.jpg"))
    assert pixels.shape == (40, 20, 3)
    assert pixels[:18].min() > 200 and pixels[22:].max() < 50


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        ("me.txt", r"^me\.txt: cannot be read as an image"),
        ("nowhere.png", r"nowhere\.png': no such file"),
        ("upload", "photo is 'upload', which works on Colab"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_name(tmp_path, monkeypatch, photo, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me.txt").write_text("no picture")
    with pytest.raises(FerError, match=words):
        load_photo(photo)


def test_the_eyes_lie_where_the_frame_promises(found):
    for side in (48, 96):
        left, right = (
            move_points(eye_centres(found.points), found.frame(side)) + 0.5
        ) / side
        np.testing.assert_allclose(right - left, [0.34, 0], atol=1e-6)
        np.testing.assert_allclose((left + right) / 2, [0.5, 0.28], atol=1e-6)
    assert found.height_of("eyes") == pytest.approx(0.28, abs=1e-6)
    assert 0.35 < found.height_of("nose") < 0.5 < found.height_of("mouth") < 0.7


def test_of_two_faces_one_has_to_be_chosen(found):
    both = np.concatenate([astronaut(), astronaut()], 1)
    with pytest.raises(FerError, match=r"found 2 faces \(left edges at 1\d\d, 6\d\d"):
        find_one(both)
    with pytest.raises(FerError, match="parameter 'face' is 3"):
        find_one(both, 3)
    first, second = find_one(both, 1), find_one(both, 2)
    assert second.box[0] - first.box[0] == pytest.approx(512, abs=10)
    np.testing.assert_allclose(first.points, found.points, atol=8)


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (astronaut()[300:], "no face found in 512 x 212 pixels"),
        (np.zeros((200, 200, 3), np.uint8), "no face found in 200 x 200 pixels"),
        (astronaut()[::2, ::2], r"the face is 4\d pixels wide, expected 64"),
        (astronaut() // 6, r"the face is dark, .* begins at 3\d of 255"),
    ],
)
def test_a_photograph_that_will_not_do_is_refused_in_one_sentence(photo, words):
    with pytest.raises(FerError, match=words) as error:
        find_one(photo)
    assert "\n" not in str(error.value) and "expected" in str(error.value)


def dot(x, y, side=48):
    """A soft dot at a place, so that its centre is known to a part of a pixel."""
    rows, columns = np.mgrid[:side, :side]
    bell = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 2.0**2))
    return np.rint(240 * bell).astype(np.uint8)


def centre(face):
    weights = face[0].astype(float)
    rows, columns = np.mgrid[: len(weights), : len(weights)]
    return np.array([(weights * columns).sum(), (weights * rows).sum()]) / weights.sum()


@pytest.mark.parametrize(
    ("view", "place"),
    [
        (View(), (30, 20)),
        (View(right=0.125), (24, 20)),  # the frame goes right, the face left
        (View(down=-0.125), (30, 26)),
        (View(mirror=True), (17, 20)),
        (View(crop=1.25), (23.5 + 6.5 / 1.25, 23.5 - 3.5 / 1.25)),
        (View(crop=0.8, right=0.125), (23.5 + 0.5 / 0.8, 23.5 - 3.5 / 0.8)),
        (View(right=0.125, mirror=True), (23, 20)),
    ],
)
def test_a_view_takes_a_dot_where_it_says(view, place):
    (face,) = seen(dot(30, 20), SAME, [view])
    np.testing.assert_allclose(centre(face), place, atol=0.15)


def test_a_cover_lies_where_its_shares_say_and_is_the_mean():
    image = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    plain, covered, beyond = seen(
        image,
        SAME,
        [
            View(),
            View(cover=(0.25, 0.5, 0.5, 0.75)),
            View(cover=(-0.5, -0.5, 0.125, 2)),
        ],
    )
    expected = plain.copy()
    expected[0, 24:36, 12:24] = round(plain.mean())
    np.testing.assert_array_equal(covered, expected)
    assert (beyond[0, :, :6] == beyond[0, 0, 0]).all()
    np.testing.assert_array_equal(beyond[0, :, 6:], plain[0, :, 6:])
