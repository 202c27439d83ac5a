"""FER+'s rules for training on several expressions of one face.

Source: Barsoum et al., "Training deep networks for facial expression
recognition with crowd-sourced label distribution", ICMI 2016; details that
the paper leaves open are as in its authors' code (microsoft/FERPlus).
"""

import numpy as np

from fer_lib.data.sources.ferplus import columns_of
from fer_lib.expressions import FERPLUS_TO_BOOK

_TO_BOOK = np.array(FERPLUS_TO_BOOK)
_EXPRESSIONS = len(FERPLUS_TO_BOOK)  # columns; unknown and no face follow


def probability_targets(
    votes: np.ndarray, classes: int = 8
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """FER+'s probability rule: the shares of a face's leading expressions.

    Single votes are set to zero.  Columns are then taken from the most votes
    down, equal ones together, until three or more are taken or three
    quarters of the votes are covered; unknown and no face, once their turn
    comes, end it and are not taken.  A row is kept when at most three
    expressions were taken and they have more than half of the votes.

    The same targets serve FER+'s cross-entropy and its drawing of one label
    an epoch by these probabilities.

    Args:
        votes: ``int [N, 10]`` in FER+'s column order.
        classes: 8, or 7 without contempt: faces that show it most are
            dropped, its votes for others are left out of their shares.

    Returns:
        Labels ``int64 [N]`` in the book's order, the expression with most
        votes, a tie going to the first in FER+'s order; targets ``float32
        [N, classes]`` in the book's order, rows summing to 1; and the rows
        ``bool [N]`` that the rule keeps; the others' targets are zero.

    Raises:
        FerError: when ``classes`` is neither 7 nor 8.
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
        going_on &= ~top[:, _EXPRESSIONS:].any(1)
        going_on &= (4 * covered < 3 * total) & (taken.sum(1) < 3)
    taken[:, _EXPRESSIONS:] = False
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

    Args:
        votes: ``int [N, 10]`` in FER+'s column order.
        classes: 8, or 7 without contempt: faces that show it most are dropped.

    Returns:
        Labels and rows as of :func:`probability_targets`, and between them
        targets ``float32 [N, classes]`` in the book's order, 1 for every
        expression that counts as right and 0 for the others; zero where the
        row is not kept.

    Raises:
        FerError: when ``classes`` is neither 7 nor 8.
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
    columns = columns_of(classes)
    top = chosen.argmax(1)
    kept = kept & (top < columns)
    counted = np.where(kept[:, None], chosen[:, :columns], 0)
    shares = np.zeros(counted.shape, dtype=np.float32)
    shares[:, _TO_BOOK[:columns]] = counted / np.maximum(
        counted.sum(1, keepdims=True), 1
    )
    return _TO_BOOK[np.where(kept, top, 0)], shares, kept
