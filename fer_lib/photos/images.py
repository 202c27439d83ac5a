"""Image files of every kind, decoded to bytes of one shape."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from fer_lib.errors import FerError

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
_PART = 1 << 25  # bytes of pixels decoded at a time


@dataclass(frozen=True)
class Picture:
    """What is read of one image file.

    Attributes:
        file: the image.
        box: left, top, right, bottom in pixels, right and bottom excluded;
            None for all of it.  What lies outside the image is black.
    """

    file: Path
    box: tuple[int, int, int, int] | None = None


def decode(
    picture: Picture, channels: int, size: int | None = None
) -> tuple[np.ndarray, tuple[int, int]]:
    """One image as bytes.

    Palettes are looked up, transparent pixels lie on black, 16-bit grey is
    scaled to 8 bits, and colour becomes grey by ITU-R 601 weights.  Turning
    marks of cameras (EXIF) are not followed.

    Args:
        picture: the file and the part of it.
        channels: 1 for grey, 3 for RGB.
        size: side of the result in pixels, stretched where the picture is
            not square; None keeps the picture's own height and width.

    Returns:
        ``uint8 [channels, H, W]``, and the height and width of the picture
        before it was resized.

    Raises:
        FerError: when the file cannot be read as an image.
    """
    try:
        with Image.open(picture.file) as stored:
            image = _eight_bits(stored).convert("L" if channels == 1 else "RGB")
        if picture.box:
            image = image.crop(picture.box)
        width, height = image.size
        if size:
            image = image.resize((size, size), Image.Resampling.BILINEAR)
        pixels = np.asarray(image)
    except Exception as error:  # decoders raise all sorts on damaged files
        reason = str(error).splitlines() or [type(error).__name__]
        raise FerError(
            f"{picture.file}: cannot be read as an image ({reason[0][:100]}), "
            "expected a whole PNG, JPEG, TIFF or BMP file; get it again."
        ) from error
    pixels = pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
    return pixels, (height, width)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Any of pillow's modes as grey or RGB of 8 bits."""
    if image.mode == "F":
        raise ValueError("pixels are fractions, whose range nobody says")
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("pixels exceed 16 bits")
        return Image.fromarray(np.rint(values / 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, image).convert("RGB")
    return image  # pillow looks palettes up when it converts


def decode_parts(
    pictures: Sequence[Picture],
    shape: tuple[int, int, int],
    size: int | None,
    sides: np.ndarray,
    workers: int | None = None,
) -> Iterator[np.ndarray]:
    """Decode pictures in their order, some megabytes at a time.

    Args:
        pictures: N files.
        shape: channels, height and width of every result.
        size: as for :func:`decode`; None asks all pictures for one shape.
        sides: ``int64 [N, 2]``, receives height and width of each picture
            before resizing.
        workers: threads; the result does not depend on it.

    Yields:
        ``uint8 [n, C, H, W]``, consecutive rows.

    Raises:
        FerError: at the first picture that is damaged or has another shape.
    """

    def one(row: int) -> np.ndarray:
        pixels, sides[row] = decode(pictures[row], shape[0], size)
        if pixels.shape != shape:
            height, width = sides[row]
            raise FerError(
                f"{pictures[row].file}: found {width} x {height} pixels, "
                f"expected {shape[2]} x {shape[1]} as in "
                f"{pictures[0].file.name}; ask for one size (size=...)."
            )
        return pixels

    rows = range(len(pictures))
    step = max(1, _PART // math.prod(shape))
    bar = tqdm(total=len(rows), desc="decoding images", unit=" images")
    with bar, ThreadPoolExecutor(workers) as pool:
        for start in rows[::step]:
            part = np.stack(list(pool.map(one, rows[start : start + step])))
            bar.update(len(part))
            yield part


def unreadable(pictures: Sequence[Picture]) -> list[str]:
    """One sentence for each picture that cannot be decoded."""
    found = []
    for picture in tqdm(pictures, desc="checking images", unit=" images"):
        try:
            decode(picture, channels=1)
        except FerError as error:
            found.append(str(error))
    return found
