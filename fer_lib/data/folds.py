"""Dealing rows out to parts: by class, by person, or blindly.

Everything here works on columns of a face set and gives a number a row.  What
cannot be dealt is refused in a ``FerError``.
"""

from collections.abc import Sequence

import numpy as np

from fer_lib.errors import FerError


def portion(count: int, percent: int) -> int:
    """So many per cent of a count, halves rounded up.

    >>> portion(958, 10), portion(25, 10)
    (96, 3)
    """
    return (count * percent + 50) // 100


def shares(counts: Sequence[int], total: int) -> np.ndarray:
    """``total`` places shared among classes in proportion to their counts.

    By largest remainders: each class gets its exact share rounded down, and
    the places left go, one each, to the classes whose share lost most by
    that; among equals to the first.

    >>> shares([20, 19, 22, 21, 21, 20, 20], 23).tolist()
    [3, 3, 4, 4, 3, 3, 3]
    """
    counts = np.asarray(counts, dtype=np.int64)
    if not 0 <= total <= counts.sum():
        raise FerError(
            f"asked for {total} faces of {counts.sum()}, expected no more than "
            "there are; use more faces."
        )
    quota, lost = np.divmod(counts * total, max(int(counts.sum()), 1))
    first = np.argsort(-lost, kind="stable")
    quota[first[: total - quota.sum()]] += 1
    return quota


def deal(
    labels: np.ndarray, quotas: Sequence[Sequence[int]], seed: int = 0
) -> np.ndarray:
    """Random parts with given numbers of each class.

    Every class is shuffled by itself, so that rows of other classes do not
    change which of its rows are drawn.

    Args:
        labels: ``int [N]``, from 0.
        quotas: for each part, the faces it gets of class 0, 1, ...

    Returns:
        ``int64 [N]``: 1 for the rows of the first part, 2 for the second
        and so on; 0 for those that no part asked for.
    """
    found = np.zeros(len(labels), dtype=np.int64)
    for label, asked in enumerate(zip(*quotas, strict=True)):
        rows = np.flatnonzero(labels == label)
        if sum(asked) > len(rows):
            raise FerError(
                f"asked for {sum(asked)} faces of class {label}, counted from 0, "
                f"found {len(rows)}; use more faces or another protocol."
            )
        rows = np.random.default_rng([seed, label]).permutation(rows)
        parts = np.repeat(np.arange(1, len(asked) + 1), asked)
        found[rows[: len(parts)]] = parts
    return found


def subject_folds(subjects: np.ndarray, folds: int) -> np.ndarray:
    """The fold of every row ``int64 [N]``, nobody in two: step sampling.

    Subjects ``int [N]`` are put in ascending order, and the i-th of them, counted
    from 0, is in fold i modulo ``folds``: the usual ten folds of CK+, and those
    of Wadhawan and Gandhi.  Neither chance nor the order of the rows has a part
    in it.

    >>> subject_folds(np.array([30, 10, 10, 20]), 2).tolist()
    [0, 0, 0, 1]
    """
    people, which = np.unique(subjects, return_inverse=True)
    if len(people) < folds:
        raise FerError(
            f"found {len(people)} people, expected at least {folds} for {folds} "
            "folds by person; use fewer folds or more people."
        )
    return which % folds


def leaky_folds(labels: np.ndarray, folds: int, seed: int = 0) -> np.ndarray:
    """The fold of every row ``int64 [N]`` drawn blindly: how not to do it.

    Frames of one recording, nearly the same picture, come to stand in
    training and in test, and accuracy measures memory.  Classes are spread
    evenly: neither folds nor a class in two folds differ by more than one.
    """
    if len(labels) < folds:
        raise FerError(
            f"found {len(labels)} faces, expected at least {folds} for {folds} "
            "folds; use fewer folds or more faces."
        )
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    found = np.empty(len(labels), dtype=np.int64)
    found[by_class] = np.arange(len(labels)) % folds
    return found


def three_parts(
    fold_of: np.ndarray, fold: int, folds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Who selects and who is tested, ``bool [N]``, when one fold is reported.

    The next fold, after the last one the first, chooses the checkpoint, so
    that the reported one is looked at once.  All others are trained on: a
    fold fewer than where papers select on the reported fold itself.

    Args:
        fold_of: ``int [N]``, the fold of every row.
        fold: the one to report, from 0.
        folds: their number, at least 3.
    """
    if not 0 <= fold < folds or folds < 3:
        raise FerError(
            f"found fold {fold} of {folds}, expected at least 3 folds and one "
            "from 0 to the last; ask for another."
        )
    return fold_of == (fold + 1) % folds, fold_of == fold
