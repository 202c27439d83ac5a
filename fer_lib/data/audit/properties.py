"""Measures of a data set: copies, contradictions, agreement, balance."""

from collections.abc import Iterator

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.audit.duplicates import Copies
from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import in_parts
from fer_lib.data.sources.ferplus import argmax_labels
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS, FERPLUS_TO_BOOK
from fer_lib.photos.detection import find_faces
from fer_lib.photos.images import as_picture

Counts = dict[str, int]
_EXPRESSIONS = len(FERPLUS_TO_BOOK)  # vote columns that are no expression follow
_RATERS = 3  # one to be judged, and two whose opinion can be a majority


def by_split(faces: FaceSet) -> dict[str, np.ndarray]:
    """Rows ``bool [N]`` of each split, in the order of their first faces."""
    names = dict.fromkeys(faces.splits.tolist())
    return {name: faces.splits == name for name in names}


def images(faces: FaceSet, about: str) -> Iterator[np.ndarray]:
    """All images in parts ``uint8 [n, C, H, W]``, with a bar."""
    with tqdm(total=len(faces), desc=about, unit="face") as bar:
        for part in in_parts(faces.images):
            yield part
            bar.update(len(part))


def class_balance(faces: FaceSet) -> dict[str, Counts]:
    """Faces by split and expression, expressions that occur."""
    present = np.flatnonzero(faces.counts())
    return {
        split: {
            EXPRESSIONS[label]: int((faces.labels[rows] == label).sum())
            for label in present
        }
        for split, rows in by_split(faces).items()
    }


def copies_between(faces: FaceSet, copies: Copies) -> dict[str, Counts]:
    """Rows of a split that have a copy in another one, or in their own.

    Returns:
        ``found[split][other]``: rows of ``split`` with a copy in ``other``.
    """
    found: dict[str, Counts] = {split: {} for split in by_split(faces)}
    for other, chosen in by_split(faces).items():
        with_copy = copies.also_in(chosen)
        for split, rows in by_split(faces).items():
            found[split][other] = int(with_copy[rows].sum())
    return found


def conflicts(copies: Copies, labels: np.ndarray) -> Counts:
    """How often copies of one image have different labels.

    Args:
        copies: of equal images; near ones do not count.
        labels: ``int64 [N]``.
    """
    # How often each image has each label.
    table = np.zeros((copies.ids.max(initial=-1) + 1, len(EXPRESSIONS)), np.int64)
    np.add.at(table, (copies.ids, labels), 1)
    rows = table.sum(1)
    several = (table > 0).sum(1) > 1
    pairs = rows * (rows - 1) // 2
    agreeing = (table * (table - 1) // 2).sum(1)
    return {
        "images": int(several.sum()),
        "rows": int(rows[several].sum()),
        "pairs": int(pairs.sum()),
        "disagree": int((pairs - agreeing).sum()),
    }


def constant_rows(faces: FaceSet) -> list[int]:
    """Rows whose pixels all have one value."""
    found, start = [], 0
    for part in in_parts(faces.images):
        flat = part.reshape(len(part), -1)
        found += (start + np.flatnonzero(flat.min(1) == flat.max(1))).tolist()
        start += len(part)
    return found


def undetected(faces: FaceSet) -> Counts:
    """Images by split in which dlib finds no face, as in turned and tight ones."""
    missed = [
        not find_faces(as_picture(image))
        for part in images(faces, "looking for faces")
        for image in part
    ]
    missed = np.array(missed, bool)
    return {split: int(missed[rows].sum()) for split, rows in by_split(faces).items()}


def leaked_rows(faces: FaceSet, copies: Copies) -> dict[str, list[int]]:
    """Rows of each later split that have a copy in the first split."""
    (_, learnt), *later = by_split(faces).items()
    copied = copies.also_in(learnt)
    return {split: np.flatnonzero(copied & rows).tolist() for split, rows in later}


def leave_one_out(votes: np.ndarray) -> np.ndarray:
    """Chance that one rater names what most of a face's other raters name.

    Only votes for the eight expressions count.  One of them is drawn and set
    aside; where several expressions lead among the others, the drawn one
    agrees by its share of them (one half with two, if it is one of them).

    Returns:
        ``float64 [N]``, 0 to 1; not a number where fewer than three raters
        name an expression (one face of PublicTest changes by that).
    """
    counted = votes[:, :_EXPRESSIONS].astype(np.float64)
    total = counted.sum(1)
    agree = np.zeros(len(votes))
    for named in range(_EXPRESSIONS):
        others = counted.copy()
        others[:, named] -= 1
        leading = others == others.max(1, keepdims=True)
        agree += counted[:, named] * leading[:, named] / leading.sum(1)
    return np.where(total >= _RATERS, agree / np.maximum(total, 1), np.nan)


def plurality_share(votes: np.ndarray) -> np.ndarray:
    """Share of a face's expression votes that its leading expression has.

    Higher than :func:`leave_one_out`, since each vote takes part in choosing
    what it is compared with.

    Returns:
        ``float64 [N]``, 0 to 1; not a number without such a vote.
    """
    counted = votes[:, :_EXPRESSIONS]
    total = counted.sum(1)
    share = counted.max(1) / np.maximum(total, 1)
    return np.where(total > 0, share, np.nan)


def ceilings(faces: FaceSet) -> dict[str, dict[str, float | None]] | None:
    """How far labels can be agreed on, by split, rounded to 0.01 %.

    Returns:
        ``one_rater``: mean of :func:`leave_one_out`;
        ``plurality``: mean share of the raters' leading expression;
        ``own_label``: share of faces whose label in the data set is that
        expression, of those with a vote for any.  None without votes.
    """
    if faces.votes is None:
        return None
    own = (argmax_labels(faces.votes, 8)[0] == faces.labels).astype(np.float64)
    share = plurality_share(faces.votes)
    own[np.isnan(share)] = np.nan
    alone = leave_one_out(faces.votes)
    measures = {"one_rater": alone, "plurality": share, "own_label": own}
    return {
        split: {name: _mean(values[rows]) for name, values in measures.items()}
        for split, rows in by_split(faces).items()
    }


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), 4) if len(known) else None


def no_face_votes(faces: FaceSet) -> Counts | None:
    """Faces by split that most raters call no face; None without votes."""
    if faces.votes is None:
        return None
    column = FERPLUS_COLUMNS.index("NF")
    most = 2 * faces.votes[:, column] > faces.votes.sum(1)
    return {split: int(most[rows].sum()) for split, rows in by_split(faces).items()}
