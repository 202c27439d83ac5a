"""Six drawn characters: exaggerated heads, as in a cartoon."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from fer_lib.errors import FerError
from fer_lib.landmarks import LANDMARKS
from fer_lib.rendered.head import Head, load_head
from fer_lib.rendered.look import Look
from fer_lib.rendered.people import Person

# Landmarks at whose mean a region of the face swells or shrinks, and how
# far that reaches, decimetres.
REGIONS = {
    "right_eye": ((36, 39), 0.26),
    "left_eye": ((42, 45), 0.26),
    "nose": ((30, 33), 0.26),
    "mouth": ((48, 54), 0.36),
    "jaw": ((6, 10), 0.5),
}


@dataclass(frozen=True, eq=False)
class Character(Person):
    """A person of whom some regions are drawn too large or too small.

    Attributes:
        sizes: factor on the size of a region of ``REGIONS``.
    """

    sizes: Mapping[str, float]

    @cached_property
    def _centres(self) -> dict[str, np.ndarray]:
        return {
            region: self.neutral[LANDMARKS[list(points)]].mean(0)
            for region, (points, _) in REGIONS.items()
        }

    def posed(self, units: np.ndarray) -> np.ndarray:
        """The vertices ``[V, 3]`` with units moved, then exaggerated."""
        points = super().posed(units)
        moved = points.copy()
        for region, factor in self.sizes.items():
            away = points - self._centres[region]
            reach = REGIONS[region][1]
            near = np.exp(-0.5 * np.sum((away / reach) ** 2, 1))
            moved += (factor - 1) * near[:, None] * away
        return moved


# Identity, axes of shape (eyes and cheeks on both sides), sizes, look.
_CAST = (
    ("asian-female-young",
     {"head-round": 1.0, "nose-volume-decr": 1.0, "chin-width-decr": 0.8},
     {"eyes": 1.5, "nose": 0.7, "mouth": 1.1, "jaw": 0.85},
     {"skin": 0.5, "hair": 0.02, "lips": 0.4, "iris": 0.03, "shirt": 0.3,
      "hairline": 0.38, "volume": 0.16, "length": 1.0, "liner": 1.0}),
    ("caucasian-male-young",
     {"head-square": 1.3, "chin-width-incr": 1.2, "chin-prominent-incr": 1.0},
     {"eyes": 1.3, "nose": 1.15, "mouth": 1.1, "jaw": 1.3},
     {"skin": 0.42, "hair": 0.06, "brow": 0.15, "shirt": 0.05,
      "brow_width": 1.6, "hairline": 0.6, "volume": 0.3, "beard": 0.0}),
    ("african-female-young",
     {"head-oval": 1.0, "mouth-lowerlip-volume-incr": 1.0,
      "mouth-upperlip-volume-incr": 1.0, "l-cheek-bones-incr": 1.0},
     {"eyes": 1.4, "nose": 0.85, "mouth": 1.15, "jaw": 0.9},
     {"skin": 0.09, "hair": 0.01, "lips": 0.7, "iris": 0.02, "shirt": 0.4,
      "hairline": 0.5, "volume": 0.32, "liner": 0.9}),
    ("african-male-young",
     {"head-rectangular": 1.2, "chin-height-incr": 1.0, "head-fat-decr": 1.0},
     {"eyes": 1.4, "nose": 1.25, "mouth": 1.25, "jaw": 1.1},
     {"skin": 0.13, "hair": 0.015, "shirt": 0.3, "iris": 0.02,
      "hairline": 0.66, "volume": 0.02, "beard": 0.8, "moustache": 0.2}),
    ("caucasian-female-young",
     {"head-triangular": 1.0, "nose-point-up": 1.2, "cheek-volume-incr": 1.0},
     {"eyes": 1.6, "nose": 0.75, "mouth": 1.05, "jaw": 0.75},
     {"skin": 0.56, "hair": 0.22, "brow": 0.3, "lips": 0.45, "iris": 0.16,
      "shirt": 0.1, "hairline": 0.52, "volume": 0.14, "length": 1.6,
      "liner": 0.9}),
    ("asian-male-young",
     {"head-fat-incr": 1.3, "head-round": 0.8, "cheek-volume-incr": 1.2},
     {"eyes": 1.3, "nose": 1.3, "mouth": 1.3, "jaw": 1.05},
     {"skin": 0.36, "hair": 0.03, "shirt": 0.15, "brow_width": 1.3,
      "hairline": 2.0, "volume": 0.0}),
)  # fmt: skip
CHARACTERS = len(_CAST)


def _shapes(head: Head, axes: Mapping[str, float]) -> np.ndarray:
    """Weights ``[226]``; an axis of eye or cheek sets both sides."""
    sides = {
        f"{side}{axis}": w for axis, w in axes.items() for side in ("", "l-", "r-")
    }
    return np.array([sides.get(name, 0.0) for name in head.shape_names])


@cache
def character(number: int) -> Character:
    """A drawn character, 0 to 5.

    Raises:
        FerError: when there is none of that number.
    """
    if not 0 <= number < CHARACTERS:
        raise FerError(
            f"rendered faces: character {number} does not exist, expected 0 "
            f"to {CHARACTERS - 1}."
        )
    head = load_head()
    identity, axes, sizes, look = _CAST[number]
    macros = np.array([float(name == identity) for name in head.macro_names])
    eyes = dict.fromkeys(("left_eye", "right_eye"), sizes["eyes"])
    sizes = eyes | {k: v for k, v in sizes.items() if k != "eyes"}
    return Character(macros, _shapes(head, axes), Look(seed=number, **look), sizes)
