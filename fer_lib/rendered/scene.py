"""A person with an expression before a camera, and the maps of its units."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from fer_lib.errors import FerError
from fer_lib.landmarks import LANDMARKS
from fer_lib.rendered import render
from fer_lib.rendered.head import load_head
from fer_lib.rendered.people import Person
from fer_lib.rendered.render import SAMPLES, Camera, Hits, Light

GAMMA = 2.2
# Which face units deepen which folds of the skin.
FOLDS = {
    "cheek": ("mouthSmile", "mouthUpperUp", "noseSneer"),
    "forehead": ("browInnerUp", "browOuterUp"),
    "glabella": ("browDown",),
    "nose": ("noseSneer",),
}
MOVED_PX = 0.25


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Rotation ``[3, 3]``: yaw, then pitch, then roll, radians.

    Positive yaw shows the subject's face turning to the image's right,
    positive pitch looks down, positive roll tilts counter-clockwise.
    """
    (cy, cp, cr), (sy, sp, sr) = (f([yaw, pitch, roll]) for f in (np.cos, np.sin))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def camera_on(
    person: Person,
    size: int = 48,
    rotation: np.ndarray | None = None,
    zoom: float = 1.0,
    distance: float = 9.0,
    shift: tuple[float, float] = (0.0, 0.0),
) -> Camera:
    """A camera that frames a face from the hairline to below the chin.

    The resting face is framed, whatever the expression; ``rotation [3, 3]`` is the
    head's, ``distance`` in decimetres, ``shift`` a share of half a side.
    """
    neutral = person.posed(np.zeros(len(load_head().unit_names)))
    eyes = load_head().eye_centre(neutral)
    chin = neutral[LANDMARKS[8]]
    centre = eyes + 0.36 * (chin - eyes) - [0, 0, 0.3]
    half = 0.87 * np.linalg.norm(eyes - chin) / zoom
    rotation = np.eye(3) if rotation is None else rotation
    return Camera(size, rotation, centre, half, distance, shift)


@dataclass(frozen=True, eq=False)
class Scene:
    """A person who moves face units ``float64 [52]`` before a camera, in a light."""

    person: Person
    units: np.ndarray
    camera: Camera
    light: Light = field(default_factory=Light)

    @cached_property
    def points(self) -> np.ndarray:
        """Vertices ``[V, 3]`` in the camera's frame, decimetres."""
        return self.camera.to_camera(self.person.posed(self.units))

    @cached_property
    def run(self):
        """The intersector of the mesh."""
        return render.intersector(self.points, self.person.triangles)

    def hits(self, samples: int = SAMPLES) -> Hits:
        """What the camera's rays hit, ``samples ** 2`` rays a pixel."""
        return render.cast(self.run, self.person.triangles, self.camera, samples)

    @property
    def folds(self) -> dict[str, float]:
        """How deep the skin is folded, by name."""
        names = load_head().unit_names
        return {
            fold: max(
                value
                for name, value in zip(names, self.units, strict=True)
                if name.startswith(causes)
            )
            for fold, causes in FOLDS.items()
        }

    def draw(self, background: np.ndarray | float = 0.5) -> np.ndarray:
        """The grey image ``float64 [S, S]``, 0 to 1, gamma-encoded.

        Args:
            background: grey value, or one for each ray, ``[2 S, 2 S]``.
        """
        hits = self.hits()
        light = render.shade(
            load_head(), self.points, self.person.triangles, self.run, hits,
            self.person.look, self.folds, self.light, self.camera.distance,
        )  # fmt: skip
        size = self.camera.size
        rays = np.empty((size * SAMPLES, size * SAMPLES))
        rays[...] = background
        rays.ravel()[hits.rays] = np.clip(light, 0, 1) ** (1 / GAMMA)
        return rays.reshape(size, SAMPLES, size, SAMPLES).mean((1, 3))

    def landmarks(self) -> tuple[np.ndarray, np.ndarray]:
        """The 68 points: x, y in pixels ``[68, 2]`` and visible ``[68]``.

        A point is visible when no surface lies more than 0.4 mm before it
        on the camera's ray, and it lies inside the image.
        """
        points = self.points[LANDMARKS]
        place = self.camera.project(points)
        eye = np.array([0, 0, self.camera.distance])
        found = self.run(np.tile(eye, (len(points), 1)), points - eye, query="DISTANCE")
        gap = (1 - found) * np.linalg.norm(points - eye, axis=1)
        inside = (place > -0.5) & (place < self.camera.size - 0.5)
        return place, (gap < 0.04) & inside.all(1)

    def without(self, unit: str) -> "Scene":
        """The same scene but for one face unit at rest."""
        names = load_head().unit_names
        if unit not in names:
            raise FerError(
                f"face unit '{unit}' is unknown; expected one of {', '.join(names)}."
            )
        units = self.units.copy()
        units[names.index(unit)] = 0
        return replace(self, units=units)

    def unit_map(self, unit: str) -> np.ndarray:
        """Pixels ``bool [S, S]`` whose surface point a unit moves here."""
        return moved(self, self.without(unit))


def shifted(scene: Scene, other: Scene) -> np.ndarray:
    """How far, in pixels, each visible point stands from its place in ``other``.

    ``float64 [S, S]``, of the point seen through each pixel's centre, zero beside
    the head; ``other`` has other units moved.
    """
    hits = scene.hits(samples=1)
    here, there = (scene.camera.project(hits.at(s.points)) for s in (scene, other))
    found = np.zeros(scene.camera.size**2)
    found[hits.rays] = np.linalg.norm(here - there, axis=1)
    return found.reshape(scene.camera.size, -1)


def moved(scene: Scene, other: Scene) -> np.ndarray:
    """Pixels ``bool [S, S]`` that are :func:`shifted` by more than 0.25."""
    return shifted(scene, other) > MOVED_PX
