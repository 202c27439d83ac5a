"""FER+: ten raters' votes for every FER2013 face, and rules for labels.

Source: Barsoum et al., "Training deep networks for facial expression
recognition with crowd-sourced label distribution", ICMI 2016; details that
the paper leaves open are as in its authors' code (microsoft/FERPlus).

Votes are ``int [N, 10]`` in the order of ``FERPLUS_COLUMNS`` throughout, and
``classes`` is 7, or 8 with contempt.  A rule gives labels ``int64 [N]`` in the book's
order and the rows ``bool [N]`` that it keeps; labels of others mean nothing.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.tables import read_table, wrong
from fer_lib.errors import FerError
from fer_lib.expressions import FERPLUS_COLUMNS, FERPLUS_TO_BOOK

VOTES_FILE = "fer2013new.csv"
_HEADER = ("Usage", "Image name", *FERPLUS_COLUMNS)
_OWN_HEADER = ("Image name", "box", *FERPLUS_COLUMNS)
# Labels and votes of the same rows agree on 63 % of the faces, beyond chance (Cohen's
# kappa) on 0.55 of the rest, and in each hundred of them on 0.41 or more; shuffled
# hundreds reach 0.23.
_TOGETHER, _EACH, _FEW = 0.4, 0.3, 20
_RATERS = {str(count): count for count in range(11)}
_TO_BOOK = np.array(FERPLUS_TO_BOOK)
_CONTEMPT = FERPLUS_COLUMNS.index("contempt")


def read_votes(path: Path | str, splits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Votes and the presence of an image name, one row a face.

    Rows belong together by their place alone: the number in an image name
    is not the row of ``fer2013.csv``.

    Args:
        path: FER+'s ``fer2013new.csv``.
        splits: ``str [N]``, the Usage column of ``fer2013.csv``.

    Returns:
        Votes ``int64 [N, 10]`` in the file's column order, and ``bool [N]``
        whether a row has a name: FER+ gives none to rows that show no face.
    """
    path, votes, named = Path(path), [], []
    for line, (usage, name, *fields) in read_table(path, _HEADER):
        row = len(votes)
        if row < len(splits) and usage != splits[row]:
            expected = f"{str(splits[row])!r} as in the same row of fer2013.csv"
            raise wrong(path, line, "Usage", usage, expected)
        votes.append(_counts(path, line, fields))
        named.append(bool(name))
    if len(votes) != len(splits):
        raise FerError(
            f"{path}: found {len(votes)} rows, expected {len(splits)} as in "
            "fer2013.csv, row by row; get both files again."
        )
    return np.array(votes, np.int64).reshape(-1, 10), np.array(named, bool)


def read_named_votes(path: Path) -> Iterator[tuple[str, str, np.ndarray]]:
    """Place, image name and votes ``int64 [10]`` of each line of FER+'s label.csv."""
    for line, (name, _, *fields) in read_table(path, _OWN_HEADER):
        yield f"{path}, line {line}", name, np.array(_counts(path, line, fields))


def _counts(path: Path, line: int, fields: Sequence[str]) -> list[int]:
    for column, found in zip(FERPLUS_COLUMNS, fields, strict=True):
        if found not in _RATERS:
            raise wrong(path, line, column, found, "0 to 10 votes")
    return [_RATERS[found] for found in fields]


