"""68 landmarks by an ensemble of regression trees, with dlib's weights.

V. Kazemi, J. Sullivan, "One millisecond face alignment with an ensemble of
regression trees", CVPR 2014.  The weights lie in the package
``face_recognition_models``; they were trained on iBUG 300-W, which excludes
commercial use.
"""

import importlib.util
from functools import lru_cache
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError, install, optional
from fer_lib.files import sha256_file
from fer_lib.photos.detection import Box

LANDMARKER = "dlib's 68-point ERT"
_PACKAGE = "face_recognition_models"
_FILE = "models/shape_predictor_68_face_landmarks.dat"
_SHA256 = "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f"


def fit_landmarks(image: np.ndarray, box: Box | None = None) -> np.ndarray:
    """The 68 landmarks of the face in a box, wherever they seem to be.

    The trees always answer, face or not; they start from a mean face that
    fills the box.

    Args:
        image: ``uint8 [H, W]`` grey or ``[H, W, 3]`` RGB.
        box: as of :func:`~fer_lib.photos.detection.find_face`; None for the
            whole image, the part ensemble's way with a crop.

    Returns:
        ``float32 [68, 2]``, x and y in whole pixels, iBUG order; some may
        lie outside the image.
    """
    left, top, right, bottom = box or (0, 0, image.shape[1], image.shape[0])
    rectangle = optional("dlib", "photos").rectangle(left, top, right - 1, bottom - 1)
    shape = _predictor()(np.ascontiguousarray(image), rectangle)
    return np.array([(point.x, point.y) for point in shape.parts()], np.float32)


@lru_cache(maxsize=1)
def _predictor():
    """The trees, read once.

    The package is found, not imported: its code needs an old setuptools.
    """
    package = importlib.util.find_spec(_PACKAGE)
    if package is None:
        raise FerError(
            f"the package {_PACKAGE} is missing; install it with "
            f"`{install('photos', _PACKAGE)}`."
        )
    path = Path(package.submodule_search_locations[0]) / _FILE
    if not path.is_file() or (found := sha256_file(path)) != _SHA256:
        state = f"has the hash {found[:12]}" if path.is_file() else "is missing"
        raise FerError(
            f"{path}: {state}, expected {_SHA256[:12]}; install {_PACKAGE} again."
        )
    return optional("dlib", "photos").shape_predictor(str(path))
