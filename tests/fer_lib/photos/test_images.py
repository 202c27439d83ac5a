"""Image files of every kind become the bytes that they show."""

import numpy as np
import pytest
from drawn_files import draw, noise, refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_lib.errors import FerError
from fer_lib.photos.images import LUMA, read_image, resized

GREY, COLOUR = noise(1), noise(2, channels=3)


def grey(path):
    return read_image(path, 1)[0]


@pytest.mark.parametrize("ending", ["png", "bmp", "tiff", "gif", "webp"])
def test_grey_and_colour_are_kept(tmp_path, ending):
    options = {"lossless": True} if ending == "webp" else {}
    path = tmp_path / f"grey.{ending}"
    Image.fromarray(GREY).save(path, **options)
    np.testing.assert_array_equal(grey(path), GREY)
    np.testing.assert_array_equal(read_image(path), np.stack([GREY] * 3))
    if ending != "gif":
        Image.fromarray(COLOUR).save(path, **options)
        np.testing.assert_array_equal(read_image(path), COLOUR.transpose(2, 0, 1))
        assert np.abs(grey(path) - COLOUR @ LUMA).max() <= 1


def test_content_is_read_as_the_file(tmp_path):
    path = draw(tmp_path / "a.png", 2, channels=3)
    found = read_image(path.read_bytes(), name="upload.png")
    np.testing.assert_array_equal(found, read_image(path))
    assert refused(read_image, b"sign in", 3, "upload.png").startswith("upload.png: ")


TURNS = {
    1: lambda x: x,
    2: np.fliplr,
    3: lambda x: np.rot90(x, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda x: np.rot90(x, -1),
    7: lambda x: np.rot90(x, 2).T,
    8: np.rot90,
}


@pytest.mark.parametrize("mark", TURNS)
def test_the_cameras_turn_is_followed(tmp_path, mark):
    stored = noise(1, 6, 9)
    exif = Image.Exif()
    exif[0x0112] = mark
    deep = Image.fromarray(stored.astype(np.uint16) * 257)
    for image in (
        deep,
        *(Image.fromarray(stored).convert(mode) for mode in ("P", "LA")),
    ):
        image.save(tmp_path / "a.png", exif=exif)
        np.testing.assert_array_equal(grey(tmp_path / "a.png"), TURNS[mark](stored))


def test_a_palette_is_looked_up_and_its_transparent_colour_lies_on_black(tmp_path):
    """Indices into a palette that runs backwards."""
    indexed = Image.fromarray(255 - GREY, mode="P")
    indexed.putpalette([255 - i for i in range(256) for _ in "rgb"])
    indexed.save(tmp_path / "a.tiff")
    assert Image.open(tmp_path / "a.tiff").mode == "P"
    np.testing.assert_array_equal(grey(tmp_path / "a.tiff"), GREY)
    gone = int(GREY[0, 0])
    indexed.save(tmp_path / "a.png", transparency=255 - gone)
    expected = np.where(gone == GREY, 0, GREY)
    np.testing.assert_array_equal(grey(tmp_path / "a.png"), expected)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_lie_on_black(tmp_path, mode):
    path = tmp_path / "alpha.png"
    alpha = np.where(np.arange(144).reshape(12, 12) % 2, 255, 0).astype(np.uint8)
    image = Image.fromarray(GREY).convert(mode)
    image.putalpha(Image.fromarray(alpha))
    image.save(path)
    np.testing.assert_array_equal(grey(path), np.where(alpha, GREY, 0))


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_sixteen_bits_become_eight(tmp_path, ending):
    path = tmp_path / f"deep.{ending}"
    deep = np.random.default_rng(0).integers(0, 65536, (9, 9)).astype(np.uint16)
    deep[0, :2] = 0, 65535
    Image.fromarray(deep).save(path)
    assert Image.open(path).mode.startswith("I")
    np.testing.assert_array_equal(grey(path), np.rint(deep / 257))


def test_bits_and_fractions(tmp_path):
    bits = Image.fromarray(GREY > 127)
    bits.save(tmp_path / "bits.png")
    expected = np.where(GREY > 127, 255, 0)
    np.testing.assert_array_equal(grey(tmp_path / "bits.png"), expected)
    Image.fromarray(GREY / np.float32(255)).save(tmp_path / "f.tiff")
    assert "fractions" in refused(grey, tmp_path / "f.tiff")
    Image.fromarray(GREY.astype(np.int32) * 1000).save(tmp_path / "i.tiff")
    assert "16 bits" in refused(grey, tmp_path / "i.tiff")


def test_the_true_reason_is_told(tmp_path, monkeypatch):
    whole = draw(tmp_path / "a.jpg", 3, 64, 64, 3)
    whole.write_bytes(whole.read_bytes()[:-200])
    assert "truncated" in refused(read_image, whole)
    (tmp_path / "a.png").write_text("sign in to download")
    assert "of no kind that pillow knows" in refused(read_image, tmp_path / "a.png")
    assert "No such file" in refused(read_image, tmp_path / "none.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    large = refused(read_image, draw(tmp_path / "b.png", 1))
    assert "144 pixels" in large and "at most 100; save it smaller" in large
    assert read_image(draw(tmp_path / "c.png", 1, 9, 9)).shape == (3, 9, 9)


@pytest.mark.filterwarnings("ignore::UserWarning")  # pillow's, of damage
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_ends_in_pixels_or_in_a_sentence(tmp_path, data):
    ending = data.draw(st.sampled_from(["png", "jpg", "tiff", "bmp", "gif", "webp"]))
    path = draw(tmp_path / f"x.{ending}", 3, channels=3)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert read_image(path).dtype == np.uint8
    except FerError as error:
        assert str(error).startswith(str(path)) and "\n" not in str(error)


def test_resizing_keeps_what_is_even_and_averages():
    even = np.full((3, 30, 50), 77, np.uint8)
    assert set(resized(even, 17).ravel().tolist()) == {77}
    stripes = np.tile(np.array([0, 200], np.uint8), (1, 64, 32))
    assert np.abs(resized(stripes, 8).astype(int) - 100).max() <= 4
