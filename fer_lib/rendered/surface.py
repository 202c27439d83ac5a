"""The optical properties of what a ray hits: skin, hair, eyes and mouth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fer_lib.rendered.head import Head
from fer_lib.rendered.look import (
    EYE_X,
    Look,
    beard_cover,
    brow_cover,
    eye_paint,
    hair_cover,
    local,
    smoothstep,
    wrinkles,
)


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
    head: Head,
    hits,
    look: Look,
    folds: Mapping[str, float],
    occlusion: np.ndarray,
) -> Surface:
    """The properties of the points that rays hit.

    Args:
        head: whose parts and masks.
        hits: ``render.Hits`` with K points.
        look: the person's colours.
        folds: depth of the skin's folds by name, see ``look.wrinkles``.
        occlusion: ``[V]``, how open to the room the vertices are, 0-1.
    """
    place = hits.at(local(head))
    part = head.groups[hits.triangles]
    is_part = {n: part == i for i, n in enumerate(head.group_names)}
    mask = {k: hits.at(m) for k, m in head.masks.items()}
    hair = hair_cover(place, look) * (1 - smoothstep(0.2, 0.6, mask["ears"]))
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
    """Light in flat tones, and one tone of gloss, as in a drawing.

    Args:
        diffuse: ``[K]``, light that falls on a point; 1 is full.
        shine: ``[K]``, mirrored light.
        tones: number of different tones up to 1; the darkest is half a step
            above black.
    """
    steps = np.round(diffuse * (tones - 1)) / (tones - 1)
    return np.maximum(steps, 0.5 / (tones - 1)), np.where(shine > 0.2, 0.5, 0.0)
