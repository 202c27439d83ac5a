"""Landmarks of faces that came without, fitted by dlib's trees."""

import warnings
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.files import cache_dir
from fer_lib.photos.ert import LANDMARKER
from fer_lib.photos.preparation import Preparation, prepare

# dlib's points are whole pixels, too coarse on faces of 48; section III-B of
# the part ensemble's paper fits them at 160, where all of the crop is the
# face's rectangle.
FITTED_ON = Preparation(size=160, detect=False, landmarks="crop")


def landmarks_seen(faces: FaceSet, size: int) -> Tensor:
    """Landmarks ``[n, 68, 2]`` in pixels of faces resized to ``size``."""
    height, width = faces.images.shape[2:]
    scale = torch.tensor([size / width, size / height])
    # Centres of pixels stand at whole numbers.
    return (torch.as_tensor(faces.landmarks) + 0.5) * scale - 0.5


def annotated(faces: FaceSet) -> FaceSet:
    """The same faces with landmarks: their own, or else those of dlib's trees.

    Fitted ones are kept below ``cache_dir()``.  The trees always answer,
    on pictures without a face too.
    """
    if faces.landmarks is not None:
        return faces
    path = cache_dir() / "landmarks" / f"{faces.sha256[:16]}-{FITTED_ON.size}.npz"
    if path.exists():
        return replace(faces, landmarks=FaceSet.open(path).landmarks)
    found = replace(faces, landmarks=_fitted(faces))
    # The images are in the data set's own file already.
    nothing = np.empty((len(faces), 1, 0, 0), np.uint8)
    try:
        replace(found, images=nothing).save(path)
    except OSError as error:  # minutes of work are not lost for that
        warnings.warn(f"landmarks are not cached: {error}", stacklevel=2)
    return found


def _fitted(faces: FaceSet) -> np.ndarray:
    height, width = faces.images.shape[2:]
    scale = np.array([width, height]) / FITTED_ON.size
    points = []
    desc = f"landmarks by {LANDMARKER}"
    for row in tqdm(range(len(faces)), desc=desc, unit="face"):
        fitted = prepare(faces.images[row], FITTED_ON).landmarks
        points.append((fitted + 0.5) * scale - 0.5)
    return np.array(points, np.float32).reshape(-1, 68, 2)
