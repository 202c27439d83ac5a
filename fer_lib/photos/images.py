"""The one reader of image files: any kind, as the bytes that they show."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_lib.errors import FerError

# Endings that are read, and those of photographs that pillow cannot read.
ENDINGS = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".webp", ".gif",
    ".pgm", ".ppm", ".pnm",
)  # fmt: skip
UNREAD = (".heic", ".heif", ".avif", ".jxl", ".jp2", ".dng", ".cr2", ".cr3", ".nef")
UNREAD += (".arw", ".raf", ".svg", ".psd", ".tga")
KINDS = "PNG, JPEG, TIFF, BMP, WebP or GIF"
# Pillow's other readers are for kinds that no camera and no data set writes.
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF", "PPM")
# How files begin that are given for photographs, and what they are.
_BEGINNINGS = {
    b"%PDF": "a PDF document",
    b"PK\3\4": "a ZIP archive",
    b"\x1f\x8b": "a compressed archive",
    b"version https://git-lfs": "a pointer of Git LFS in place of the file",
    b"8BPS": "a Photoshop document",
    b"<svg": "an SVG drawing",
    b"<!doctype html": "a web page, as when a download asks to sign in",
    b"<html": "a web page, as when a download asks to sign in",
    b"\0\0\0\x0cjxl ": "JPEG XL",
    b"\0\0\0\x0cjp  ": "JPEG 2000",
}
_BRANDS = {b"avif": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC"}
# Up to twice pillow's limit of pixels is read; above, it is an error.  (To catch the
# warning where a file is read would catch those of other threads, too.)
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

LUMA = np.array([0.299, 0.587, 0.114])  # grey of colours, ITU-R 601-2
_EIGHT = np.rint(np.arange(1 << 16) / 257).astype(np.uint8)  # 16 bits as 8


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
    if isinstance(source, Path) and source.exists() and not source.is_file():
        raise FerError(f"{name}: is no file, expected {KINDS}; remove it.")
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with Image.open(stream, formats=_FORMATS) as stored:
            ImageOps.exif_transpose(stored, in_place=True)
            pixels = _eight_bits(stored, "L" if channels == 1 else "RGB")
    except Image.DecompressionBombError as error:
        raise FerError(
            f"{name}: has too many pixels ({error}), expected at most "
            f"{2 * Image.MAX_IMAGE_PIXELS:,}; save it smaller."
        ) from error
    except UnidentifiedImageError as error:
        raise FerError(
            f"{name}: cannot be read as an image ({_kind(source)}), expected {KINDS}; "
            "save it as one of these, or get it again."
        ) from error
    except MemoryError as error:
        raise FerError(
            f"{name}: cannot be read as an image (there is not enough memory for its "
            "pixels), expected fewer; save it smaller."
        ) from error
    except Exception as error:  # decoders raise all sorts on damaged files
        reason = str(error).splitlines() or [type(error).__name__]
        raise FerError(
            f"{name}: cannot be read as an image ({reason[0][:100]}), expected a "
            f"whole {KINDS} file; get it again."
        ) from error
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _kind(source: Path | bytes) -> str:
    """What a file is that is no picture, by its first bytes."""
    if not isinstance(source, bytes):
        with Path(source).open("rb") as content:
            source = content.read(64)
    start = source.lstrip().lower()
    if not start:
        return "it is empty"
    if start[4:8] == b"ftyp":
        return f"it is {_BRANDS.get(start[8:12], 'a film')}"
    for beginning, kind in _BEGINNINGS.items():
        if start.startswith(beginning.lower()):
            return f"it is {kind}"
    return "its first bytes are of no kind that is known"


def _eight_bits(image: Image.Image, mode: str) -> np.ndarray:
    """Any of pillow's modes as grey (L) or RGB without transparency."""
    if image.mode == "F":
        raise ValueError("pixels are fractions, whose range nobody says")
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() >= len(_EIGHT):
            raise ValueError("pixels exceed 16 bits")
        image = Image.fromarray(_EIGHT[values])
    if image.has_transparency_data:
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image).convert("RGB")
    # Pillow looks palettes up when it converts.
    return np.asarray(image if image.mode == mode else image.convert(mode))


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
