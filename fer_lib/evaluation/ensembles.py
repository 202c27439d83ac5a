"""Several networks, or several branches of one, that decide together.

Members count alike, as in all papers here: L. Pham et al. (2020), section
III.C, and R. Wadhawan, T. K. Gandhi (2022), equations (3) and (4), add
probabilities; the branches of H. Siqueira et al. (2020) vote.

Everywhere here ``logits`` are class scores before the softmax, ``[M, N, C]``:
members, faces, classes; ``labels`` are ``int [N]``; and the ``rule`` is the
``"sum"`` of probabilities or the majority ``"vote"``.  Other shapes, labels and
rules, and scores that are not finite, end in a ``FerError``.
"""

from itertools import chain, combinations
from typing import NamedTuple

import numpy as np

from fer_lib.errors import FerError

MOST_MEMBERS = 12  # 4095 subsets, some seconds for a test split of FER2013


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, of class scores ``[..., C]``, 0 to 1.

    Equation (3) of Wadhawan and Gandhi (2022).
    """
    logits = np.asarray(logits, np.float64)
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def probability_sum(logits: np.ndarray) -> np.ndarray:
    """Sum of the members' probabilities, ``[N, C]``, 0 to M.

    Its arg-max is equation (4) of Wadhawan and Gandhi (2022), and the
    "no-weighted sum average" of Pham et al. (2020).

    >>> probability_sum(np.log([[[0.9, 0.1]], [[0.2, 0.8]]]))
    array([[1.1, 0.9]])
    """
    return probabilities(_checked(logits)).sum(0)


def majority_vote(votes: np.ndarray, classes: int) -> np.ndarray:
    """The class ``int [N]`` that most vote for; of ties the lowest index.

    The decision of ESR (Siqueira et al. 2020), as its authors' code has it.

    Args:
        votes: ``int [M, N]``, 0 to classes - 1.
        classes: how many there are.

    >>> majority_vote([[0, 2], [1, 2], [1, 0], [0, 1]], 3)
    array([0, 2])
    """
    votes = np.asarray(votes)
    if votes.ndim != 2 or not len(votes) or votes.dtype.kind not in "iu":
        raise FerError(
            f"votes are {votes.dtype} {list(votes.shape)}, expected whole "
            "numbers [members, faces] with one member or more."
        )
    if votes.size and not (votes.min() >= 0 and votes.max() < classes):
        raise FerError(
            f"votes run from {votes.min()} to {votes.max()}, expected 0 to "
            f"{classes - 1}."
        )
    return _one_hot(votes, classes).sum(0).argmax(-1)


def _one_hot(votes: np.ndarray, classes: int) -> np.ndarray:
    return (votes[..., None] == np.arange(classes)).astype(np.float64)


# What each member puts into the sum whose arg-max is the decision.
RULES = {
    "sum": probabilities,
    "vote": lambda logits: _one_hot(logits.argmax(-1), logits.shape[-1]),
}


def decide(logits: np.ndarray, rule: str = "sum") -> np.ndarray:
    """Labels ``int [N]`` that the members agree on; ties as above.

    Equation (4) of Wadhawan and Gandhi (2022) for ``"sum"``.
    """
    return _shares(logits, rule).sum(0).argmax(-1)


def accuracy_by_members(
    logits: np.ndarray, labels: np.ndarray, rule: str = "sum"
) -> np.ndarray:
    """Accuracy ``[M]``, 0 to 1, of the first, the first two, ... and all."""
    shares = _shares(logits, rule)
    labels = _checked_labels(labels, shares)
    return (shares.cumsum(0).argmax(-1) == labels).mean(-1)


def choose_members(
    logits: np.ndarray, labels: np.ndarray, rule: str = "sum"
) -> tuple[int, ...]:
    """The subset of members with the most correct faces, ascending.

    Tries all subsets, of :data:`MOST_MEMBERS` at most; of equally good ones
    the smallest wins, then the one that comes first in order.  Choose on a
    split that is not reported.
    """
    shares = _shares(logits, rule)
    labels, members = _checked_labels(labels, shares), range(len(shares))
    if len(members) > MOST_MEMBERS:
        raise FerError(
            f"an ensemble of {len(members)} has too many subsets to try, "
            f"expected {MOST_MEMBERS} members or fewer; leave the weakest out."
        )

    def hits(some: tuple[int, ...]) -> int:
        return int((shares[list(some)].sum(0).argmax(-1) == labels).sum())

    subsets = chain(*(combinations(members, k + 1) for k in members))
    return max(subsets, key=hits)


class Choice(NamedTuple):
    """Ascending indices of members, and the accuracy 0 to 1 that they reach."""

    members: tuple[int, ...]
    validation: float
    test: float


class Selection(NamedTuple):
    """The same members chosen in three ways.

    Attributes:
        chosen: by the validation split: the result to report.
        everyone: without a choice.
        test_selected: by the test split: a warning, never a result.  Its
            distance from ``chosen`` is what such a choice would feign.
    """

    chosen: Choice
    everyone: Choice
    test_selected: Choice


def selection_report(
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    rule: str = "sum",
) -> Selection:
    """Members chosen on validation, beside what a choice on test would give.

    Of logits and labels of either split.
    """
    here, there = np.shape(validation[0]), np.shape(test[0])
    if here[::2] != there[::2]:
        raise FerError(
            f"scores are {list(here)} on validation and {list(there)} on test, "
            "expected [members, faces, classes] with equal members and classes."
        )

    def choice(members: tuple[int, ...]) -> Choice:
        accuracies = (
            float((decide(np.asarray(logits)[list(members)], rule) == labels).mean())
            for logits, labels in (validation, test)
        )
        return Choice(members, *accuracies)

    return Selection(
        choice(choose_members(*validation, rule)),
        choice(tuple(range(len(test[0])))),
        choice(choose_members(*test, rule)),
    )


def _shares(logits: np.ndarray, rule: str) -> np.ndarray:
    if rule not in RULES:
        raise FerError(
            f"ensemble rule is '{rule}', expected one of {', '.join(RULES)}."
        )
    return RULES[rule](_checked(logits))


def _checked(logits: np.ndarray) -> np.ndarray:
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 3 or 0 in logits.shape:
        raise FerError(
            f"scores of an ensemble are {list(logits.shape)}, expected "
            "[members, faces, classes], one or more each."
        )
    if not np.isfinite(logits).all():
        member = int(np.argwhere(~np.isfinite(logits))[0, 0])
        raise FerError(f"scores of member {member} are not all finite.")
    return logits


def _checked_labels(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    labels, (faces, classes) = np.asarray(labels), scores.shape[1:]
    if labels.shape != (faces,) or labels.min() < 0 or labels.max() >= classes:
        raise FerError(
            f"labels {list(labels.shape)} do not fit {faces} faces of {classes} "
            f"classes, expected [{faces}] with values 0 to {classes - 1}."
        )
    return labels
