"""How well dlib finds faces whose landmarks are known exactly."""

from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.landmarks import normalised_error, part_means
from fer_lib.photos.detection import find_faces
from fer_lib.photos.ert import fit_landmarks


@dataclass(frozen=True, eq=False)
class LandmarkQuality:
    """What dlib made of a set.

    Attributes:
        found: ``bool [N]``, whether the detector found a face.
        errors: ``float [N, 68]``, distance of each fitted point from the
            truth by the inter-ocular distance; not a number where no face
            was found.
    """

    found: np.ndarray
    errors: np.ndarray

    @property
    def share(self) -> float:
        """Share of the faces that the detector finds, 0-1."""
        return float(self.found.mean())

    def medians(self) -> dict[str, float]:
        """Median over the found faces of the mean error: ``all`` 68 points,
        and each of the five parts."""
        errors = self.errors[self.found]
        means = {"all": errors.mean(1)} | part_means(errors)
        return {part: float(np.median(values)) for part, values in means.items()}


def landmark_quality(faces: FaceSet) -> LandmarkQuality:
    """Find every face with dlib, fit its landmarks, compare with the truth.

    Args:
        faces: a set with landmarks, such as ``load("rendered",
            corpus="lab")``.

    Raises:
        FerError: when the set has no landmarks.
    """
    if faces.landmarks is None:
        raise FerError(
            f"{faces.name}: has no landmarks to compare with, expected a set "
            "such as the rendered ones."
        )
    fitted = np.full(faces.landmarks.shape, np.nan)
    rows = range(len(faces))
    for row in tqdm(rows, desc="finding faces", unit="face"):
        image = faces.images[row]
        pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
        if seen := find_faces(pixels):
            fitted[row] = fit_landmarks(pixels, seen[0].box)
    found = ~np.isnan(fitted[:, 0, 0])
    return LandmarkQuality(found, normalised_error(fitted, faces.landmarks))