def check_join(
    path: Path, votes: np.ndarray, named: np.ndarray, labels: np.ndarray
) -> str:
    """Refuse votes of other rows; a line on how well they fit the labels.

    Compared are the faces whose leading vote is for one of the seven expressions,
    together and in every hundred of them.
    """
    top = votes.argmax(1)
    rows = np.flatnonzero(named & (top < _CONTEMPT))
    voted, labels = _TO_BOOK[top[rows]], labels[rows]
    agree = voted == labels
    text = f"joined by row: {path.name}, "
    if len(rows) < _FEW:
        return f"{text}too few faces ({len(rows)}) to tell whether its rows fit"
    chance = (np.bincount(voted, minlength=8) / len(rows))[labels]
    parts = np.array_split(np.arange(len(rows)), max(len(rows) // 100, 1))
    least = [(part, _EACH) for part in parts]
    if len(parts) > 1:
        least.insert(0, (np.arange(len(rows)), _TOGETHER))
    for part, least_kappa in least:
        share, by_chance = agree[part].mean(), chance[part].mean()
        if share - by_chance < least_kappa * (1 - by_chance):
            first, last = rows[part[[0, -1]]]
            raise FerError(
                f"{path}: in rows {first + 1:,} to {last + 1:,} votes and labels name "
                f"the same expression on {share:.0%} of the faces, {by_chance:.0%} by "
                "chance and about 63% where rows belong together; put the fer2013.csv "
                "in its original order beside it, or move the votes away."
            )
    return f"{text}votes and labels agree on {agree.mean():.1%} of {len(rows):,} faces"


def named_rows(faces: FaceSet) -> np.ndarray:
    """Rows that FER+ labels, ``bool [N]``: its name is there, pixels exact.

    A reconstruction may mark rows whose pixels are not those of the original
    (``lossless``); which face such a row shows is not sure, so it is left out.
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
    """
    top = votes[:, : _columns_of(classes)].argmax(1)
    return _TO_BOOK[top], np.ones(len(votes), dtype=bool)


def majority_labels(
    votes: np.ndarray, classes: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """FER+'s own rule: more than half of the votes, single votes aside.

    A column with one vote is set to zero; the top of all ten columns needs
    more than 50 % of what is left.  Unknown and no face are no expressions;
    with seven classes neither is contempt, but its votes still count.
    """
    left = np.where(votes <= 1, 0, votes)
    top = left.argmax(1)
    kept = 2 * left.max(1, initial=0) > left.sum(1)
    kept &= top < _columns_of(classes)
    return _TO_BOOK[np.where(kept, top, 0)], kept


def _columns_of(classes: int) -> int:
    """Leading vote columns of a seven- or eight-class protocol."""
    if classes not in (7, 8):
        raise FerError(
            f"FER+ has 7 classes, or 8 with contempt, found {classes}; "
            "ask for one of the two."
        )
    return _CONTEMPT if classes == 7 else _CONTEMPT + 1


def probability_targets(
    votes: np.ndarray, classes: int = 8
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """FER+'s probability rule: the shares of a face's leading expressions.

    Single votes are set to zero.  Columns are then taken from the most votes
    down, equal ones together, until three or more are taken or three
    quarters of the votes are covered; unknown and no face, once their turn
    comes, end it and are not taken.  A row is kept when at most three
    expressions were taken and they have more than half of the votes; with seven
    classes, faces that show contempt most are dropped, and its votes for others
    are left out of their shares.

    The same targets serve FER+'s cross-entropy and its drawing of one label
    an epoch by these probabilities.

    Returns:
        Labels, the expression with most votes, a tie going to the first in FER+'s
        order; targets ``float32 [N, classes]`` in the book's order, rows summing
        to 1, or zero where they are not kept; and the rows that are.
    """
    counted = np.where(votes <= 1, 0, votes)
    left, total = counted.copy(), counted.sum(1)
    taken = np.zeros(votes.shape, dtype=bool)
    going_on, covered = total > 0, np.zeros_like(total)
    for _ in range(3):
        top = (left == left.max(1, keepdims=True)) & going_on[:, None]
        covered += (left * top).sum(1)
        taken |= top
        left[top] = 0
        going_on &= ~top[:, len(_TO_BOOK) :].any(1)
        going_on &= (4 * covered < 3 * total) & (taken.sum(1) < 3)
    taken[:, len(_TO_BOOK) :] = False
    chosen = counted * taken
    kept = (2 * chosen.sum(1) > total) & (taken.sum(1) <= 3)
    return _targets(chosen, kept, classes)


def multi_targets(
    votes: np.ndarray, classes: int = 8
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """FER+'s multi-target rule: every expression with 30 % of the votes.

    Single votes are set to zero.  A row is kept when the columns with 30 %
    or more have more than half of the votes together, and the first with
    most of them is an expression.  All its expressions with 30 % count alike.

    Returns:
        As of :func:`probability_targets`, but that a target is 1 for every
        expression that counts as right, and 0 for the others.
    """
    counted = np.where(votes <= 1, 0, votes)
    total = counted.sum(1, keepdims=True)
    chosen = counted * (10 * counted >= 3 * total)
    kept = 2 * chosen.sum(1) > total[:, 0]
    labels, shares, kept = _targets(chosen, kept, classes)
    return labels, (shares > 0).astype(np.float32), kept


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Targets ``float32 [N, classes]`` that say the same as the labels."""
    return np.eye(classes, dtype=np.float32)[labels]


def _targets(
    chosen: np.ndarray, kept: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, shares and rows of the votes that a rule has chosen."""
    columns = _columns_of(classes)
    top = chosen.argmax(1)
    kept = kept & (top < columns)
    counted = np.where(kept[:, None], chosen[:, :columns], 0)
    shares = np.zeros(counted.shape, dtype=np.float32)
    shares[:, _TO_BOOK[:columns]] = counted / np.maximum(
        counted.sum(1, keepdims=True), 1
    )
    return _TO_BOOK[np.where(kept, top, 0)], shares, kept
