"""Rendering many faces: plans, processes, cache, and each picture once more."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet, kept
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.processes import in_order
from fer_lib.rendered.conditions import Conditions
from fer_lib.rendered.portrait import Columns, Portrait, draw_columns, render_face

PROVENANCE = (
    "Computer graphics: faces rendered from the CC0 MakeHuman head and Mika "
    "Suominen's CC0 face units by fer_lib.rendered; no real person is shown."
)
# Raise it when the same options give other faces than before; a test compares
# some faces with their hashes.
VERSION = 1
FEW = 64  # so few faces are not worth starting processes for
MOST = 2**63 - 1


@dataclass(frozen=True, eq=False)
class Plan:
    """What decides the pictures of a corpus; arrays have a row a picture.

    Attributes:
        size: side of the images in pixels.
        seed: of the population.
        conditions: how pictures are taken.
        subjects: who is shown.
        expressions: what the faces show.
        takes: numbers of the pictures or sequences.
        frames: from 1, or None where there are no sequences.
        intensities: with ``frames``, shares of the takes' strength, 0-1.
    """

    size: int
    seed: int
    conditions: Conditions
    subjects: np.ndarray
    expressions: np.ndarray
    takes: np.ndarray
    frames: np.ndarray | None = None
    intensities: np.ndarray | None = None

    def jobs(self) -> list[tuple]:
        """Arguments of ``render_face`` for every picture."""
        columns = [self.subjects, self.expressions, self.takes]
        if self.frames is not None:
            columns += [self.frames, self.intensities]
        rows = zip(*(column.tolist() for column in columns), strict=True)
        how, size, seed = self.conditions, self.size, self.seed
        return [
            (who, EXPRESSIONS[shown], size, seed, take, how, *frame)
            for who, shown, take, *frame in rows
        ]

    def columns(self) -> Columns:
        """What :func:`portrait_of` needs, one row a picture."""
        count = len(self.takes)
        found = {
            "expression": self.expressions,
            "take": self.takes,
            "seed": np.full(count, self.seed, np.int64),
            "conditions": np.tile(self.conditions.to_row(), (count, 1)),
        }
        if self.frames is not None:
            found |= {"frame": self.frames, "intensity": self.intensities}
        return found


def portrait_of(faces: FaceSet, row: int) -> Portrait:
    """Draw one face of a rendered set again: the same bytes, and its maps.

    The maps of a set would be larger than the set, so none are stored:
    ``portrait_of(faces, 3).unit_map("mouthSmileLeft")`` makes one.

    Raises:
        FerError: when the set does not know how it was drawn.
    """
    needed = ("expression", "take", "seed", "conditions")
    if faces.subjects is None or any(key not in faces.extra for key in needed):
        raise FerError(
            f"{faces.name}: no columns {', '.join(needed)}, so its faces cannot "
            "be drawn again; expected a set of load('rendered')."
        )
    extra = {key: column[row] for key, column in faces.extra.items()}
    return render_face(
        int(faces.subjects[row]),
        EXPRESSIONS[extra["expression"]],
        faces.images.shape[-1],
        int(extra["seed"]),
        int(extra["take"]),
        Conditions.from_row(extra["conditions"]),
        int(extra.get("frame", 0)),
        float(extra.get("intensity", 1)),
    )


def check_range(name: str, value: int, low: int, high: int) -> None:
    """Refuse an option that is no whole number from ``low`` to ``high``."""
    if not isinstance(value, int | np.integer) or not low <= value <= high:
        raise FerError(f"rendered faces: {name} is {value}, expected {low} to {high}.")


def draw(name: str, plan: Plan, workers: int | None) -> FaceSet:
    """All pictures of a plan, labelled by what they show, in one split ``All``."""
    jobs = plan.jobs()
    workers = 1 if len(jobs) < FEW else workers or os.cpu_count() or 1
    drawn = in_order(draw_columns, jobs, workers)
    rows = list(tqdm(drawn, total=len(jobs), desc="rendering faces", unit="face"))
    columns = {k: np.stack([row[k] for row in rows]) for k in rows[0]}
    columns |= plan.columns()
    return FaceSet(
        name=name,
        images=columns.pop("image")[:, None],
        labels=plan.expressions,
        splits=np.full(len(rows), "All"),
        provenance=PROVENANCE,
        rendered=True,
        subjects=plan.subjects,
        landmarks=columns.pop("landmarks"),
        extra=columns,
    )


def from_cache(
    corpus: str, options: dict, cached: bool, make: Callable[[], FaceSet]
) -> FaceSet:
    """The set of these options from the cache, or made and kept there."""
    if not cached:
        return make()
    about = json.dumps({"version": VERSION, **options}, sort_keys=True)
    return kept(f"rendered-{corpus}", about, lambda _: make())
