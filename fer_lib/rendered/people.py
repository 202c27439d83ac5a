"""A population of imaginary people, and six drawn characters as in a cartoon."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from fer_lib.errors import FerError
from fer_lib.landmarks import LANDMARKS
from fer_lib.rendered.head import Head, load_head
from fer_lib.rendered.render import normals
from fer_lib.rendered.surface import Look, hair_volume, local

# Shape axes that would look like an expression, or only move the head.
_LEFT_OUT = (
    "eyebrows-angle", "mouth-angles", "head-trans", "mouth-trans-in",
    "mouth-trans-out", "head-angle", "mouth-laugh-lines",
)  # fmt: skip
FEATURES = 16  # that a person deviates on


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody who does not exist.

    Attributes:
        macros: ``[6]``, weights of the identities, sum 1.
        shapes: ``[226]``, weights of the shape axes.
        look: colours and hair.
    """

    macros: np.ndarray
    shapes: np.ndarray
    look: Look

    @cached_property
    def neutral(self) -> np.ndarray:
        """The vertices ``[V, 3]`` at rest, with the volume of the hair."""
        head = load_head()
        skin = head.shape(self.macros, self.shapes)
        thick = hair_volume(local(head), self.look)
        thick *= 1 - head.masks["ears"]
        long = head.groups == head.group_names.index("hair")
        thick[np.unique(head.triangles[long])] = 0.7 * self.look.volume
        skin += thick[:, None] * normals(skin, self.triangles)
        skin[:, 1] -= head.curtain * self.look.length
        return skin

    def posed(self, units: np.ndarray) -> np.ndarray:
        """The vertices ``[V, 3]`` with face units ``[52]`` moved."""
        return load_head().express(self.neutral, units)

    @property
    def triangles(self) -> np.ndarray:
        """The head's triangles, long hair only for those who wear it."""
        head = load_head()
        return head.triangles if self.look.length else head.short_triangles


def _split(name: str) -> tuple[str, str]:
    """An axis's name without side, cut into feature and direction."""
    name = name.removeprefix("l-").removeprefix("r-")
    feature, _, direction = name.rpartition("-")
    return feature, direction


def _shapes(head: Head, rng: np.random.Generator) -> np.ndarray:
    """A few features, each in one direction, left and right almost alike."""
    ways: dict[str, list[str]] = {}
    for feature, direction in sorted({_split(n) for n in head.shape_names}):
        if not f"{feature}-{direction}".startswith(_LEFT_OUT):
            ways.setdefault(feature, []).append(direction)
    weights = np.zeros(len(head.shape_names))
    for feature in rng.choice(list(ways), FEATURES, replace=False):
        chosen = (feature, rng.choice(ways[feature]))
        amount = rng.uniform(0.1, 0.65)
        for k, name in enumerate(head.shape_names):
            if _split(name) == chosen:
                weights[k] = amount * rng.uniform(0.92, 1)
    return weights


def _look(rng: np.random.Generator, african: float, male: float) -> Look:
    """Colours and hair; darker skin goes with the share of one macro."""
    tone = np.clip(0.75 - 0.75 * african + rng.normal(0, 0.16), 0, 1)
    skin = 0.05 * (0.52 / 0.05) ** tone
    dark = rng.random() < np.interp(tone, [0.45, 1], [1, 0.35])
    hair = rng.uniform(0.01, 0.03) if dark else rng.uniform(0.05, 0.3)
    if rng.random() < 0.07:  # grey
        hair = min(rng.uniform(0.15, 0.35), skin + 0.1)
    style = rng.choice(
        ["short", "buzz", "bald", "fringe", "full", "long"],
        p=_STYLES_MALE if male > 0.5 else _STYLES_FEMALE,
    )
    line, volume, length = {
        "short": (rng.uniform(0.55, 0.68), rng.uniform(0.06, 0.14), 0),
        "buzz": (rng.uniform(0.58, 0.72), rng.uniform(0.0, 0.02), 0),
        "bald": (2.0, 0.0, 0),
        "fringe": (rng.uniform(0.33, 0.42), rng.uniform(0.08, 0.14), 0),
        "full": (rng.uniform(0.55, 0.65), rng.uniform(0.18, 0.32), 0),
        "long": (
            rng.uniform(0.45, 0.66),
            rng.uniform(0.06, 0.14),
            rng.uniform(0.6, 1.8),
        ),
    }[style]
    if style == "fringe" and male <= 0.5 and rng.random() < 0.6:
        length = rng.uniform(0.5, 1.6)
    bearded = male > 0.5 and rng.random() < 0.35
    return Look(
        skin=skin,
        hair=hair,
        brow=min(0.75, 0.12 + 1.2 * hair / (skin + 0.1)),
        lips=rng.uniform(0.45, 0.8),
        iris=rng.uniform(0.02, 0.05) if dark else rng.uniform(0.05, 0.25),
        shirt=rng.uniform(0.02, 0.4),
        brow_width=rng.uniform(0.75, 1.2) * (0.75 + 0.35 * male),
        brow_height=rng.uniform(-0.015, 0.02),
        hairline=line,
        temple=rng.uniform(-0.05, 0.15 * male),
        volume=volume,
        length=length,
        beard=rng.uniform(0.2, 0.9) if bearded else 0,
        moustache=rng.uniform(0.2, 0.9) if bearded else 0,
        liner=rng.uniform(0.35, 0.6) + 0.25 * (1 - male),
        seed=int(rng.integers(1000)),
    )


_STYLES_MALE = [0.45, 0.2, 0.12, 0.1, 0.08, 0.05]
_STYLES_FEMALE = [0.1, 0.03, 0.02, 0.2, 0.15, 0.5]


def person(rng: np.random.Generator) -> Person:
    """Draw a person: a mixture of identities, axes of shape, a look."""
    head = load_head()
    main = rng.integers(len(head.macro_names))
    macros = 0.25 * rng.dirichlet(np.full(len(head.macro_names), 0.5))
    macros[main] += 0.75
    african, male = (
        sum(m for m, n in zip(macros, head.macro_names, strict=True) if s in n)
        for s in ("african", "-male")
    )
    return Person(macros, _shapes(head, rng), _look(rng, african, male))


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
    # An axis of eye or cheek without a side sets both.
    plain = [name.removeprefix("l-").removeprefix("r-") for name in head.shape_names]
    pairs = zip(head.shape_names, plain, strict=True)
    shapes = np.array([axes.get(name, axes.get(both, 0.0)) for name, both in pairs])
    return Character(macros, shapes, Look(seed=number, **look), sizes)
