"""Which of the 52 face units are tasks, by a rule that is computed.

Every unit is moved alone on the mean person, seen from the front, and
measured.  A unit can be a task if it can be seen, and if it is not part of
something else.  Tasks are then taken region by region in turn, each time the
unit that is most unlike those taken: farthest from the nearest of them in
place and in size.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fer_lib.errors import FerError
from fer_lib.rendered.head import load_head
from fer_lib.rendered.people import Person
from fer_lib.rendered.scene import Scene, camera_on, shifted
from fer_lib.rendered.surface import Look

SIDE = 64  # of the pictures that are measured
STRENGTH = 1.1
SHIFTED = 0.25  # pixels of 64 from which a point counts as moved
CHANGED = 0.04  # change of grey, 0-1, from which a pixel counts as changed
LEAST = 24  # pixels that must move, and must change: 0.6 % of the picture
# Gaze moves in every face; the others only make sense with an open jaw.
LEFT_OUT = ("eyeLook", "mouthClose", "tongueOut")
REGIONS = ("brow", "eye", "cheek", "nose", "mouth", "jaw")  # how names begin


@dataclass(frozen=True)
class Measured:
    """A unit on the mean person."""

    unit: str
    region: str  # of REGIONS
    side: str  # "Left", "Right" or "" for both
    moved: int  # pixels whose point is shifted
    changed: int  # pixels whose grey changes
    x: float  # centre of the shifts, shares of the picture's side
    y: float

    @property
    def visible(self) -> bool:
        """Whether it moves and changes enough pixels."""
        return min(self.moved, self.changed) >= LEAST

    @property
    def place(self) -> np.ndarray:
        """Place and size ``[3]``, in comparable steps: doubling is a tenth."""
        return np.array([self.x, self.y, np.log2(max(self.moved, 1)) / 10])


@lru_cache(maxsize=1)
def measured() -> tuple[Measured, ...]:
    """All 52 units, in the head's order; takes seconds."""
    head = load_head()
    person = Person(np.full(6, 1 / 6), np.zeros(len(head.shape_names)), Look())
    rest = Scene(person, np.zeros(len(head.unit_names)), camera_on(person, SIDE))
    grey, (rows, columns) = rest.draw(), np.mgrid[:SIDE, :SIDE] / (SIDE - 1)
    found = []
    for unit in head.unit_names:
        own = STRENGTH * (np.array(head.unit_names) == unit)
        scene = Scene(person, own, rest.camera)
        shift = shifted(scene, rest)
        share = shift / max(shift.sum(), 1e-9)
        counts = (shift > SHIFTED).sum(), (np.abs(scene.draw() - grey) > CHANGED).sum()
        region = next((r for r in REGIONS if unit.startswith(r)), "")
        side = next((s for s in ("Left", "Right") if unit.endswith(s)), "")
        # jawLeft and mouthLeft move all of it to a side.
        side = (
            "" if unit in ("jawLeft", "jawRight", "mouthLeft", "mouthRight") else side
        )
        centre = ((share * columns).sum(), (share * rows).sum())
        found.append(
            Measured(unit, region, side, *map(int, counts), *map(float, centre))
        )
    return tuple(found)


def eligible() -> tuple[Measured, ...]:
    """Those that can be tasks."""
    return tuple(
        one for one in measured() if one.visible and not one.unit.startswith(LEFT_OUT)
    )


@lru_cache(maxsize=8)
def chosen(count: int) -> tuple[str, ...]:
    """So many movements, the first one the largest; see the module's text."""
    left = list(eligible())
    if not 1 <= count <= len(left):
        raise FerError(
            f"study: {count} movements, expected 1 to {len(left)}, which can be seen."
        )
    found = [max(left, key=lambda one: one.moved)]
    left.remove(found[0])
    turn = REGIONS.index(found[0].region)
    while len(found) < count:
        turn = (turn + 1) % len(REGIONS)
        here = [one for one in left if one.region == REGIONS[turn]]
        if here:
            best = max(here, key=lambda one: (_away(one, found), one.unit))
            found.append(best)
            left.remove(best)
    return tuple(one.unit for one in found)


def _away(one: Measured, taken: list[Measured]) -> float:
    return min(float(np.linalg.norm(one.place - other.place)) for other in taken)
