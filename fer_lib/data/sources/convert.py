"""From the files of a data set to a face set that is kept."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet, kept
from fer_lib.data.mapped import MappedImages, memory_limit, write_parts
from fer_lib.data.sources.published import PUBLISHED
from fer_lib.data.sources.tree import left_out, manifest, report, told, with_beside
from fer_lib.errors import FerError
from fer_lib.photos.images import as_picture, read_image, resized

# Raise it when the same files are read to something else than before.
_VERSION = 2
_PART = 1 << 25  # bytes of pixels decoded at a time
_COLUMNS = ("labels", "splits", "votes", "subjects", "sequences", "landmarks")

# What is known of one face before its image is read: ``file`` and, where only
# a part of it is the face, ``box`` (left, top, right, bottom in pixels; what
# lies outside is black); ``labels``, ``splits`` ("All" where there are none) and
# other columns of FaceSet, landmarks in pixels of the whole file; anything else
# becomes ``extra``.
Row = Mapping[str, object]


def converted(
    name: str,
    root: Path | str,
    sources: Iterable[Path],
    read: Callable[[], tuple[Sequence[Row], str]],
    *,
    size: int | None,
    channels: int,
    cache: Path | str | None,
    own: Sequence[str] = (),
    spare: str = "",
    side: int | None = None,
    **options,
) -> FaceSet:
    """The face set of some files, converted once and then read from a cache.

    Above :func:`memory_limit` the images are decoded into a file beside the
    cache and stay there.  What lies among the files and is not read is counted.

    Args:
        name: of the data set.
        root: the folder that was named.
        sources: the files and folders that decide the result.
        read: gives the rows and what was read, the beginning of a sentence.
        size: side of the images in pixels; None keeps the files' own.
        channels: 1 for grey, 3 for RGB.
        cache: folder for the converted set; the user's cache by default.
        own: endings of names of files other than images that ``read`` looks at.
        spare: what images are called that it leaves out; if empty, such an image is
            refused.
        side: of the files' images in pixels, where only one is right.
        options: of the loader; they decide the result, too.

    Raises:
        FerError: at the first wrong file, when there is no face, or when a set
            too large for the memory cannot be written to the cache.
    """
    if channels not in (1, 3):
        raise FerError(f"channels is {channels}, expected 1 (grey) or 3.")
    if size is not None and not 8 <= size <= 1024:
        raise FerError(
            f"size is {size}, expected 8 to 1024 pixels, or None for the files' own."
        )
    about = {"version": _VERSION, "limit": memory_limit(), "size": size}
    about |= {"channels": channels, **options}
    sources = list(sources)

    def make(beside: Path) -> FaceSet:
        rows, text = read()
        if not rows:
            count = f"{PUBLISHED[name].total():,}" if name in PUBLISHED else "some"
            raise FerError(
                f"{sources[0]}: found no face with a label ({text}), expected {count}; "
                "unpack the archive again, or name another folder."
            )
        taken = dict.fromkeys(row["file"] for row in rows)
        text += told(left_out(sources, taken, own, spare))
        faces = convert(name, rows, f"{text}.", size, channels, beside, side)
        return replace(faces, report=report(sources, taken))

    text = json.dumps(about, sort_keys=True) + manifest(sources)
    return with_beside(kept(name, text, make, cache), root, sources)


def convert(
    name: str,
    rows: Sequence[Row],
    provenance: str,
    size: int | None,
    channels: int,
    beside: Path,
    side: int | None = None,
) -> FaceSet:
    """Decode the images of some rows, into memory or into the file ``beside``."""
    one = (channels, side, side) if side else _decoded(rows[0], size, channels)[0].shape
    shape, sides = (len(rows), *one), np.zeros((len(rows), 2), np.int64)
    advice = "ask for one size with the option size"
    advice = "read them as the data set 'folder'" if side else advice
    parts = _parts(rows, size, one, sides, advice)
    if math.prod(shape) <= memory_limit():
        pixels, done = np.empty(shape, np.uint8), 0
        for part in parts:
            pixels[done : done + len(part)] = part
            done += len(part)
    else:
        try:
            write_parts(beside, shape, parts)
        except OSError as error:
            raise FerError(
                f"{beside}: cannot be written ({error.strerror}), expected room "
                f"for {math.prod(shape):,} bytes; free it, name another cache or "
                "ask for a smaller size."
            ) from error
        pixels = MappedImages(beside)
    keys = [key for key in rows[0] if key not in ("file", "box")]
    columns = {key: np.array([row[key] for row in rows]) for key in keys}
    if "landmarks" in columns:
        columns["landmarks"] = _moved(rows, columns["landmarks"], sides, shape)
    columns.setdefault("splits", np.full(len(rows), "All"))
    own = {key: columns.pop(key) for key in _COLUMNS if key in columns}
    return FaceSet(name, pixels, provenance=provenance, extra=columns, **own)


def _decoded(row: Row, size: int | None, channels: int) -> tuple[np.ndarray, tuple]:
    """Pixels ``uint8 [C, H, W]``; height and width before they were resized."""
    pixels = read_image(row["file"], channels)
    if box := row.get("box"):
        part = np.asarray(Image.fromarray(as_picture(pixels)).crop(box))
        pixels = np.atleast_3d(part).transpose(2, 0, 1)
    sides = pixels.shape[1:]
    return (resized(pixels, size) if size else pixels), sides


def _parts(
    rows: Sequence[Row], size: int | None, shape: tuple, sides: np.ndarray, advice: str
) -> Iterator[np.ndarray]:
    """All images in their order, some megabytes at a time; fills ``sides``."""

    def one(number: int) -> np.ndarray:
        pixels, sides[number] = _decoded(rows[number], size, shape[0])
        if pixels.shape != shape:
            height, width = sides[number]
            raise FerError(
                f"{rows[number]['file']}: found {width} x {height} pixels, "
                f"expected {shape[2]} x {shape[1]} as in others; {advice}."
            )
        return pixels

    step = max(1, _PART // math.prod(shape))
    bar = tqdm(total=len(rows), desc="decoding images", unit=" images")
    with bar, ThreadPoolExecutor() as pool:
        for start in range(0, len(rows), step):
            some = range(start, min(start + step, len(rows)))
            part = np.stack(list(pool.map(one, some)))
            bar.update(len(part))
            yield part


def _moved(rows, landmarks: np.ndarray, sides: np.ndarray, shape: tuple) -> np.ndarray:
    """Landmarks where cropping and resizing moved them, ``float32``.

    Pixel (0, 0) has its centre at (0, 0), so its corner at (-0.5, -0.5) is
    what stays in place when an image is resized.
    """
    corner = np.array([(row.get("box") or (0, 0))[:2] for row in rows])
    scale = np.array(shape[2:]) / sides
    points = landmarks - corner[:, None]
    return ((points + 0.5) * scale[:, None, ::-1] - 0.5).astype(np.float32)
