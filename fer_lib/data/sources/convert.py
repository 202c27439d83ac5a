"""From the files of a data set to a face set that is kept."""

import hashlib
import json
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import MappedImages, memory_limit, write_parts
from fer_lib.data.sources.folders import manifest
from fer_lib.errors import FerError
from fer_lib.files import cache_dir
from fer_lib.photos.images import Picture, decode, decode_parts

# Raise it when the same files are read to something else than before.
_VERSION = 1


@dataclass(frozen=True)
class Listing:
    """What is known of a data set before its images are decoded.

    Attributes:
        name: of the data set.
        pictures: N image files, perhaps a part of each.
        labels: ``int64 [N]`` in the order of ``EXPRESSIONS``.
        splits: ``str [N]``.
        provenance: one sentence on what was read and left out.
        landmarks: ``float32 [N, 68, 2]`` in pixels of the whole image file.
        columns: further columns of :class:`FaceSet`, by name.
        extra: its ``extra``.
    """

    name: str
    pictures: list[Picture]
    labels: np.ndarray
    splits: np.ndarray
    provenance: str
    landmarks: np.ndarray | None = None
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Images:
    """How images are stored.

    Attributes:
        size: side in pixels; None keeps the files' own.
        channels: 1 for grey, 3 for RGB.
    """

    size: int | None
    channels: int

    def __post_init__(self):
        if self.channels not in (1, 3):
            raise FerError(f"channels is {self.channels}, expected 1 (grey) or 3.")
        if self.size is not None and not 8 <= self.size <= 1024:
            raise FerError(
                f"size is {self.size}, expected 8 to 1024 pixels, or None for "
                "the files' own."
            )


def cached(
    name: str,
    sources: Iterable[Path],
    listing: Callable[[], Listing],
    images: Images,
    options: Mapping,
    cache: Path | str | None,
) -> FaceSet:
    """The face set of some files, converted once and then read from a cache.

    Above :func:`memory_limit` the images are decoded into a file beside the
    cache and stay there.

    Args:
        name: of the data set.
        sources: the files and folders that decide the result.
        listing: reads everything but the images.
        images: how these are stored.
        options: of the loader; they decide the result, too.
        cache: folder for the converted set; the user's cache by default.

    Raises:
        FerError: at the first wrong file, or when a set too large for the
            memory cannot be written to the cache.
    """
    about = {"version": _VERSION, "limit": memory_limit(), **vars(images), **options}
    text = json.dumps(about, sort_keys=True) + manifest(sources)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    folder = Path(cache) if cache is not None else cache_dir()
    stored = folder / f"{name}-{key}.npz"
    try:
        return FaceSet.open(stored)
    except FileNotFoundError:
        pass
    except FerError as error:
        warnings.warn(f"converting {name} again: {error}", stacklevel=3)
    faces = convert(listing(), images, stored.with_suffix(".images.npy"))
    try:
        faces.save(stored)
    except OSError as error:
        warnings.warn(f"{name} is not cached: {error}", stacklevel=3)
    return faces


def convert(listing: Listing, images: Images, beside: Path) -> FaceSet:
    """Decode the images of a listing, into memory or into a file.

    Args:
        listing: at least one picture.
        images: how to store them.
        beside: the array file of a set above :func:`memory_limit`.

    Raises:
        FerError: at the first image that is damaged or has another shape,
            or when the file cannot be written.
    """
    pictures = listing.pictures
    first, _ = decode(pictures[0], images.channels, images.size)
    shape = (len(pictures), *first.shape)
    sides = np.zeros((len(pictures), 2), np.int64)
    parts = decode_parts(pictures, first.shape, images.size, sides)
    if math.prod(shape) > memory_limit():
        pixels = _in_a_file(beside, shape, parts)
    else:
        pixels, done = np.empty(shape, np.uint8), 0
        for part in parts:
            pixels[done : done + len(part)] = part
            done += len(part)
    columns = dict(listing.columns)
    if listing.landmarks is not None:
        columns["landmarks"] = _moved(listing, sides, shape)
    return FaceSet(
        listing.name,
        pixels,
        listing.labels,
        listing.splits,
        listing.provenance,
        extra=dict(listing.extra),
        **columns,
    )


def _in_a_file(beside: Path, shape: tuple, parts: Iterable) -> MappedImages:
    try:
        write_parts(beside, shape, parts)
    except OSError as error:
        raise FerError(
            f"{beside}: cannot be written ({error.strerror}), expected room "
            f"for {math.prod(shape):,} bytes; free it, name another cache or "
            "ask for a smaller size."
        ) from error
    return MappedImages(beside)


def _moved(listing: Listing, sides: np.ndarray, shape: tuple) -> np.ndarray:
    """Landmarks where cropping and resizing moved them, ``float32``.

    Pixel (0, 0) has its centre at (0, 0), so its corner at (-0.5, -0.5) is
    what stays in place when an image is resized.
    """
    corner = np.array([p.box[:2] if p.box else (0, 0) for p in listing.pictures])
    scale = np.array(shape[2:]) / sides
    points = listing.landmarks - corner[:, None]
    return ((points + 0.5) * scale[:, None, ::-1] - 0.5).astype(np.float32)
