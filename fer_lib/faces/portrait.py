"""One rendered face from a seed: picture, landmarks and ground truth."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fer_lib.faces.head import load_head
from fer_lib.faces.people import Person, person
from fer_lib.faces.photo import background, develop, occlude
from fer_lib.faces.render import SAMPLES, Light
from fer_lib.faces.scene import Scene, camera_on, turned
from fer_lib.faces.units import expression_units

PEOPLE, TAKES = 0, 1  # first spawn keys: chance for people and for pictures


@dataclass(frozen=True, eq=False)
class Conditions:
    """How pictures are taken; angles in degrees, normal deviates.

    Attributes:
        yaw, pitch, roll: standard deviations of the head's pose.
        strength: lowest and highest strength of the expression.
        distractors: factor on gaze, blinks and idle movements.
        occluded: share of faces with something in front.
        shift: standard deviation of the face's place, share of half a side.
        zoom: lowest and highest magnification.
        photo: whether lens, grain and a busy background take part.
        side_light: standard deviation of the lamp's direction sideways.
    """

    yaw: float = 15.0
    pitch: float = 7.0
    roll: float = 6.0
    strength: tuple[float, float] = (0.5, 1.1)
    distractors: float = 1.0
    occluded: float = 0.12
    shift: float = 0.05
    zoom: tuple[float, float] = (0.95, 1.25)
    photo: bool = True
    side_light: float = 0.7


WILD = Conditions()
STUDIO = Conditions(
    yaw=6, pitch=3, roll=2, strength=(0.9, 1.1), distractors=0.4, occluded=0,
    shift=0, zoom=(0.9, 0.9), photo=False, side_light=0.35,
)  # fmt: skip
Columns = dict[str, np.ndarray]
CONDITIONS = {"wild": WILD, "studio": STUDIO}


@dataclass(frozen=True, eq=False)
class Portrait:
    """A rendered face and everything known of it.

    Attributes:
        image: grey ``uint8 [S, S]``.
        landmarks: ``float32 [68, 2]``, x and y in pixels, pixel centres at
            whole numbers, iBUG order.
        visible: ``bool [68]``, neither hidden by the head nor covered.
        units: ``float32 [52]``, intensities.
        strength: of the expression, 1 is a clear one.
        covered: ``bool [S, S]``, where something stands before the face.
        scene: what was drawn.
    """

    image: np.ndarray
    landmarks: np.ndarray
    visible: np.ndarray
    units: np.ndarray
    strength: float
    covered: np.ndarray
    scene: Scene

    def unit_map(self, unit: str) -> np.ndarray:
        """Visible pixels ``bool [S, S]`` whose surface point a unit moves."""
        return self.scene.unit_map(unit) & ~self.covered

    def shading_difference(self, unit: str) -> np.ndarray:
        """Change of grey ``[S, S]``, 0-1, that a unit makes where visible."""
        return self.scene.shading_difference(unit) * ~self.covered


@lru_cache(maxsize=256)
def subject_person(seed: int, subject: int) -> Person:
    """The person that a subject number stands for."""
    chance = np.random.SeedSequence(seed, spawn_key=(PEOPLE, subject))
    return person(np.random.default_rng(chance))


def _light(skin: float, conditions: Conditions, rng) -> Light:
    """A lamp set so that the skin is neither black nor burnt out."""
    aim = (
        rng.normal(0, conditions.side_light),
        rng.uniform(-0.1, 0.9),
        0.9,
    )
    # A camera half corrects for dark and for fair skin.
    level = rng.uniform(0.75, 1.2) * 1.25 * (0.32 / skin) ** 0.55
    hard = rng.uniform(0.45, 0.8)
    return Light(aim, level * hard, level * 0.3, level * (1 - hard))


def render_face(
    subject: int = 0,
    expression: str = "happy",
    size: int = 48,
    seed: int = 0,
    take: int = 0,
    conditions: Conditions = STUDIO,
) -> Portrait:
    """Draw one face; the same arguments give the same bytes.

    Args:
        subject: number of the person in the population of ``seed``.
        expression: a name of ``EXPRESSIONS``.
        size: side of the image in pixels.
        seed: of the population.
        take: number of the picture; pose, light and units follow from it.
        conditions: ``STUDIO`` (clean) or ``WILD``, or your own.

    Raises:
        FerError: when the expression is unknown or embreex is missing.
    """
    chance = np.random.SeedSequence(seed, spawn_key=(TAKES, take))
    act, stand, lamp, film = map(np.random.default_rng, chance.spawn(4))
    who = subject_person(seed, subject)
    strength = act.uniform(*conditions.strength)
    units = expression_units(
        load_head(), expression, act, strength, conditions.distractors
    )
    angles = np.clip(stand.normal(size=3), -2.5, 2.5) * np.radians(
        [conditions.yaw, conditions.pitch, conditions.roll]
    )
    camera = camera_on(
        who,
        size,
        turned(*angles),
        stand.uniform(*conditions.zoom),
        stand.uniform(6, 14),
        tuple(conditions.shift * np.clip(stand.normal(size=2), -2, 2)),
    )
    scene = Scene(who, units, camera, _light(who.look.skin, conditions, lamp))
    behind = background(size * SAMPLES, film) if conditions.photo else 0.55
    image = scene.draw(behind)
    points, visible = scene.landmarks()
    covered = np.zeros((size, size), bool)
    if film.random() < conditions.occluded:
        image, covered = occlude(image, points, film)
        column, row = np.clip(np.rint(points), 0, size - 1).astype(int).T
        visible = visible & ~covered[row, column]
    if conditions.photo:
        image = develop(image, film)
    return Portrait(
        np.rint(image * 255).astype(np.uint8), points.astype(np.float32),
        visible, units.astype(np.float32), float(strength), covered, scene,
    )  # fmt: skip


def draw_columns(arguments: tuple) -> Columns:
    """What a data set keeps of ``render_face(*arguments)``, by name.

    One argument, so that other processes can map it over a list.
    """
    face = render_face(*arguments)
    return {
        "image": face.image,
        "landmarks": face.landmarks,
        "visible": face.visible,
        "units": face.units,
        "strength": np.float32(face.strength),
    }
