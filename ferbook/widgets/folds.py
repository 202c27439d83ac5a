"""The folds explorer: people dealt out to training and test."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from fer_lib.data.faceset import FaceSet
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget
from ferbook.widgets.pictures import data_address, packed

PEOPLE, FRAMES = 8, 3  # of a recording its last three frames, as papers take of CK+
SIDES = ("training", "both sides", "test")
_ALT = (
    "Folds explorer. Eight people can be dragged between training, test and both "
    "sides; bars show how often the nearest face has the right label, for people who "
    "stand in training, too, and for people who do not."
)


def last_frames(faces: FaceSet) -> np.ndarray:
    """Rows of the last frames of all recordings of the first people, in order."""
    rows = []
    for person in np.unique(faces.subjects)[:PEOPLE]:
        own = faces.subjects == person
        for sequence in np.unique(faces.sequences[own]):
            rows.append(np.flatnonzero(own & (faces.sequences == sequence))[-FRAMES:])
    return np.concatenate(rows)


def neighbours(features: np.ndarray) -> np.ndarray:
    """The other rows of each of N, the most similar first, ``int64 [N, N - 1]``."""
    squares = (features**2).sum(1)
    apart = squares[:, None] + squares - 2 * features @ features.T
    np.fill_diagonal(apart, -np.inf)
    return apart.argsort(1, kind="stable")[:, 1:]


def sides_of(where: Sequence[int], people: np.ndarray) -> np.ndarray:
    """Whether each face is in test, if people stand in one of the :data:`SIDES`.

    Of people on both sides the last frame of each recording is tested.
    """
    side = np.asarray(where)[people]
    last = np.arange(len(people)) % FRAMES == FRAMES - 1
    return (side == 2) | ((side == 1) & last)


def folds_explorer(faces: FaceSet, features: np.ndarray, note: str = "") -> Widget:
    """Accuracy of the nearest face when people stand on one side or on both.

    ``faces`` are recordings with subjects, ``features`` ``[N, D]`` describe them.
    """
    rows = last_frames(faces)
    shown, described = faces.select(rows), features[rows]
    people = np.unique(shown.subjects, return_inverse=True)[1]
    order = neighbours(described)
    count = people.max() + 1
    portraits = [np.flatnonzero(people == k)[-1] for k in range(count)]
    data = {
        "people": people.tolist(),
        "labels": shown.labels.tolist(),
        "frames": FRAMES,
        "classes": len(np.unique(shown.labels)),
        "order": packed(order),
        "portraits": [data_address(shown.images[row]) for row in portraits],
        # Of Student's distribution with one degree of freedom or more.
        "quantiles": t.ppf(0.975, np.arange(1, count)).round(4).tolist(),
        "note": note,
    }
    return Widget("folds", data, _ALT, _table(people, shown.labels, order))


def _table(people: np.ndarray, labels: np.ndarray, order: np.ndarray) -> Table:
    rows = []
    for both in (0, 2, 4, 6, PEOPLE):
        tested = PEOPLE // 4
        where = [1] * both + [0] * (PEOPLE - both)
        if both < PEOPLE:
            where[-tested:] = [2] * tested
        asked = sides_of(where, people)
        first = [
            next(k for k in order[row] if not asked[k]) for row in np.where(asked)[0]
        ]
        right = labels[first] == labels[asked]
        familiar = np.asarray(where)[people[asked]] == 1
        cells = (
            f"{np.sum(right & who)} of {np.sum(who)}" for who in (familiar, ~familiar)
        )
        rows.append((str(both), *cells))
    header = ("People on both sides", "They are read correctly", "People in test alone")
    caption = "What the nearest face gets when people stand in training and test"
    return Table(caption, header, tuple(rows))
