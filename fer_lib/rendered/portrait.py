"""One rendered face from a seed: picture, landmarks and ground truth."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fer_lib.rendered.conditions import STUDIO, Conditions
from fer_lib.rendered.head import load_head
from fer_lib.rendered.people import Person, character, person
from fer_lib.rendered.photo import background, compress, develop, occlude
from fer_lib.rendered.render import SAMPLES, Light
from fer_lib.rendered.scene import Scene, camera_on, turned
from fer_lib.rendered.units import distractor_units, expression_units

# First spawn keys: chance for people, for pictures and for single frames.
PEOPLE, TAKES, FRAMES = 0, 1, 4
SWAY = 12  # frames from rest to the other end of idle movements
FLAT_TONES = 4

Columns = dict[str, np.ndarray]


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


@lru_cache(maxsize=256)
def subject_person(seed: int, subject: int) -> Person:
    """The person that a subject number stands for."""
    chance = np.random.SeedSequence(seed, spawn_key=(PEOPLE, subject))
    return person(np.random.default_rng(chance))


def _chance(seed: int, take: int) -> list[np.random.Generator]:
    """Six streams: act, stand, lamp, film, drift and compression."""
    chance = np.random.SeedSequence(seed, spawn_key=(TAKES, take))
    return [np.random.default_rng(stream) for stream in chance.spawn(6)]


def _light(skin: float, conditions: Conditions, rng) -> Light:
    """A lamp set so that the skin is neither black nor burnt out."""
    aim = (rng.normal(0, conditions.side_light), rng.uniform(-0.1, 0.9), 0.9)
    # A camera half corrects for dark and for fair skin.
    level = rng.uniform(0.75, 1.2) * 1.25 * (0.32 / skin) ** 0.55
    hard = rng.uniform(0.45, 0.8)
    tones = FLAT_TONES if conditions.stylised else 0
    return Light(aim, level * hard, level * 0.3, level * (1 - hard), tones)


def set_scene(
    subject, expression, size, seed, take, conditions, frame=0, intensity=1.0
) -> tuple[Scene, float]:
    """What :func:`render_face` draws, before any ray is cast; same arguments.

    Returns the scene and the strength of the expression.
    """
    act, stand, lamp, _, drift, _ = _chance(seed, take)
    cast = character(subject) if conditions.stylised else subject_person(seed, subject)
    strength = act.uniform(*conditions.strength) * intensity
    units = expression_units(
        load_head(), expression, act, strength, conditions.distractors
    )
    angles = np.clip(stand.normal(size=3), -2.5, 2.5) * np.radians(
        [conditions.yaw, conditions.pitch, conditions.roll]
    )
    zoom, distance = stand.uniform(*conditions.zoom), stand.uniform(6, 14)
    shift = tuple(conditions.shift * np.clip(stand.normal(size=2), -2, 2))
    if frame > 1:
        turn = np.clip(drift.normal(size=3), -2.5, 2.5) * np.radians(conditions.drift)
        # So that the head does not spin in a long sequence.
        angles = angles + turn * SWAY * np.sin((frame - 1) / SWAY)
        sway = 0.5 - 0.5 * np.cos(np.pi * (frame - 1) / SWAY)
        idle = conditions.distractors * distractor_units(load_head(), drift)
        units = units + sway * idle
    camera = camera_on(cast, size, turned(*angles), zoom, distance, shift)
    light = _light(cast.look.skin, conditions, lamp)
    return Scene(cast, units, camera, light), strength


def render_face(
    subject: int = 0,
    expression: str = "happy",
    size: int = 48,
    seed: int = 0,
    take: int = 0,
    conditions: Conditions = STUDIO,
    frame: int = 0,
    intensity: float = 1.0,
) -> Portrait:
    """Draw one face; the same arguments give the same bytes.

    Args:
        subject: number of the person in the population of ``seed``, or of a
            stylised character.
        expression: a name of ``EXPRESSIONS``.
        size: side of the image in pixels.
        seed: of the population.
        take: number of the picture or of the sequence; pose, light and
            units follow from it.
        conditions: one of ``CONDITIONS``, or your own.
        frame: of a sequence, from 1; identity, light and the expression's
            units stay, head and gaze drift.  0 is a picture of its own.
        intensity: share of the take's strength, 0 is a neutral face.

    Raises:
        FerError: when the expression or the character is unknown, or
            embreex is missing.
    """
    scene, strength = set_scene(
        subject, expression, size, seed, take, conditions, frame, intensity
    )
    *_, film, _, press = _chance(seed, take)
    behind = background(size * SAMPLES, film) if conditions.background else 0.55
    image = scene.draw(behind)
    points, visible = scene.landmarks()
    covered = np.zeros((size, size), bool)
    if film.random() < conditions.occluded:
        image, covered = occlude(image, points, film)
        column, row = np.clip(np.rint(points), 0, size - 1).astype(int).T
        visible = visible & ~covered[row, column]
    if conditions.blur or conditions.exposure or any(conditions.grain):
        if frame:  # the noise of every frame is its own
            key = np.random.SeedSequence(seed, spawn_key=(FRAMES, take, frame))
            film = np.random.default_rng(key)
        image = develop(
            image, film, conditions.blur, conditions.exposure, conditions.grain
        )
    image = np.rint(image * 255).astype(np.uint8)
    if any(conditions.jpeg):
        image = compress(image, round(press.uniform(*conditions.jpeg)))
    return Portrait(
        image, points.astype(np.float32), visible, scene.units.astype(np.float32),
        float(strength), covered, scene,
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
