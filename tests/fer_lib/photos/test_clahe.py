"""CLAHE against OpenCV's values and against a slow one written here."""

import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.photos.clahe import equalise


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
def test_wrong_input(images, options, message):
    with pytest.raises(FerError, match=message):
        equalise(images, **options)
