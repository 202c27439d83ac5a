"""Which faces an analysis is about, and what they look like on average."""

import numpy as np
import torch
import torch.nn.functional as F
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.fitted_landmarks import annotated
from fer_lib.errors import FerError
from fer_lib.photos.detection import find_faces
from fer_lib.photos.images import as_picture
from ferbook.analysis.means import Means, by_class_and_all
from ferbook.runs.predictions import face_ids

FACES = 1500
FEWEST = 20  # faces of a mean map, people of a mean face
FEWEST_UNKNOWN = 200  # faces of a mean face where nobody knows who is shown
SIDE = 48  # pixels of a mean face, at most


def chosen(faces: FaceSet, count: int, classes: int) -> np.ndarray:
    """Rows of about ``count`` faces, as many of each class as there are.

    A class that has fewer gives all of its own.  Which ones is a matter of a
    hash of their pixels, so that neither a seed nor the order of a set counts;
    they come in that order, classes mixed.

    Raises:
        FerError: when there is less than one face for each class.
    """
    if count < classes:
        raise FerError(
            f"{count} faces for {classes} classes, expected one each or more; "
            "name more with --faces."
        )
    counts = np.bincount(faces.labels, minlength=classes)
    most = max(
        m for m in range(counts.max() + 1) if np.minimum(counts, m).sum() <= count
    )
    order = np.argsort(face_ids(faces), kind="stable")
    return order[places_in_class(faces.labels[order]) < most]


def places_in_class(labels: np.ndarray) -> np.ndarray:
    """The how many-th of its class each face is, ``int64 [N]``, from 0.

    >>> places_in_class(np.array([3, 1, 3, 3, 1])).tolist()
    [0, 0, 1, 2, 1]
    """
    found = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        found[own] = np.arange(len(own))
    return found


def with_landmarks(faces: FaceSet) -> tuple[FaceSet, np.ndarray]:
    """The faces with landmarks, and where these can be trusted, ``bool [N]``.

    A set's own are trusted; dlib's trees answer on any picture, so where they
    are asked its detector has to find a face, too.
    """
    if faces.landmarks is not None:
        return faces, np.ones(len(faces), bool)
    shown = tqdm(faces.images, desc="looking for faces", unit="face", leave=False)
    found = [bool(find_faces(as_picture(image))) for image in shown]
    return annotated(faces), np.array(found)


def mean_faces(faces: FaceSet, classes: int) -> Means:
    """The mean face of each class and, last, of all: grey, 0 to 1.

    Only over :data:`FEWEST` people or more, so that nobody can be known; over
    :data:`FEWEST_UNKNOWN` faces where it is not told who is shown.  Other
    means are not a number, and have no face.  Nor is there a standard error.
    """
    grey = torch.as_tensor(np.asarray(faces.images)).float().mean(1) / 255
    side = min(SIDE, *grey.shape[1:])
    small = F.adaptive_avg_pool2d(grey, side).numpy()
    means = by_class_and_all(small, faces.labels, classes)
    for group in range(classes + 1):
        own = np.flatnonzero((faces.labels == group) | (group == classes))
        if not _enough(faces, own):
            means.n[group], means.mean[group] = 0, np.nan
    means.error[:] = np.nan
    return means


def _enough(faces: FaceSet, rows: np.ndarray) -> bool:
    if faces.subjects is None:
        return len(rows) >= FEWEST_UNKNOWN
    return len(np.unique(faces.subjects[rows])) >= FEWEST
