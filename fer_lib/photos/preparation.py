"""From a photograph to the picture of a face that a network sees."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from fer_lib.errors import FerError
from fer_lib.photos.detection import Box, crop_face, crop_points, find_faces
from fer_lib.photos.ert import fit_landmarks
from fer_lib.photos.images import as_picture, resized

LANDMARKS = ("none", "box", "crop")
CLIP, TILES = 2.0, (8, 8)  # of CLAHE, the part ensemble's


@dataclass(frozen=True)
class Preparation:
    """What is done to a photograph.

    Attributes:
        size: side of the result in pixels.
        grey: whether colours are given up, and that first of all.
        side: side of the square that the photograph is stretched to before
            its face is looked for; None leaves it as it is.
        clahe: whether contrast is equalised, after that.
        detect: whether the face is looked for; else all is face.
        landmarks: ``"box"``: fitted in the detected box and moved along;
            ``"crop"``: fitted to the result, all of which is the face's
            rectangle; ``"none"``.

    Raises:
        FerError: when options are unknown or out of range.
    """

    size: int = 96
    grey: bool = False
    side: int | None = None
    clahe: bool = False
    detect: bool = True
    landmarks: str = "none"

    def __post_init__(self):
        for name, pixels in (("size", self.size), ("side", self.side)):
            if pixels is not None and not 8 <= pixels <= 2048:
                raise FerError(
                    f"preparation: {name} is {pixels}, expected 8 to 2048 pixels."
                )
        if self.landmarks not in LANDMARKS:
            raise FerError(
                f"preparation: landmarks is '{self.landmarks}', expected one of "
                f"{', '.join(LANDMARKS)}."
            )


# Wadhawan and Gandhi, 2022: grey, 300 px and CLAHE before the face is looked
# for, 160 px after.  Their detector was OpenCV's SSD.
PART_ENSEMBLE = Preparation(size=160, grey=True, side=300, clahe=True, landmarks="crop")


@dataclass(frozen=True, eq=False)
class Prepared:
    """A face, and how it was come by.

    Attributes:
        image: ``uint8 [C, size, size]``.
        found: whether a face was detected; else all of the picture was taken.
        box: the face in ``searched``, left, top, right, bottom.
        searched: the picture in which it was looked for, ``uint8 [C, H, W]``.
        landmarks: ``float32 [68, 2]`` in pixels of ``image``, or None.
    """

    image: np.ndarray
    found: bool
    box: Box
    searched: np.ndarray
    landmarks: np.ndarray | None


def prepare(
    image: np.ndarray, how: Preparation, known: np.ndarray | None = None
) -> Prepared:
    """Find, cut out and resize the face of one photograph.

    Where no face is found, all of the picture is taken for it, stretched to a
    square where it is not one.

    Args:
        image: ``uint8 [C, H, W]``, C 1 or 3.
        how: what is done.
        known: landmarks ``[68, 2]`` in pixels of ``image``; they are moved
            along, unless others are fitted.
    """
    searched, known = _searched(image, how, known)
    pixels = as_picture(searched)
    faces = find_faces(pixels) if how.detect else []
    whole = (0, 0, searched.shape[2], searched.shape[1])
    box = faces[0].box if faces else whole
    points = fit_landmarks(pixels, box) if how.landmarks == "box" else known
    if not faces:
        picture = resized(searched, how.size)
        points = _rescaled(points, searched, how.size)
    else:
        picture = crop_face(pixels, box, how.size)
        points = None if points is None else crop_points(points, box, how.size)
    if how.landmarks == "crop":
        points = fit_landmarks(as_picture(picture))
    points = None if points is None else points.astype(np.float32)
    return Prepared(picture, bool(faces), box, searched, points)


def _searched(image: np.ndarray, how: Preparation, known) -> tuple:
    """The picture to look for a face in, and known points in it."""
    if how.grey and len(image) == 3:
        image = np.asarray(Image.fromarray(as_picture(image)).convert("L"))[None]
    if how.side is not None:
        known = _rescaled(known, image, how.side)
        image = resized(image, how.side)
    if how.clahe:
        image = equalise(image)
    return image, known


def _rescaled(points, image: np.ndarray, side: int):
    """Points of an image where stretching it to a square takes them."""
    if points is None:
        return None
    scale = side / np.array([image.shape[2], image.shape[1]])
    return (points + 0.5) * scale - 0.5


def equalise(image: np.ndarray) -> np.ndarray:
    """Contrast-limited adaptive histogram equalisation (CLAHE), 8 x 8 tiles.

    K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics
    Gems IV, 1994.  kornia does the work.  Each channel is treated alone.
    Against OpenCV's ``createCLAHE(2.0, (8, 8))`` the result is at most 2
    grey levels off at 300 x 300 pixels, and 22 at 48 x 48: kornia measures
    from the centres of the tiles, OpenCV from half a pixel beside them.

    Args:
        image: ``uint8 [C, H, W]``, sides longer than 8 pixels.

    Returns:
        ``uint8 [C, H, W]``.
    """
    from kornia.enhance import equalize_clahe  # heavy, and seldom needed

    with torch.inference_mode():
        equal = equalize_clahe(torch.tensor(image).float()[None] / 255, CLIP, TILES)
    return (equal[0] * 255).round().byte().numpy()
