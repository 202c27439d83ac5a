"""Faces whose evidence is known: two classes that differ in action units.

A take draws everything of a picture from a seed but its label: person, pose,
light, gaze, other action units, how strong either class would be, and four
cues that could betray a label (:mod:`fer_lib.rendered.cues`).  The label then
only says which of two sets of action units is added.  So a face and its twin
of the other class differ in these units alone, and what differs between the
two pictures is all the evidence there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fer_lib.errors import FerError
from fer_lib.rendered import cues
from fer_lib.rendered.head import load_head
from fer_lib.rendered.moved_faces import TAKEN
from fer_lib.rendered.photo import background, develop
from fer_lib.rendered.portrait import set_scene
from fer_lib.rendered.render import SAMPLES
from fer_lib.rendered.scene import Scene, moved
from fer_lib.rendered.units import ACTION_UNITS, action_vector

Contrast = tuple[tuple[int, ...], tuple[int, ...]]
# Action units of class 0 and of class 1; none is a face at rest.
CONTRASTS: dict[str, Contrast] = {
    "mouth": ((12,), (15,)),
    "brows": ((4,), (1, 2)),
    "eyes": ((5,), ()),
    "nose": ((9,), ()),
    "jaw": ((26,), ()),
}
EVIDENCE = 8  # first spawn key, beside those of portraits and corpora
STRENGTHS = (0.9, 1.3)  # of the label's units, shares of full strength
OTHERS = (0.25, 0.1, 0.6)  # probability and strengths of every other unit

# Idle movements that are taken away together, by name.
IDLE = {
    "gaze": ("eyeLook",),
    "blink": ("eyeBlink",),
    "jaw": ("jawLeft", "jawRight"),
}


@dataclass(frozen=True, eq=False)
class Staged:
    """A face of one of two classes, and how to change one thing about it.

    Attributes:
        label: 0 or 1.
        strengths: of the action units of either class.
        others: strengths of action units that have nothing to do with it.
        resting: person, camera and light; units are idle movements.
        cues: which cues are set, by name.
        key: seed and number of the take; background and film follow from it.
    """

    label: int
    strengths: tuple[Mapping[int, float], Mapping[int, float]]
    others: Mapping[int, float]
    resting: Scene
    cues: Mapping[str, bool]
    key: tuple[int, int]

    @cached_property
    def scene(self) -> Scene:
        """What stands before the camera."""
        own, others = (
            action_vector(load_head(), actions)
            for actions in (self.strengths[self.label], self.others)
        )
        units = self.resting.units + own + others
        return cues.staged(replace(self.resting, units=units), self.cues)

    @property
    def twin(self) -> "Staged":
        """The same picture of the other class."""
        return replace(self, label=1 - self.label)

    def switched(self, cue: str) -> "Staged":
        """The same picture with one cue the other way round."""
        return replace(self, cues={**self.cues, cue: not self.cues[cue]})

    def picture(self) -> np.ndarray:
        """The grey image ``uint8 [S, S]``; the film is the same for twins."""
        film = _chance(*self.key, 1)
        room = background(self.scene.camera.size * SAMPLES, film)
        image = self.scene.draw(cues.room(room, self.cues))
        image = cues.marked(image, self.cues)
        image = develop(image, film, TAKEN.blur, TAKEN.exposure, TAKEN.grain)
        return np.rint(image * 255).astype(np.uint8)

    def evidence(self) -> np.ndarray:
        """Pixels ``bool [S, S]`` whose visible point tells the classes apart.

        These stand elsewhere in the twin.  Where one class is at rest, they
        are those that the other class's units move, in both classes.
        """
        return moved(self.scene, self.twin.scene) & ~self._covered

    def difference(self) -> np.ndarray:
        """Absolute change of grey ``[S, S]``, 0-1, from the face to its twin.

        Shadows and folds count; background, blur and noise are left out.
        """
        pair = (self.scene.draw(), self.twin.scene.draw())
        return np.abs(pair[0] - pair[1]) * ~self._covered

    def cue_map(self, cue: str) -> np.ndarray:
        """Absolute change of grey ``[S, S]``, 0-1, that a cue makes."""
        other = self.switched(cue)
        return cues.change((self.scene, self.cues), (other.scene, other.cues))

    @property
    def movements(self) -> tuple[str, ...]:
        """What moves, by name: ``"AU12"``, ``"gaze"``; see :meth:`without`."""
        actions = {**self.strengths[self.label], **self.others}
        idle = [name for name in IDLE if self.resting.units[_idle(name)].any()]
        return (*(f"AU{number}" for number in sorted(actions)), *idle)

    def without(self, movement: str) -> "Staged":
        """The same picture with one movement at rest, and nothing else."""
        if movement not in self.movements:
            raise FerError(
                f"movement '{movement}' is not in this face; expected one of "
                f"{', '.join(self.movements)}."
            )
        if movement in IDLE:
            units = self.resting.units.copy()
            units[_idle(movement)] = 0
            return replace(self, resting=replace(self.resting, units=units))
        number = int(movement.removeprefix("AU"))
        kept = [
            {n: share for n, share in actions.items() if n != number}
            for actions in (*self.strengths, self.others)
        ]
        return replace(self, strengths=(kept[0], kept[1]), others=kept[2])

    @property
    def _covered(self) -> np.ndarray:
        return cues.mark_place(self.scene.camera.size) & self.cues["mark"]


def stage(
    contrast: str,
    label: int,
    subject: int,
    take: int,
    size: int = 48,
    seed: int = 0,
    tied: str = "",
) -> Staged:
    """Set up one face of a class; all but the label follows from the take.

    Args:
        contrast: a name of :data:`CONTRASTS`.
        label: 0 or 1.
        subject: number of the person in the population of ``seed``.
        take: number of the picture.
        size: side of the image in pixels.
        seed: of the population.
        tied: a cue that is set in class 1 and not in class 0; empty for
            none: then every cue is set in half of the faces, by chance.
    """
    if contrast not in CONTRASTS or label not in (0, 1):
        raise FerError(
            f"evidence '{contrast}', label {label}: expected one of "
            f"{', '.join(CONTRASTS)} and the label 0 or 1."
        )
    resting, _ = set_scene(subject, "neutral", size, seed, take, TAKEN)
    chance = _chance(seed, take, 0)
    strengths = tuple(
        {number: chance.uniform(*STRENGTHS) for number in side}
        for side in CONTRASTS[contrast]
    )
    probability, low, high = OTHERS
    moved = {u for side in CONTRASTS[contrast] for n in side for u in ACTION_UNITS[n]}
    others = {}
    for number, units in ACTION_UNITS.items():
        if not moved & set(units):  # no face unit is shared with the classes
            present, share = chance.random() < probability, chance.uniform(low, high)
            others |= {number: share} if present else {}
    drawn = cues.drawn(chance, tied, label)
    return Staged(label, strengths, others, resting, drawn, (seed, take))


def _chance(seed: int, take: int, stream: int) -> np.random.Generator:
    key = np.random.SeedSequence(seed, spawn_key=(EVIDENCE, take, stream))
    return np.random.default_rng(key)


def _idle(movement: str) -> np.ndarray:
    """Places ``bool [52]`` of the face units of an idle movement."""
    return np.array([n.startswith(IDLE[movement]) for n in load_head().unit_names])
