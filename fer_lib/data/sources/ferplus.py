"""FER+: ten raters' votes for every FER2013 face, and rules for a label.

Source: Barsoum et al., "Training deep networks for facial expression
recognition with crowd-sourced label distribution", ICMI 2016.
"""

from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.tables import read_table, wrong
from fer_lib.errors import FerError
from fer_lib.expressions import FERPLUS_COLUMNS, FERPLUS_TO_BOOK

VOTES_FILE = "fer2013new.csv"
_HEADER = ("Usage", "Image name", *FERPLUS_COLUMNS)
_RATERS = {str(count): count for count in range(11)}
_TO_BOOK = np.array(FERPLUS_TO_BOOK)
_CONTEMPT = FERPLUS_COLUMNS.index("contempt")


def read_votes(path: Path | str, splits: np.ndarray) -> dict:
    """Votes and the presence of an image name, one row a face.

    Rows belong together by their place alone: the number in an image name
    is not the row of ``fer2013.csv``.

    Args:
        path: FER+'s ``fer2013new.csv``.
        splits: ``str [N]``, the Usage column of ``fer2013.csv``.

    Returns:
        ``votes`` ``int64 [N, 10]`` in the file's column order, and ``named``
        ``bool [N]``: FER+ gives no name to rows that show no face.

    Raises:
        FerError: when a row is wrong, or the rows are not those of
            ``fer2013.csv`` in number and Usage.
    """
    path, votes, named = Path(path), [], []
    for line, (usage, name, *fields) in read_table(path, _HEADER):
        row = len(votes)
        if row < len(splits) and usage != splits[row]:
            raise wrong(
                path,
                line,
                "Usage",
                usage,
                f"{str(splits[row])!r} as in the same row of fer2013.csv",
            )
        for column, found in zip(FERPLUS_COLUMNS, fields, strict=True):
            if found not in _RATERS:
                raise wrong(path, line, column, found, "0 to 10 votes")
        votes.append([_RATERS[found] for found in fields])
        named.append(bool(name))
    if len(votes) != len(splits):
        raise FerError(
            f"{path}: found {len(votes)} rows, expected {len(splits)} as in "
            "fer2013.csv, row by row; get both files again."
        )
    return {
        "votes": np.array(votes, dtype=np.int64).reshape(-1, 10),
        "named": np.array(named, dtype=bool),
    }


def named_rows(faces: FaceSet) -> np.ndarray:
    """Rows that FER+ labels, ``bool [N]``: its name is there, pixels exact.

    A reconstruction may mark rows whose pixels are not those of the original
    (``lossless``); which face such a row shows is not sure, so it is left out.

    Raises:
        FerError: when the set has no votes.
    """
    if faces.votes is None:
        raise FerError(
            f"{faces.name}: no FER+ votes ({faces.provenance.rstrip('.')}); "
            f"put {VOTES_FILE} beside fer2013.csv."
        )
    everyone = np.ones(len(faces), dtype=bool)
    named = faces.extra.get("ferplus_named", everyone)
    return named & faces.extra.get("lossless", everyone)


def argmax_labels(votes: np.ndarray, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """The expression with most votes; ties go to the first in FER+'s order.

    No row is dropped: where nobody voted for any of the classes, all are
    tied, and the label is neutral.  The published counts include such rows
    (five of those with a name, one of them in PrivateTest).

    Args:
        votes: ``int [N, 10]`` in FER+'s column order.
        classes: 7, or 8 with contempt.  Other votes do not count.

    Returns:
        Labels ``int64 [N]`` in the book's order, and the rows ``bool [N]``
        that the rule keeps: all, given so that the rules read alike.

    Raises:
        FerError: when ``classes`` is neither 7 nor 8.
    """
    top = votes[:, : columns_of(classes)].argmax(1)
    return _TO_BOOK[top], np.ones(len(votes), dtype=bool)


def majority_labels(
    votes: np.ndarray, classes: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """FER+'s own rule: more than half of the votes, single votes aside.

    A column with one vote is set to zero; the top of all ten columns needs
    more than 50 % of what is left.  Unknown and no face are no expressions;
    with seven classes neither is contempt, but its votes still count.

    Args:
        votes: ``int [N, 10]`` in FER+'s column order.
        classes: 8, or 7 without contempt.

    Returns:
        Labels ``int64 [N]`` in the book's order, and the rows ``bool [N]``
        that the rule keeps; other labels mean nothing.

    Raises:
        FerError: when ``classes`` is neither 7 nor 8.
    """
    left = np.where(votes <= 1, 0, votes)
    top = left.argmax(1)
    kept = 2 * left.max(1, initial=0) > left.sum(1)
    kept &= top < columns_of(classes)
    return _TO_BOOK[np.where(kept, top, 0)], kept


def probabilities(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each expression's share of the votes for the eight expressions.

    Args:
        votes: ``int [N, 10]`` in FER+'s column order.

    Returns:
        Shares ``float64 [N, 8]`` in the book's order, rows summing to 1, and
        the rows ``bool [N]`` that have such a vote; the others are zero.
    """
    counted = votes[:, : len(_TO_BOOK)]
    total = counted.sum(1, keepdims=True)
    shares = np.zeros(counted.shape)
    shares[:, _TO_BOOK] = counted / np.maximum(total, 1)
    return shares, total[:, 0] > 0


def columns_of(classes: int) -> int:
    """Leading vote columns of a seven- or eight-class protocol."""
    if classes not in (7, 8):
        raise FerError(
            f"FER+ has 7 classes, or 8 with contempt, found {classes}; "
            "ask for one of the two."
        )
    return _CONTEMPT if classes == 7 else _CONTEMPT + 1
