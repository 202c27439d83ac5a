"""The one reader of image files: any kind, as the bytes that they show."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_lib.errors import FerError

# Endings that are read, and those of photographs that pillow cannot read.
ENDINGS = (
    ".png", ".jpg", ".jpeg", ".jfif", ".tif", ".tiff", ".bmp", ".webp", ".gif",
)  # fmt: skip
UNREAD = (".heic", ".heif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".svg")
KINDS = "PNG, JPEG, TIFF, BMP, WebP or GIF"
LUMA = np.array([0.299, 0.587, 0.114])  # grey of colours, ITU-R 601-2


def read_image(source: Path | bytes, channels: int = 3, name: str = "") -> np.ndarray:
    """One image as bytes, turned as its camera noted (EXIF).

    Palettes are looked up, transparent pixels lie on black, 16-bit grey is
    scaled to 8 bits, and colour becomes grey by ITU-R 601 weights.  Of several
    frames the first is taken.

    Args:
        source: the file, or its content.
        channels: 1 for grey, 3 for RGB.
        name: of the content, for messages.

    Returns:
        ``uint8 [channels, H, W]``.

    Raises:
        FerError: with the reason why it cannot be read.
    """
    name = name or str(source)
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            # Up to twice pillow's limit is read; above, it is an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(stream) as stored:
                image = _eight_bits(ImageOps.exif_transpose(stored))
                pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    except Image.DecompressionBombError as error:
        raise FerError(
            f"{name}: has too many pixels ({error}), expected at most "
            f"{2 * Image.MAX_IMAGE_PIXELS:,}; save it smaller."
        ) from error
    except UnidentifiedImageError as error:
        raise FerError(
            f"{name}: cannot be read as an image (its first bytes are of no kind that "
            f"pillow knows), expected {KINDS}; save it as one of these."
        ) from error
    except Exception as error:  # decoders raise all sorts on damaged files
        reason = str(error).splitlines() or [type(error).__name__]
        raise FerError(
            f"{name}: cannot be read as an image ({reason[0][:100]}), expected a "
            f"whole {KINDS} file; get it again."
        ) from error
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Any of pillow's modes as one of 8 bits without transparency."""
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


def as_picture(image: np.ndarray) -> np.ndarray:
    """``[H, W]`` of grey, ``[H, W, 3]`` of colour, from ``[C, H, W]``."""
    return np.ascontiguousarray(
        image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    )


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """An image ``uint8 [C, H, W]`` as a square ``[C, size, size]``.

    Stretched where it is none, by pillow's bilinear filter, which averages
    what it shrinks.
    """
    picture = Image.fromarray(as_picture(image))
    square = picture.resize((size, size), Image.Resampling.BILINEAR)
    return np.atleast_3d(np.asarray(square)).transpose(2, 0, 1)
