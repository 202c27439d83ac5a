"""Faces whose evidence is known: what each of the face units moves.

Everything of a picture but its movements is drawn from a seed, so that the
same picture can be made again without one unit, with one unit alone, or with
one cue (:mod:`fer_lib.rendered.cues`) the other way round, and with nothing
else changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fer_lib.errors import FerError
from fer_lib.rendered import cues
from fer_lib.rendered.conditions import Conditions
from fer_lib.rendered.head import load_head
from fer_lib.rendered.photo import background, develop
from fer_lib.rendered.portrait import set_scene
from fer_lib.rendered.render import SAMPLES
from fer_lib.rendered.scene import Scene, shifted
from fer_lib.rendered.units import expression_units

MOVED = 9  # first spawn key, beside those of portraits, corpora and evidence
STRENGTHS = (0.9, 1.3)  # of a unit that moves, shares of its full strength
# A quiet camera: what moves is the face.
TAKEN = Conditions(
    yaw=6, pitch=3, roll=3, occluded=0, shift=0.02, zoom=(1.0, 1.15),
    side_light=0.3, blur=0.3, exposure=0.5, grain=(0.004, 0.015),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class MovedFace:
    """A picture of a face, and how to change one thing about it.

    Attributes:
        resting: person, camera and light; units are idle movements.
        strengths: of the units that move, by name.
        cues: which cues are set, by name; all of them or none.
        key: seed and number of the take; background and film follow from it.
    """

    resting: Scene
    strengths: Mapping[str, float]
    cues: Mapping[str, bool]
    key: tuple[int, int]

    @cached_property
    def scene(self) -> Scene:
        """What stands before the camera."""
        names = load_head().unit_names
        units = self.resting.units.copy()
        for name, strength in self.strengths.items():
            units[names.index(name)] += strength
        moving = replace(self.resting, units=units)
        return cues.staged(moving, self.cues) if self.cues else moving

    def picture(self) -> np.ndarray:
        """The grey image ``uint8 [S, S]``; the film is the same of one take."""
        film = _chance(*self.key, 1)
        room = background(self.scene.camera.size * SAMPLES, film)
        if self.cues:
            room = cues.room(room, self.cues)
        image = self.scene.draw(room)
        image = cues.marked(image, self.cues) if self.cues else image
        image = develop(image, film, TAKEN.blur, TAKEN.exposure, TAKEN.grain)
        return np.rint(image * 255).astype(np.uint8)

    def shift(self, *units: str) -> np.ndarray:
        """How far, in pixels, some of its units move each point, ``[S, S]``.

        Zero under a mark, which hides the face.
        """
        found = shifted(self.scene, self.without(*units).scene)
        hidden = cues.mark_place(len(found)) & bool(self.cues and self.cues["mark"])
        return np.where(hidden, 0, found)

    def without(self, *units: str) -> "MovedFace":
        """The same picture with some of its units at rest."""
        self._check(units)
        left = {k: v for k, v in self.strengths.items() if k not in units}
        return replace(self, strengths=left)

    def with_only(self, *units: str) -> "MovedFace":
        """The same picture with all of its units but these at rest."""
        self._check(units)
        return replace(self, strengths={k: self.strengths[k] for k in units})

    def switched(self, cue: str) -> "MovedFace":
        """The same picture with one cue the other way round."""
        return replace(self, cues={**self.cues, cue: not self.cues[cue]})

    def cue_map(self, cue: str) -> np.ndarray:
        """Absolute change of grey ``[S, S]``, 0-1, that a cue makes."""
        other = self.switched(cue)
        return cues.change((self.scene, self.cues), (other.scene, other.cues))

    def _check(self, units: Iterable[str]) -> None:
        for unit in units:
            if unit not in self.strengths:
                raise FerError(
                    f"face unit '{unit}' does not move in this face; expected one of "
                    f"{', '.join(self.strengths)}."
                )


def moved_face(
    subject: int,
    units: Iterable[str],
    size: int = 64,
    seed: int = 0,
    take: int = 0,
    set_cues: Mapping[str, bool] | None = None,
) -> MovedFace:
    """A person who moves some units; strengths follow from the take.

    Each unit's strength is drawn whether it moves or not, so that takes with
    other units agree in those that they share.

    Args:
        subject: number of the person in the population of ``seed``.
        units: names of those that move.
        size: side of the image in pixels.
        seed: of the population.
        take: number of the picture.
        set_cues: which cues are set; None for pictures without any.
    """
    head, chance = load_head(), _chance(seed, take, 0)
    drawn = chance.uniform(*STRENGTHS, len(head.unit_names)).tolist()
    strength = dict(zip(head.unit_names, drawn, strict=True))
    head.unit_vector(**dict.fromkeys(units, 1.0))  # which refuses unknown names
    resting, _ = set_scene(subject, "neutral", size, seed, take, TAKEN)
    chosen = {name: strength[name] for name in units}
    return MovedFace(resting, chosen, set_cues or {}, (seed, take))


def expressive_face(
    subject: int, expression: str, size: int = 64, seed: int = 0, take: int = 0
) -> MovedFace:
    """A person with an expression, whose units are known one by one."""
    head, chance = load_head(), _chance(seed, take, 0)
    drawn = expression_units(head, expression, chance, distractors=0.0)
    named = zip(head.unit_names, drawn.tolist(), strict=True)
    resting, _ = set_scene(subject, "neutral", size, seed, take, TAKEN)
    return MovedFace(resting, {k: v for k, v in named if v}, {}, (seed, take))


def _chance(seed: int, take: int, stream: int) -> np.random.Generator:
    key = np.random.SeedSequence(seed, spawn_key=(MOVED, take, stream))
    return np.random.default_rng(key)
