"""The looks of people, and the optical properties of what a ray hits.

Where brows, hair, beard, folds and iris lie is a function of the place on the
*base* mesh (decimetres from the point between the eyes), so paint moves with
the skin, and its detail does not depend on the mesh.  Values are linear
reflectances of grey light.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fer_lib.rendered.head import Head

# The base mesh's eyeballs: distance from the mid-line, and radius.
EYE_X, EYE_RADIUS = 0.308, 0.142


@dataclass(frozen=True)
class Look:
    """A person's colouring and hair.

    Attributes:
        skin, hair, brow, lips, iris, shirt: linear reflectances, 0-1;
            ``lips`` and ``brow`` are multiples of the skin's.
        brow_width: thickness of the brows, 1 is average.
        brow_height: displacement upwards, decimetres.
        hairline: height of the hair above the eyes at the front, dm;
            a large value is a bald head.
        temple: how far the hair recedes at the temples, dm.
        volume: thickness of the hair, decimetres.
        length: how far hair hangs below the eyes behind the ears, dm;
            0 is short hair.
        beard: 0 shaved, 1 full.
        moustache: 0 shaved, 1 full.
        liner: darkness of the lid's edge, 0-1.
        seed: of the texture of the hair.
    """

    skin: float = 0.4
    hair: float = 0.03
    brow: float = 0.25
    lips: float = 0.6
    iris: float = 0.08
    shirt: float = 0.2
    brow_width: float = 1.0
    brow_height: float = 0.0
    hairline: float = 0.62
    temple: float = 0.0
    volume: float = 0.08
    length: float = 0.0
    beard: float = 0.0
    moustache: float = 0.0
    liner: float = 0.5
    seed: int = 0


def local(head: Head) -> np.ndarray:
    """Base vertices ``[V, 3]`` relative to the point between the eyes."""
    return head.vertices - head.eye_centre(head.vertices)


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between (low > high falls)."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def brow_cover(place: np.ndarray, look: Look) -> np.ndarray:
    """Coverage of the skin by brow hair, 0-1."""
    across = np.abs(place[:, 0])
    knots = [0.07, 0.2, 0.33, 0.44, 0.56]
    line = np.interp(across, knots, [0.175, 0.19, 0.2, 0.195, 0.12])
    half = np.interp(across, knots, [0.03, 0.04, 0.036, 0.028, 0.012])
    off = np.abs(place[:, 1] - line - look.brow_height)
    inside = smoothstep(1.5, 0.5, off / (half * look.brow_width))
    ends = smoothstep(0.045, 0.09, across) * smoothstep(0.59, 0.53, across)
    return inside * ends * (place[:, 2] > -0.2)


def hair_depth(place: np.ndarray, look: Look) -> np.ndarray:
    """Height above the hairline, dm; it runs from the front to the nape."""
    x, y, z = place.T
    turn = np.degrees(np.arctan2(np.abs(x), z + 0.75))
    front, temple = look.hairline, look.temple
    line = np.interp(
        turn,
        [0, 22, 38, 50, 62, 80, 100, 130, 180],
        [front, front, front - 0.02 + temple, 0.35 + temple, 0.12,
         -0.1, 0.05, -0.45, -0.6],
    )  # fmt: skip
    wave = 0.015 * np.sin(29 * x + look.seed) + 0.01 * np.sin(53 * x + 1)
    return y - line + wave


def hair_volume(place: np.ndarray, look: Look) -> np.ndarray:
    """Thickness of the hair, decimetres; thin at the hairline."""
    depth = hair_depth(place, look)
    ear = smoothstep(0.5, 0.2, np.hypot(place[:, 1] + 0.2, place[:, 2] + 0.75))
    return look.volume * smoothstep(-0.02, 0.12 + look.volume, depth) * (1 - ear)


def beard_cover(place: np.ndarray, look: Look) -> np.ndarray:
    """Density of the hair of chin, jaw and upper lip, 0-1."""
    x, y, z = place.T
    across = np.abs(x)
    top = np.interp(
        across, [0, 0.2, 0.35, 0.6, 0.75], [-0.87, -0.82, -0.66, -0.45, -0.1]
    )
    chin = smoothstep(0.08, -0.1, y - top) * smoothstep(-0.8, -0.4, z)
    chin *= smoothstep(-1.35, -1.1, y)
    lip = smoothstep(0.33, 0.15, across) * smoothstep(-0.485, -0.53, y)
    lip *= smoothstep(-0.78, -0.62, y) * (z > 0)
    return np.maximum(chin * look.beard, lip * look.moustache)


def _groove(distance: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-((distance / width) ** 2))


def wrinkles(place: np.ndarray, folds: Mapping[str, float]) -> np.ndarray:
    """Darkening ``[K]`` of the folds that face units deepen, 0-1."""
    x, y, z = place.T
    across, front = np.abs(x), z > -0.3
    dark = np.zeros(len(place))
    if fold := folds.get("cheek", 0):
        line = np.interp(-y, [0.36, 0.45, 0.6, 0.75], [0.17, 0.25, 0.34, 0.37])
        span = smoothstep(-0.34, -0.42, y) * smoothstep(-0.8, -0.68, y)
        dark += 0.32 * fold * span * _groove(across - line, 0.022)
    if fold := folds.get("forehead", 0):
        lines = sum(
            _groove(y - h - 0.03 * np.cos(4 * x), 0.014) for h in (0.34, 0.43, 0.52)
        )
        dark += 0.17 * fold * lines * smoothstep(0.42, 0.25, across)
    if fold := folds.get("glabella", 0):
        span = smoothstep(0.05, 0.12, y) * smoothstep(0.29, 0.17, y)
        dark += 0.3 * fold * span * _groove(across - 0.05, 0.015)
    if fold := folds.get("nose", 0):
        lines = sum(_groove(y - h - 0.5 * across, 0.012) for h in (-0.02, -0.07, -0.12))
        dark += 0.25 * fold * lines * smoothstep(0.13, 0.07, across)
    return np.clip(dark * front, 0, 0.7)


def eye_paint(place: np.ndarray, look: Look) -> np.ndarray:
    """Reflectance of an eyeball: white, iris with a dark rim, pupil."""
    sideways = np.abs(place[:, 0]) - EYE_X
    angle = np.degrees(
        np.arcsin(np.clip(np.hypot(sideways, place[:, 1]) / EYE_RADIUS, 0, 1))
    )
    fair = 0.3 + 0.6 * look.skin**0.5
    white = fair - 0.12 * smoothstep(35, 60, angle)
    ring = look.iris * (1 - 0.6 * smoothstep(20, 27, angle))
    edge = smoothstep(27, 31, angle)
    paint = ring * (1 - edge) + white * edge
    return np.where(angle < 11, 0.008, paint)


@dataclass(frozen=True, eq=False)
class Surface:
    """Optical properties of ``K`` points, each ``float64 [K]``.

    Attributes:
        albedo: share of light scattered, 0-1.
        open: share of the room's light that reaches the point, 0-1.
        wrap: how far light creeps past the terminator (skin is translucent).
        gloss: strength of the mirror-like part.
        sharpness: exponent of that part.
    """

    albedo: np.ndarray
    open: np.ndarray
    wrap: np.ndarray
    gloss: np.ndarray
    sharpness: np.ndarray


def surface(
    head: Head, hits, look: Look, folds: Mapping[str, float], occlusion: np.ndarray
) -> Surface:
    """The properties of the K points that rays hit.

    ``folds`` are how deep the skin is folded, by name, and ``occlusion [V]`` how
    open to the room the vertices are, 0-1.
    """
    place = hits.at(local(head))
    part = head.groups[hits.triangles]
    is_part = {n: part == i for i, n in enumerate(head.group_names)}
    mask = {k: hits.at(m) for k, m in head.masks.items()}
    hair = smoothstep(-0.03, 0.05, hair_depth(place, look)) * (
        1 - smoothstep(0.2, 0.6, mask["ears"])
    )
    hair[is_part["hair"]] = 1
    lips = smoothstep(0.35, 0.65, mask["lips"])

    albedo = _skin(place, mask, lips, look, folds)
    albedo += hair * (_strands(place, look) - albedo)
    shirt = place[:, 1] < -1.5 - 0.25 * np.abs(place[:, 0])
    albedo[shirt & ~is_part["hair"]] = look.shirt
    cavity = mask["inside-mouth"] > 0.5
    nostril = place[:, 1] > -0.52
    albedo[cavity] = np.where(nostril, 0.5 * look.skin, 0.05)[cavity]
    made = Surface(
        albedo,
        open=hits.at(occlusion),
        wrap=np.where(hair > 0.5, 0.0, 0.15),
        gloss=0.05 * (1 - hair) + 0.05 * lips,
        sharpness=np.full(len(place), 14.0),
    )
    eyes = is_part["left_eye"] | is_part["right_eye"]
    teeth = is_part["upper_teeth"] | is_part["lower_teeth"]
    _set_eyes(made, eyes, eye_paint(place, look))
    _set_mouth(made, teeth, is_part["tongue"], place, look)
    return made


def _skin(place, mask, lips, look: Look, folds) -> np.ndarray:
    """Albedo ``[K]`` of skin with lips, lids, folds, beard and brows."""
    albedo = np.full(len(place), look.skin)
    below_eye = np.hypot(np.abs(place[:, 0]) - EYE_X, place[:, 1] + 0.1)
    albedo *= 1 - 0.12 * smoothstep(0.3, 0.0, below_eye)
    albedo *= 1 - wrinkles(place, folds)
    albedo *= 1 - lips * (1 - look.lips)
    lids = smoothstep(0.45, 0.95, mask["eyelids"])
    albedo *= 1 - 0.8 * look.liner * lids
    beard = beard_cover(place, look) * (1 - lips)
    albedo += beard * 0.85 * (look.hair - albedo)
    brow = brow_cover(place, look)
    return albedo + brow * (look.skin * look.brow - albedo)


def _strands(place: np.ndarray, look: Look) -> np.ndarray:
    """Albedo ``[K]`` of hair: wavy strands that fall from the crown."""
    turn = np.arctan2(place[:, 0], place[:, 2] + 0.75)
    wisp = 3 * np.sin(2.3 * place[:, 1] + look.seed)
    strand = np.sin(43 * turn + wisp) + np.sin(97 * turn + wisp + 2)
    return look.hair * (1 + 0.22 * strand)


def _set_eyes(made: Surface, eyes: np.ndarray, paint: np.ndarray) -> None:
    made.albedo[eyes] = paint[eyes]
    made.open[eyes] = 0.35 + 0.65 * made.open[eyes]
    made.wrap[eyes] = 0.1
    made.gloss[eyes] = 0.8
    made.sharpness[eyes] = 120


def _set_mouth(made: Surface, teeth, tongue, place, look: Look) -> None:
    """Teeth with gums and gaps, and the tongue.

    The base mesh's mouth is closed, so its occlusion says nothing here:
    what lies further back gets less light.
    """
    front = smoothstep(-0.15, 0.2, place[:, 2])
    gums = smoothstep(0.1, 0.13, np.abs(place[:, 1] + 0.68))
    gaps = smoothstep(0.9, 1, np.cos(place[:, 0] * 2 * np.pi / 0.075))
    enamel = 0.68 * (1 - 0.3 * gaps)
    made.albedo[teeth] = (enamel + gums * (0.08 - enamel))[teeth]
    made.open[teeth] = (0.1 + 0.8 * front)[teeth]
    made.gloss[teeth] = 0.2
    made.sharpness[teeth] = 30
    made.albedo[tongue] = 0.15 * look.skin + 0.08
    made.open[tongue] = (0.05 + 0.3 * front)[tongue]


def flat(
    diffuse: np.ndarray, shine: np.ndarray, tones: int
) -> tuple[np.ndarray, np.ndarray]:
    """Light ``[K]`` in flat tones, and one tone of gloss, as in a drawing.

    The darkest tone is half a step above black.
    """
    steps = np.round(diffuse * (tones - 1)) / (tones - 1)
    return np.maximum(steps, 0.5 / (tones - 1)), np.where(shine > 0.2, 0.5, 0.0)
