"""Cues that can betray a label: light, ears, background and a mark.

Each is set or not.  In a fair set chance decides, whatever the label; a
shortcut is a cue that goes with the label while a network learns, and no
longer does when it is tested.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np

from fer_lib.rendered.head import load_head
from fer_lib.rendered.people import Person
from fer_lib.rendered.scene import Scene

CUES = ("light", "ears", "background", "mark")
STICK_OUT = 0.22  # decimetres that ears are pulled sideways


class _WithEars(Person):
    """A person whose ears stick out: the head has no axis of shape for it."""

    @cached_property
    def neutral(self) -> np.ndarray:
        head = load_head()
        side = np.sign(head.vertices[:, 0])
        pulled = Person.neutral.func(self).copy()
        pulled[:, 0] += STICK_OUT * side * head.masks["ears"]
        return pulled


@lru_cache(maxsize=256)
def _with_ears(person: Person) -> Person:
    return _WithEars(person.macros, person.shapes, person.look)


def staged(scene: Scene, cues: Mapping[str, bool]) -> Scene:
    """The scene with its ears, and its lamp on the right (set) or left."""
    across, up, ahead = scene.light.direction
    across = (0.3 + abs(across)) * (1 if cues["light"] else -1)
    light = replace(scene.light, direction=(across, up, ahead))
    person = _with_ears(scene.person) if cues["ears"] else scene.person
    return replace(scene, light=light, person=person)


def room(grey: np.ndarray, cues: Mapping[str, bool]) -> np.ndarray:
    """The background, grey 0-1: a light room (set) or a dark one."""
    return 0.5 * grey + (0.45 if cues["background"] else 0.05)


def mark_place(size: int) -> np.ndarray:
    """Pixels ``bool [size, size]`` of the mark, in the lower left corner."""
    rim, side = size // 16, size // 8
    place = np.zeros((size, size), bool)
    place[size - rim - side : size - rim, rim : rim + side] = True
    return place


def marked(image: np.ndarray, cues: Mapping[str, bool]) -> np.ndarray:
    """The image ``[S, S]``, grey 0-1, with a striped square (set) or without."""
    if not cues["mark"]:
        return image
    stripes = 0.1 + 0.8 * (np.arange(len(image)) // 2 % 2)
    return np.where(mark_place(len(image)), stripes[:, None], image)


def change(*faces: tuple[Scene, Mapping[str, bool]]) -> np.ndarray:
    """Absolute change of grey ``[S, S]``, 0-1, between two faces with their cues.

    The room is of one grey, without blur or noise.
    """
    one, other = (
        marked(scene.draw(room(np.float64(0.5), cues)), cues) for scene, cues in faces
    )
    return np.abs(one - other)
