"""Expressions as distributions over the 52 ARKit face units.

Expressions are sets of FACS action units (EMFACS: Friesen & Ekman 1983;
Ekman, Friesen & Hager, *FACS Investigator's Guide*, 2002, table 10-1); each
action unit moves one or more ARKit units.  No expression is one template:
intensities, sides and optional action units are drawn anew for each face.
"""

from collections.abc import Mapping

import numpy as np

from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.rendered.head import Head

# ARKit units of each action unit at full strength.  A name without a side
# stands for both; gains above 1 make up for cautious sculpting.
ACTION_UNITS = {
    1: {"browInnerUp": 1.7},
    2: {"browOuterUp": 1.0},
    4: {"browDown": 1.6},
    5: {"eyeWide": 1.2},
    6: {"cheekSquint": 0.75, "eyeSquint": 0.5},
    7: {"eyeSquint": 1.0},
    9: {"noseSneer": 1.5},
    10: {"mouthUpperUp": 1.3},
    12: {"mouthSmile": 1.1},
    14: {"mouthDimple": 1.0},
    15: {"mouthFrown": 1.4},
    16: {"mouthLowerDown": 1.2},
    17: {"mouthShrugLower": 1.0},
    20: {"mouthStretch": 1.2, "mouthLowerDown": 0.4},
    23: {"mouthRollLower": 0.5, "mouthRollUpper": 0.4, "mouthPucker": 0.35},
    24: {"mouthPress": 0.4, "mouthRollLower": 0.5, "mouthRollUpper": 0.5},
    25: {"mouthLowerDown": 0.6, "mouthUpperUp": 0.6},
    26: {"jawOpen": 0.8},
}

# For each expression: action unit, probability, lowest and highest share of
# full strength.
RECIPES = {
    "angry": (
        (4, 1.0, 0.75, 1.1), (7, 0.8, 0.4, 1.0), (5, 0.3, 0.2, 0.5),
        (9, 0.3, 0.1, 0.35), (24, 0.6, 0.5, 1.0), (23, 0.5, 0.5, 1.0),
        (15, 0.5, 0.2, 0.5), (17, 0.6, 0.3, 0.8), (25, 0.2, 0.5, 1.0),
    ),
    "disgust": (
        (9, 1.0, 0.6, 1.0), (10, 0.9, 0.5, 1.0), (4, 0.5, 0.2, 0.5),
        (15, 0.6, 0.3, 0.7), (16, 0.4, 0.3, 0.8), (6, 0.4, 0.3, 0.8),
    ),
    "fear": (
        (1, 1.0, 0.7, 1.0), (2, 0.7, 0.2, 0.6), (4, 0.9, 0.25, 0.5),
        (5, 1.0, 0.7, 1.1), (20, 1.0, 0.6, 1.1), (25, 0.9, 0.3, 0.9),
        (26, 0.4, 0.1, 0.3),
    ),
    "happy": (
        (12, 1.0, 0.6, 1.0), (6, 0.9, 0.4, 1.0), (25, 0.6, 0.4, 1.0),
        (26, 0.5, 0.1, 0.4),
    ),
    "sad": (
        (1, 1.0, 0.65, 1.1), (4, 0.6, 0.15, 0.45), (15, 1.0, 0.6, 1.1),
        (17, 0.7, 0.3, 0.9), (7, 0.3, 0.1, 0.4),
    ),
    "surprise": (
        (1, 1.0, 0.6, 1.0), (2, 1.0, 0.7, 1.1), (5, 1.0, 0.5, 1.0),
        (26, 1.0, 0.5, 1.1),
    ),
    "neutral": (),
    "contempt": ((12, 1.0, 0.4, 0.8), (14, 1.0, 0.6, 1.1), (7, 0.4, 0.2, 0.6)),
}  # fmt: skip
ONE_SIDED = ("contempt",)

SIDES = ("Left", "Right")


def action_units(
    expression: str, rng: np.random.Generator, strength: float = 1.0
) -> dict[int, float]:
    """Draw the action units of one face and their strengths."""
    if expression not in RECIPES:
        raise FerError(
            f"expression '{expression}' is unknown; expected one of "
            f"{', '.join(EXPRESSIONS)}."
        )
    drawn = {}
    for number, probability, low, high in RECIPES[expression]:
        present, share = rng.random() < probability, rng.uniform(low, high)
        if present:
            drawn[number] = strength * share
    return drawn


def action_vector(head: Head, actions: Mapping[int, float]) -> np.ndarray:
    """Face units ``float64 [52]`` of action units and their strengths."""
    units = np.zeros(len(head.unit_names))
    for number, share in actions.items():
        for name, gain in ACTION_UNITS[number].items():
            for unit in (name, *(name + side for side in SIDES)):
                if unit in head.unit_names:
                    units[head.unit_names.index(unit)] += gain * share
    return units


def expression_units(
    head: Head,
    expression: str,
    rng: np.random.Generator,
    strength: float = 1.0,
    distractors: float = 1.0,
) -> np.ndarray:
    """Draw unit intensities ``float64 [52]`` for one face.

    They go from 0 (rest) to about 2 (1 is the sculpted shape).  A ``strength`` of 1
    is a clear expression; ``distractors`` is a factor on movements that have nothing
    to do with it, and are the same for every expression.
    """
    names = head.unit_names
    # Drawn first, so that they cannot depend on the expression.
    idle = distractors * distractor_units(head, rng)
    units = action_vector(head, action_units(expression, rng, strength))
    tilt = np.clip(rng.normal(0, 0.12), -0.3, 0.3)
    if expression in ONE_SIDED:
        tilt = rng.choice([-1.0, 1.0]) * rng.uniform(0.75, 1)
    for k, name in enumerate(names):
        units[k] *= 1 - max(0, tilt) * name.endswith("Left")
        units[k] *= 1 + min(0, tilt) * name.endswith("Right")
    return units + idle


def distractor_units(head: Head, rng: np.random.Generator) -> np.ndarray:
    """Gaze, blinks and idle movements ``[52]``, whatever the expression."""
    across, up = rng.normal(0, 0.3), rng.normal(0, 0.2)
    blink = rng.uniform(0, 0.15) + 0.3 * (rng.random() < 0.05)
    mouth, jaw = rng.normal(0, 0.06, 2)
    return head.unit_vector(
        eyeLookInLeft=max(0, -across),
        eyeLookOutRight=max(0, -across),
        eyeLookOutLeft=max(0, across),
        eyeLookInRight=max(0, across),
        eyeLookUp=max(0, up),
        eyeLookDown=max(0, -up),
        eyeBlink=blink,
        jawOpen=rng.uniform(0, 0.04),
        mouthLeft=max(0, mouth),
        mouthRight=max(0, -mouth),
        jawLeft=max(0, jaw),
        jawRight=max(0, -jaw),
        browInnerUp=rng.uniform(0, 0.12),
        browDown=rng.uniform(0, 0.12),
        mouthSmile=rng.uniform(0, 0.08),
        cheekPuff=rng.uniform(0, 0.08),
    )
