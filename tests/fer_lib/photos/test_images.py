"""Image files of every kind become the bytes that they show."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawn_files import draw, noise, refused
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
    assert "of no kind that is known" in refused(read_image, tmp_path / "a.png")
    assert "No such file" in refused(read_image, tmp_path / "none.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    large = refused(read_image, draw(tmp_path / "b.png", 1))
    assert "144 pixels" in large and "at most 100; save it smaller" in large
    assert read_image(draw(tmp_path / "c.png", 1, 9, 9)).shape == (3, 9, 9)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "it is empty"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "it is HEIC"),
        (b"\0\0\0\x18ftypmp42", "it is a film"),
        (b"\n<!DOCTYPE html><title>Sign in</title>", "it is a web page"),
        (b"%PDF-1.7", "it is a PDF"),
        (b"PK\3\4\0", "it is a ZIP archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
        (b"\x93NUMPY\1\0", "of no kind that is known"),
        (
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
            "of no kind that is known",
        ),
    ],
)
def test_what_is_no_picture_is_told(tmp_path, content, kind):
    """Also what pillow would hand to another program, such as PostScript."""
    (tmp_path / "a.jpg").write_bytes(content)
    for source in (tmp_path / "a.jpg", content):
        sentence = refused(read_image, source, 3, "a.jpg")
        assert sentence.startswith("a.jpg: cannot be read as an image (")
        assert kind in sentence


def test_what_is_no_file_does_not_hang(tmp_path):
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        assert "is no file" in refused(read_image, tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    assert "is no file" in refused(read_image, tmp_path / "folder.png")


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB", "RGBX", "PA", "La", "RGBa"])
def test_rare_modes_are_read_or_told(tmp_path, mode):
    kinds = {"CMYK": "jpg", "YCbCr": "tiff", "RGBX": "tiff", "PA": "tiff"}
    path = tmp_path / f"a.{kinds.get(mode, 'tiff')}"
    image = Image.fromarray(COLOUR)
    try:
        via = {"PA": "P", "La": "LA", "RGBa": "RGBA"}.get(mode, mode)
        image.convert(via).convert(mode).save(path)
    except (ValueError, OSError, KeyError):
        pytest.skip(f"pillow writes no {mode}")
    try:
        found = read_image(path)
    except FerError as error:
        assert "cannot be read as an image (" in str(error)
    else:
        assert found.shape == (3, 12, 12)
        assert np.abs(found.mean() - COLOUR.mean()) < 30


def test_ten_thousand_damaged_files_end_in_pixels_or_in_a_sentence():
    """In a process that may hold two gigabytes; what exceeds them is not told."""
    tests = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, tests / "helpers" / "damaged_images.py", "10000"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tests.parent)},
    )
    assert told.returncode == 0, told.stderr[-2000:]
    read, refused = map(int, told.stdout.split())
    assert read + refused == 10_000 and read > 500 and refused > 500


def test_resizing_keeps_what_is_even_and_averages():
    even = np.full((3, 30, 50), 77, np.uint8)
    assert set(resized(even, 17).ravel().tolist()) == {77}
    stripes = np.tile(np.array([0, 200], np.uint8), (1, 64, 32))
    assert np.abs(resized(stripes, 8).astype(int) - 100).max() <= 4
