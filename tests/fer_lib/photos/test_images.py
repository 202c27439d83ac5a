"""Image files of every kind become the bytes that they show."""

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_lib.errors import FerError
from fer_lib.photos.images import Picture, decode, decode_parts, unreadable

GREY, COLOUR = noise(1), noise(2, channels=3)


def read(path, channels=1, size=None, box=None):
    return decode(Picture(path, box), channels, size)[0]


def luma(colour):
    """ITU-R 601-2, as the standard has it."""
    return colour @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("ending", ["png", "bmp", "tiff"])
def test_grey_and_colour_are_kept(tmp_path, ending):
    path = draw(tmp_path / f"grey.{ending}", 1)
    np.testing.assert_array_equal(read(path)[0], GREY)
    np.testing.assert_array_equal(read(path, 3), np.stack([GREY] * 3))
    path = draw(tmp_path / f"colour.{ending}", 2, channels=3)
    np.testing.assert_array_equal(read(path, 3), COLOUR.transpose(2, 0, 1))
    assert np.abs(read(path)[0] - luma(COLOUR)).max() <= 1


def test_a_palette_is_looked_up_not_read_as_grey(tmp_path):
    """Indices into a palette that runs backwards."""
    path = tmp_path / "palette.tiff"
    indexed = Image.fromarray(255 - GREY, mode="P")
    indexed.putpalette([255 - i for i in range(256) for _ in "rgb"])
    indexed.save(path)
    assert Image.open(path).mode == "P"
    np.testing.assert_array_equal(read(path)[0], GREY)


def test_a_transparent_palette_lies_on_black(tmp_path):
    path = tmp_path / "palette.png"
    indexed = Image.fromarray(np.array([[0, 1]], np.uint8), mode="P")
    indexed.putpalette([200] * 3 + [90] * 3)
    indexed.save(path, transparency=0)
    assert read(path).tolist() == [[[0, 90]]]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_lie_on_black(tmp_path, mode):
    path = tmp_path / "alpha.png"
    alpha = np.where(np.arange(144).reshape(12, 12) % 2, 255, 0).astype(np.uint8)
    image = Image.fromarray(GREY).convert(mode)
    image.putalpha(Image.fromarray(alpha))
    image.save(path)
    np.testing.assert_array_equal(read(path)[0], np.where(alpha, GREY, 0))


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_sixteen_bits_become_eight(tmp_path, ending):
    path = tmp_path / f"deep.{ending}"
    deep = np.random.default_rng(0).integers(0, 65536, (9, 9)).astype(np.uint16)
    deep[0, :2] = 0, 65535
    Image.fromarray(deep).save(path)
    assert Image.open(path).mode.startswith("I")
    np.testing.assert_array_equal(read(path)[0], np.rint(deep / 257))


def test_bits_and_fractions(tmp_path):
    bits = Image.fromarray(GREY > 127)
    bits.save(tmp_path / "bits.png")
    expected = np.where(GREY > 127, 255, 0)
    np.testing.assert_array_equal(read(tmp_path / "bits.png")[0], expected)
    Image.fromarray(GREY / np.float32(255)).save(tmp_path / "f.tiff")
    assert "fractions" in refused(read, tmp_path / "f.tiff")
    Image.fromarray(GREY.astype(np.int32) * 1000).save(tmp_path / "i.tiff")
    assert "16 bits" in refused(read, tmp_path / "i.tiff")


def test_a_box_is_cut_out_and_outside_is_black(tmp_path):
    path = draw(tmp_path / "a.png", 1)
    np.testing.assert_array_equal(read(path, box=(2, 3, 9, 5))[0], GREY[3:5, 2:9])
    wide = read(path, box=(-2, -1, 13, 12))[0]
    assert wide.shape == (13, 15) and not wide[0].any() and not wide[:, :2].any()
    np.testing.assert_array_equal(wide[1:, 2:14], GREY)


def test_sides_are_those_before_resizing(tmp_path):
    path = draw(tmp_path / "a.png", 1, height=10, width=20)
    pixels, sides = decode(Picture(path), 3, 16)
    assert pixels.shape == (3, 16, 16) and sides == (10, 20)
    even = np.full((30, 50), 77, np.uint8)
    Image.fromarray(even).save(path)
    assert set(read(path, size=17).ravel().tolist()) == {77}


@pytest.mark.filterwarnings("ignore::UserWarning")  # pillow's, of damage
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_ends_in_pixels_or_in_a_sentence(tmp_path, data):
    ending = data.draw(st.sampled_from(["png", "jpg", "tiff", "bmp"]))
    path = draw(tmp_path / f"x.{ending}", 3, channels=3)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert read(path).dtype == np.uint8
    except FerError as error:
        assert str(error).startswith(str(path)) and "\n" not in str(error)


def pictures(folder, n=25):
    return [Picture(draw(folder / f"{i:02}.png", i)) for i in range(n)]


def joined(listed, workers, size=None, shape=(1, 12, 12)):
    sides = np.zeros((len(listed), 2), np.int64)
    parts = decode_parts(listed, shape, size, sides, workers)
    return np.concatenate(list(parts)), sides


@pytest.mark.parametrize("workers", [1, 7])
def test_many_are_read_in_order_by_any_number_of_workers(
    tmp_path, workers, monkeypatch
):
    monkeypatch.setattr("fer_lib.photos.images._PART", 4 * 144)
    pixels, sides = joined(pictures(tmp_path), workers)
    expected = [noise(i)[None] for i in range(25)]
    np.testing.assert_array_equal(pixels, expected)
    assert (sides == 12).all()


@pytest.mark.parametrize("workers", [1, 7])
def test_the_first_damaged_file_is_named_and_all_are_listed(tmp_path, workers):
    listed = pictures(tmp_path)
    for row in (20, 6, 13):
        cut(listed[row].file)
    assert "06.png" in refused(joined, listed, workers)
    found = unreadable(listed)
    named = [text.split("/")[-1][:6] for text in found]
    assert named == ["06.png", "13.png", "20.png"]


def test_mixed_sizes_need_one_size(tmp_path):
    listed = pictures(tmp_path, 3)
    draw(listed[1].file, 1, height=12, width=14)
    sentence = refused(joined, listed, 1)
    assert "01.png: found 14 x 12 pixels, expected 12 x 12" in sentence
    assert joined(listed, 1, 8, (1, 8, 8))[0].shape == (3, 1, 8, 8)
