"""Finding the face in a photograph with dlib's detector."""

import dlib
import numpy as np
from skimage.transform import resize

from fer_lib.errors import FerError

Box = tuple[int, int, int, int]


def find_face(image: np.ndarray) -> Box:
    """The face that dlib's frontal HOG detector is most sure of.

    Args:
        image: ``uint8 [H, W]`` grey or ``[H, W, 3]`` RGB.

    Returns:
        Left, top, right and bottom in pixels, right and bottom excluded;
        parts of it may lie outside the image.

    Raises:
        FerError: when no face is found.
    """
    # Without upsampling first: enlarged pictures invent faces.
    for upsample in (0, 1):
        boxes, scores, _ = dlib.get_frontal_face_detector().run(image, upsample)
        if boxes:
            best = boxes[int(np.argmax(scores))]
            return best.left(), best.top(), best.right() + 1, best.bottom() + 1
    raise FerError(
        f"no face found in an image of {image.shape[1]} x {image.shape[0]} "
        "pixels; use a frontal face of at least 80 pixels, or give the box."
    )


def crop_face(image: np.ndarray, box: Box, size: int) -> np.ndarray:
    """A square face crop, the image's border repeated where it ends.

    Args:
        image: ``uint8 [H, W]`` grey or ``[H, W, 3]`` RGB.
        box: left, top, right, bottom in pixels.
        size: side of the result in pixels.

    Returns:
        ``uint8 [C, size, size]``, C 1 or 3.
    """
    left, top, right, bottom = box
    side = max(right - left, bottom - top)
    left -= (side - (right - left)) // 2
    top -= (side - (bottom - top)) // 2
    rows = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    face = np.atleast_3d(image[np.ix_(rows, columns)])
    small = resize(face / 255, (size, size), anti_aliasing=True)
    return np.rint(small * 255).astype(np.uint8).transpose(2, 0, 1)
