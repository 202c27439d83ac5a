"""Reads damaged copies of small images of every kind; prints what became of them.

A process of its own, so that its memory can be limited.
"""

import io
import random
import sys

import numpy as np
from PIL import Image

from fer_lib.errors import FerError
from fer_lib.photos.images import read_image

LIMIT = 2 << 30  # bytes


def whole() -> list[bytes]:
    """One file of each kind and mode, a few hundred bytes each."""
    noise = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    colour = Image.fromarray(noise)
    exif = Image.Exif()
    exif[0x0112] = 6
    images = {
        "PNG": [colour.convert(m) for m in ("RGB", "L", "P", "LA", "RGBA", "1")],
        "JPEG": [colour, colour.convert("L"), colour.convert("CMYK")],
        "TIFF": [colour, colour.convert("L"), colour.convert("P"), colour.convert("I")],
        "BMP": [colour, colour.convert("P"), colour.convert("1")],
        "GIF": [colour.convert("P")],
        "WEBP": [colour, colour.convert("RGBA")],
        "PPM": [colour],
    }
    images["PNG"].append(Image.fromarray(noise[..., 0].astype(np.uint16) * 257))
    found = []
    for kind, some in images.items():
        for image in some:
            written = io.BytesIO()
            image.save(
                written, kind, **({"exif": exif} if kind in ("JPEG", "WEBP") else {})
            )
            found.append(written.getvalue())
    written = io.BytesIO()
    colour.save(written, "TIFF", compression="tiff_lzw")
    return [*found, written.getvalue()]


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Bytes changed, cut off, doubled or taken out; early ones more often."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, 3)):
        place = int(len(changed) * draw.random() ** 1.5)
        how = draw.randrange(4)
        if how == 0:
            changed[place : place + 4] = draw.randbytes(4)
        elif how == 1:
            changed[place : place + 1] = bytes([draw.choice((0, 1, 127, 128, 255))])
        elif how == 2:
            del changed[place : place + draw.randint(1, 20)]
        else:
            changed[place:place] = changed[: draw.randint(1, 20)]
    if draw.random() < 0.2:
        del changed[draw.randrange(len(changed) + 1) :]
    return bytes(changed)


def main(count: int) -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    except ImportError:
        pass  # Windows has no such limit
    files, draw, read = whole(), random.Random(0), 0
    for number in range(count):
        content = damaged(files[number % len(files)], draw)
        try:
            pixels = read_image(content, draw.choice((1, 3)), "damaged")
            assert pixels.dtype == np.uint8 and pixels.ndim == 3
            read += 1
        except FerError as error:
            told = str(error)
            assert told.startswith("damaged: ") and "\n" not in told, told
            assert "not enough memory" not in told, told
    print(read, count - read)


if __name__ == "__main__":
    main(int(sys.argv[1]))
