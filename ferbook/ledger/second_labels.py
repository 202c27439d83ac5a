"""Are predictions wrong where labels are?  FER2013's test faces have two.

FER2013 came with one label a face; later ten raters voted on the same faces:
FER+ (E. Barsoum et al., ICMI 2016, arXiv:1608.01041; its votes are under the
MIT licence).  ``book/audits/second_labels.npz`` has both for each face of
PublicTest and PrivateTest, by the hash of its pixels, so that the stored
predictions of any run can be asked without the photographs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.expressions import EXPRESSIONS, FERPLUS_TO_BOOK
from ferbook.runs.paths import repository_root
from ferbook.runs.predictions import face_ids
from ferbook.runs.records import Record

MEASURES = ("second_label.disagrees", "second_label.agrees")
NONE = -1  # no label: copies of one face with different ones
_PLURALITIES = (*FERPLUS_TO_BOOK, 8, 9)  # unknown, no face


def table_of(faces: FaceSet) -> dict[str, np.ndarray]:
    """Both labels of the faces of PublicTest and PrivateTest.

    Args:
        faces: FER2013, with votes.

    Returns:
        ``faces`` ``uint32 [n]``, ascending, and ``int8 [n]`` each ``fer2013``,
        a place in ``EXPRESSIONS``, and ``ferplus``, such a place or 8 and 9
        where most of the ten votes are for an unknown expression or no face
        at all; ties go to the first in FER+'s own order.
    """
    tested = faces.select(np.flatnonzero(faces.splits != "Training"))
    votes = np.array(_PLURALITIES)[tested.votes.argmax(1)]
    ids, which = np.unique(face_ids(tested), return_inverse=True)
    columns = {"fer2013": tested.labels, "ferplus": votes}
    told = {name: _one_each(which, labels) for name, labels in columns.items()}
    return {"faces": ids} | told


def _one_each(which: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The label of each face, where all its copies have the same."""
    least, most = np.full((2, which.max() + 1), NONE, np.int8)
    least[:] = np.iinfo(np.int8).max
    np.minimum.at(least, which, labels.astype(np.int8))
    np.maximum.at(most, which, labels.astype(np.int8))
    return np.where(least == most, most, np.int8(NONE))


@cache
def _table(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def measured(record: Record, split: str, name: str) -> np.ndarray:
    """Whether a face's other label is that which a run was tested with.

    Of runs with FER2013's own labels the other one is FER+'s, of runs with
    FER+'s it is FER2013's.

    Args:
        record: of FER2013.
        split: PublicTest or PrivateTest.
        name: one of :data:`MEASURES`.

    Returns:
        ``float64 [n]`` in the order of the record: 1 or 0, and NaN where a
        face has no other label.

    Raises:
        FerError: when the record has other faces, or was written without them.
    """
    table = _table(repository_root() / "book" / "audits" / "second_labels.npz")
    if f"{split}/faces" not in record.predictions:
        raise FerError(f"{record.path}: no array '{split}/faces' beside it; run again.")
    faces = record.predictions[f"{split}/faces"]
    rows = np.searchsorted(table["faces"], faces).clip(max=len(table["faces"]) - 1)
    if record.dataset != "fer2013" or (table["faces"][rows] != faces).any():
        raise FerError(
            f"{record.path}: faces that FER2013's test splits do not have; second "
            "labels are known of those alone."
        )
    own = record.protocol == "official"
    other = table["ferplus" if own else "fer2013"][rows]
    places = np.array([EXPRESSIONS.index(one) for one in record.classes])
    labels = places[record.predictions[f"{split}/labels"]]
    known = other != NONE
    if not own:  # FER2013 knows no contempt
        known &= labels != EXPRESSIONS.index("contempt")
    disagrees = (other != labels).astype(np.float64)
    disagrees[~known] = np.nan
    return disagrees if name == MEASURES[0] else 1 - disagrees


@dataclass(frozen=True)
class Doubts:
    """How often the second label of a run's test faces is another.

    Of those faces alone that do not stand in training.

    Attributes:
        record: the run.
        wrong: share among wrong predictions, and limits of its 95 % interval.
        right: likewise among right ones.
        n: wrong and right predictions.
    """

    record: Record
    wrong: tuple[float, float, float]
    right: tuple[float, float, float]
    n: tuple[int, int]


def doubts(records: Iterable[Record]) -> tuple[Doubts, ...]:
    """The doubts of every run on FER2013 that counts, in the records' order."""
    tested = (r for r in records if r.dataset == "fer2013" and not r.superseded)
    return tuple(map(_doubts, tested))


def _doubts(record: Record) -> Doubts:
    split = record.reported
    other, right = measured(record, split, MEASURES[0]), record.correct()
    unseen = record.predictions[f"{split}/in_training"] == 0
    groups = [other[side & unseen & ~np.isnan(other)] for side in (~right, right)]
    shares = [
        (float(g.mean()), *wilson_interval(float(g.sum()), len(g))) for g in groups
    ]
    return Doubts(record, *shares, tuple(map(len, groups)))
