"""Finding the face in a photograph with dlib's detector.

Points and boxes are in pixels; centres of pixels lie at whole numbers.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fer_lib.errors import FerError, optional
from fer_lib.photos.images import resized

Box = tuple[int, int, int, int]

# Named in every face set that it prepared.  The papers took MTCNN and
# OpenCV's SSD, whose weights no package for this stack carries.
DETECTOR = "dlib's frontal HOG detector"


ENLARGED = 16_000_000  # pixels of an image at most, for its double needs a gigabyte


class NoFace(FerError):
    """A picture shows no face, or none that can be put upright."""


class Detection(NamedTuple):
    """One face: its box, and how sure the detector is (above 0)."""

    box: Box  # left, top, right and bottom in pixels, right and bottom excluded
    score: float


@lru_cache(maxsize=1)
def _detector():
    return optional("dlib", "photos").get_frontal_face_detector()


def find_faces(image: np.ndarray) -> list[Detection]:
    """All faces that dlib's frontal HOG detector sees, the surest first.

    Faces of 80 pixels and more are looked for; only where there is none, the
    image is enlarged to twice its size, for faces from 40 pixels, unless it has
    more than :data:`ENLARGED` pixels.  Enlarging every image would invent faces.

    Args:
        image: ``uint8 [H, W]`` grey or ``[H, W, 3]`` RGB.

    Returns:
        Empty when there is no face.  Parts of a box may lie outside the
        image.

    Raises:
        FerError: when dlib is missing.
    """
    detector, image = _detector(), np.ascontiguousarray(image)
    small = image.shape[0] * image.shape[1] <= ENLARGED
    for upsample in (0, 1) if small else (0,):
        boxes, scores, _ = detector.run(image, upsample)
        if boxes:
            found = [
                Detection((b.left(), b.top(), b.right() + 1, b.bottom() + 1), s)
                for b, s in zip(boxes, scores, strict=True)
            ]
            return sorted(found, key=lambda face: -face.score)
    return []


def find_face(image: np.ndarray) -> Box:
    """The face that dlib's frontal HOG detector is most sure of.

    Raises:
        NoFace: when no face is found.
    """
    if faces := find_faces(image):
        return faces[0].box
    raise NoFace(
        f"no face found in an image of {image.shape[1]} x {image.shape[0]} "
        "pixels; use a frontal face of at least 80 pixels, or give the box."
    )


def square_box(box: Box, margin: float = 0.0) -> Box:
    """The square around a box, its longer side wide.

    Args:
        box: left, top, right, bottom in pixels.
        margin: added on every side, as a share of the longer side.

    Returns:
        A box of whole pixels with the same centre, to half a pixel.
    """
    left, top, right, bottom = box
    side = round(max(right - left, bottom - top) * (1 + 2 * margin))
    left -= (side - (right - left)) // 2
    top -= (side - (bottom - top)) // 2
    return left, top, left + side, top + side


def crop_face(
    image: np.ndarray, box: Box, size: int, margin: float = 0.0
) -> np.ndarray:
    """A square face crop, the image's border repeated where it ends.

    Args:
        image: ``uint8 [H, W]`` grey or ``[H, W, 3]`` RGB.
        box: left, top, right, bottom in pixels.
        size: side of the result in pixels.
        margin: as for :func:`square_box`.

    Returns:
        ``uint8 [C, size, size]``, C 1 or 3.
    """
    left, top, right, bottom = square_box(box, margin)
    rows = np.clip(np.arange(top, bottom), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, right), 0, image.shape[1] - 1)
    face = np.atleast_3d(image[np.ix_(rows, columns)]).transpose(2, 0, 1)
    return resized(face, size)


def crop_points(points: np.ndarray, box: Box, size: int) -> np.ndarray:
    """Where points ``[..., 2]`` lie in :func:`crop_face`'s result, in pixels."""
    left, top, right, _ = square_box(box)
    # The corner of a pixel, half a pixel from its centre, stays in place.
    corner = np.array([left, top]) - 0.5
    return (points - corner) * (size / (right - left)) - 0.5
