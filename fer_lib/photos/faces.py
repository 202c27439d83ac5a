"""The faces of a photograph, each framed as the networks know faces."""

from dataclasses import dataclass

import numpy as np

from fer_lib.photos.alignment import eye_similarity, warp_face
from fer_lib.photos.detection import Box, NoFace, find_faces
from fer_lib.photos.ert import fit_landmarks

# Medians over faces that networks learn from, shares of the side: how far apart
# the centres of the eyes are, and how far from the top.
RENDERED_FRAME = (0.34, 0.28)  # the corpus "wild", by its own landmarks
FER2013_FRAME = (0.37, 0.39)  # 436 of 600 training faces, by dlib's landmarks
LEAST = 64  # pixels of a box: landmarks are fitted to whole pixels
SURE = 0.2  # score of a detection; sleeves and collars get 0 to 0.2, faces more


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a photograph.

    Attributes:
        photo: ``uint8 [H, W, 3]``.
        box: the detector's, left, top, right, bottom in pixels.
        score: how sure the detector is, above 0.
        landmarks: ``float32 [68, 2]`` in pixels, iBUG order.
    """

    photo: np.ndarray
    box: Box
    score: float
    landmarks: np.ndarray

    def framed(self, side: int, frame: tuple[float, float]) -> np.ndarray:
        """The face with its eyes in the places of a frame.

        Args:
            side: of the result in pixels.
            frame: distance of the eyes, and of the eyes from the top, as shares
                of the side; that of the faces which a network learned from.

        Returns:
            ``uint8 [3, side, side]``.
        """
        apart, down = frame
        eyes = eye_similarity(self.landmarks, side, distance=apart, height=down)
        return warp_face(self.photo, eyes, side)


def faces_in(photo: np.ndarray) -> list[Face]:
    """All faces of a photograph, from left to right.

    A detection below :data:`SURE`, or less than half as sure as the surest, is
    taken for a false alarm.

    Args:
        photo: ``uint8 [H, W, 3]``.

    Raises:
        NoFace: when there is none.
    """
    found = find_faces(photo)
    sure = [one for one in found if one.score >= max(SURE, found[0].score / 2)]
    if not sure:
        height, width = photo.shape[:2]
        raise NoFace(
            f"no face found in {width} x {height} pixels, expected one that looks at "
            "the camera, upright, in good light and at least 80 pixels wide; take "
            "another photograph; in Python a face that is cut out is read as an array."
        )
    return [
        Face(photo, box, score, fit_landmarks(photo, box))
        for box, score in sorted(sure, key=lambda one: one.box[0])
    ]
