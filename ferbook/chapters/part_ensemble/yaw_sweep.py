"""Landmarks and detection while rendered heads turn from front to profile.

Wadhawan and Gandhi ("Landmark-Aware and Part-based Ensemble Transfer
Learning", 2022) show in their Figure 12 faces on which the landmarks of the
regression trees go astray.  Here the truth is known, so the error can be
measured against the angle.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.landmarks import FIVE_PARTS, LANDMARKS, part_means
from fer_lib.photos.detection import Box, find_faces, square_box
from fer_lib.photos.ert import fit_landmarks
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.portrait import set_scene
from fer_lib.rendered.scene import Scene, turned

FRONTAL = STUDIO.changed(
    yaw=0, pitch=0, roll=0, zoom=(0.7, 0.7), distractors=0.5, background=False
)
GREY = 0.55
BOXES = ("crop", "detector")


@dataclass(frozen=True, eq=False)
class YawSweep:
    """N heads at A angles in degrees, and what dlib made of them.

    Truth and fitted points are pixels ``[A, N, 68, 2]``; visible is not hidden by the
    head itself.  ``scale`` is the frontal distance between the outer corners of the
    eyes.  Fitted is by ``"crop"``, the square around the true points, as the part
    ensemble gives it, and by ``"detector"``, the box that was found; else NaN.
    """

    angles: np.ndarray
    images: np.ndarray
    truth: np.ndarray
    visible: np.ndarray
    scale: np.ndarray
    detected: np.ndarray
    fitted: dict[str, np.ndarray]

    def errors(self, box: str = "crop") -> np.ndarray:
        """Distance of points from the truth over the scale, ``float32 [A, N, 68]``."""
        if box not in BOXES:
            raise FerError(f"yaw sweep: box is '{box}', expected crop or detector.")
        distance = np.linalg.norm(self.fitted[box] - self.truth, axis=-1)
        return distance / self.scale[:, None]

    def part_errors(self, box: str = "crop") -> dict[str, np.ndarray]:
        """Median over the faces of each part's mean error, ``[A]`` by part.

        Not a number at angles where no face has a box.
        """
        means = part_means(self.errors(box))
        return {part: _median(values) for part, values in means.items()}

    @property
    def missed(self) -> np.ndarray:
        """Share of the faces that the detector did not find, ``[A]``."""
        return 1 - self.detected.mean(1)


def _median(values: np.ndarray) -> np.ndarray:
    kept = [row[~np.isnan(row)] for row in values]
    return np.array([np.median(row) if len(row) else np.nan for row in kept])


def yaw_sweep(
    angles: Sequence[float] = tuple(range(0, 91, 10)),
    subjects: int = 14,
    size: int = 200,
    seed: int = 0,
) -> YawSweep:
    """Turn rendered heads, and let dlib find faces and landmarks.

    Nothing but the yaw changes, -90 to 90 degrees, above 0 to the image's right.
    Person k shows expression k modulo 7; a face fills 40 % of ``size``.

    Raises:
        FerError: when an argument is out of range, or embreex or the trees are missing.
    """
    degrees = np.asarray(angles, float)
    if degrees.ndim != 1 or not len(degrees) or np.abs(degrees).max() > 90:
        raise FerError(f"yaw sweep: angles are {angles}, expected some of -90 to 90.")
    if subjects < 1 or not 100 <= size <= 1024:
        raise FerError(
            f"yaw sweep: {subjects} subjects at {size} pixels, expected at least "
            "one, and 100 to 1024 pixels."
        )
    rows, scale = [], []
    for k in tqdm(range(subjects), desc="turning heads", unit="head"):
        front, _ = set_scene(k, EXPRESSIONS[k % 7], size, seed, k, FRONTAL)
        scale.append(_frontal_distance(front))
        rows.append([_looked_at(front, angle) for angle in degrees])
    # Rows come by head, the result by angle.
    columns = [
        np.stack([[face[c] for face in head] for head in rows], 1) for c in range(6)
    ]
    images, truth, visible, detected, *fitted = columns
    return YawSweep(
        degrees, images, truth, visible, np.array(scale, np.float32), detected,
        dict(zip(BOXES, fitted, strict=True)),
    )  # fmt: skip


def _frontal_distance(scene: Scene) -> float:
    """Distance between the outer corners of the eyes in pixels, in depth
    too, at the head's own distance from the camera."""
    left, right = scene.points[LANDMARKS[[36, 45]]]
    return np.linalg.norm(left - right) * scene.camera.size / 2 / scene.camera.half


def _looked_at(front: Scene, angle: float) -> tuple:
    """Image, true points, visible, detected, and points by both boxes."""
    rotation = turned(np.radians(angle), 0, 0)
    scene = replace(front, camera=replace(front.camera, rotation=rotation))
    image = np.rint(scene.draw(GREY) * 255).astype(np.uint8)
    points, visible = scene.landmarks()
    seen = points[visible]
    ideal = np.rint([*seen.min(0), *seen.max(0)]).astype(int).tolist()
    found = next((f.box for f in find_faces(image) if _holds(f.box, points)), None)
    by_crop = fit_landmarks(image, square_box(tuple(ideal)))
    by_detector = fit_landmarks(image, found) if found else by_crop * np.nan
    return (
        image, points.astype(np.float32), visible, found is not None, by_crop,
        by_detector,
    )  # fmt: skip


def _holds(box: Box, points: np.ndarray) -> bool:
    """Whether a box is about this face: it holds most of its inner points."""
    low, high = FIVE_PARTS["eyebrows"][0], FIVE_PARTS["mouth"][1]
    left, top, right, bottom = box
    x, y = points[low:high].T
    return bool(((x > left) & (x < right) & (y > top) & (y < bottom)).mean() > 0.5)
