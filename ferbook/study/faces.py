"""The faces that a study explains, with everything that is known of them."""

from dataclasses import dataclass

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.rendered.cues import CUES
from fer_lib.rendered.evidence import IDLE
from fer_lib.rendered.units import ACTION_UNITS
from ferbook.study.tasks import cue_maps, deletions, evidence_maps, switched

# What can be at rest: action units, and idle movements.
MOVEMENTS = (*(f"AU{number}" for number in ACTION_UNITS), *IDLE)


@dataclass(frozen=True, eq=False)
class Known:
    """Faces with their truth, at the size that a network takes.

    Attributes:
        faces: the set.
        moved: ``bool [N, S, S]``, pixels whose visible point the classes'
            units move.
        grey: ``float32 [N, S, S]``, change of grey that they make.
        less: every face without each of its movements; see
            :func:`~ferbook.study.tasks.deletions`.
        cues: by name, pixels ``bool [N, S, S]`` in which a cue shows, and
            the pictures ``uint8 [N, 1, S, S]`` with the cue switched.
    """

    faces: FaceSet
    moved: np.ndarray
    grey: np.ndarray
    less: FaceSet
    cues: dict[str, tuple[np.ndarray, np.ndarray]]

    @property
    def people(self) -> np.ndarray:
        """Who is shown, ``int64 [N]``."""
        return self.faces.subjects

    def by_movement(self, values: np.ndarray) -> np.ndarray:
        """Values of the deletions as a table, ``float64 [N, movements]``.

        Not a number where a face does not show a movement.

        Args:
            values: ``[K]``, one a deletion.
        """
        table = np.full((len(self.faces), len(MOVEMENTS)), np.nan)
        columns = [MOVEMENTS.index(name) for name in self.less.extra["movement"]]
        table[self.less.extra["row"], columns] = values
        return table

    def mass_by_movement(self, maps: np.ndarray) -> np.ndarray:
        """Mass of maps on the pixels of each movement, ``[N, movements]``.

        Args:
            maps: ``[N, S, S]``; what is below zero is left out.
        """
        positive = maps.clip(min=0)[self.less.extra["row"]]
        return self.by_movement((positive * self.less.extra["moved"]).sum((1, 2)))

    def density_by_movement(self, maps: np.ndarray) -> np.ndarray:
        """Mean of the maps over the pixels of each movement, likewise.

        Not a number where a movement moves no pixel far enough to count.
        """
        area = self.by_movement(self.less.extra["moved"].sum((1, 2)))
        mass = self.mass_by_movement(maps)
        return np.where(area > 0, mass / np.where(area > 0, area, 1), np.nan)


def know(faces: FaceSet) -> Known:
    """All that is known of some faces of an evidence set; takes seconds."""
    moved, grey = evidence_maps(faces)
    cues = {cue: (cue_maps(faces, cue), switched(faces, cue)) for cue in CUES}
    return Known(faces, moved, grey, deletions(faces), cues)
