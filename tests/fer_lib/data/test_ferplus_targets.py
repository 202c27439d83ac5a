"""FER+'s rules for several expressions, against rules written in loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fer_lib.data.sources.ferplus import majority_labels
from fer_lib.data.sources.ferplus_targets import (
    multi_targets,
    one_hot,
    probability_targets,
)
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS

BOOK_NAME = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "contempt": "contempt",
}
SOFT = (probability_targets, multi_targets)
classes = st.sampled_from([7, 8])
# Small numbers make ties; ten raters with few columns make clear cases.
small = arrays(np.int64, 10, elements=st.integers(0, 4))
ten = st.lists(st.sampled_from([0, 0, 1, 2, 7, 8, 9, 4]), min_size=10, max_size=10)
ballot = small | ten.map(lambda names: np.bincount(names, minlength=10))


def counted(row) -> dict:
    votes = zip(FERPLUS_COLUMNS, row.tolist(), strict=True)
    return {column: n for column, n in votes if n > 1}


def probable(row) -> dict | None:
    """The votes of the leading expressions, or None when the row is dropped."""
    left, total, covered, taken = counted(row), sum(counted(row).values()), 0, {}
    while left and covered < 0.75 * total and len(taken) < 3:
        most = max(left.values())
        equal = [column for column, n in left.items() if n == most]
        for column in equal:
            covered += left.pop(column)
        taken |= {column: most for column in equal if column in BOOK_NAME}
        if set(equal) - set(BOOK_NAME):
            break
    enough = sum(taken.values()) > 0.5 * total and len(taken) <= 3
    return taken if enough else None


def multiple(row) -> dict | None:
    """The votes of all columns with 30 %, or None when the row is dropped."""
    left = counted(row)
    total = sum(left.values())
    taken = {column: n for column, n in left.items() if n / max(total, 1) >= 0.3}
    if not taken or sum(taken.values()) <= 0.5 * total:
        return None
    most = max(taken.values())
    first = next(column for column, n in taken.items() if n == most)
    taken = {column: n for column, n in taken.items() if column in BOOK_NAME}
    return taken if first in BOOK_NAME else None


def expected(taken: dict | None, classes: int):
    """Label and votes of the classes, or None when the row is dropped."""
    if not taken:
        return None
    label = BOOK_NAME[max(taken, key=taken.get)]  # the first of equals
    if label not in EXPRESSIONS[:classes]:
        return None
    found = {EXPRESSIONS.index(BOOK_NAME[column]): n for column, n in taken.items()}
    votes = np.array([found.get(place, 0) for place in range(classes)])
    return EXPRESSIONS.index(label), votes


@given(ballot, classes)
def test_probability_by_hand(row, classes):
    [label], [target], [kept] = probability_targets(row[None], classes)
    told = expected(probable(row), classes)
    assert kept == (told is not None)
    if told:
        assert label == told[0]
        np.testing.assert_allclose(target, told[1] / told[1].sum(), rtol=1e-6)
    else:
        assert not target.any()


@given(ballot, classes)
def test_multitarget_by_hand(row, classes):
    [label], [target], [kept] = multi_targets(row[None], classes)
    told = expected(multiple(row), classes)
    assert kept == (told is not None)
    if told:
        assert label == told[0]
        assert target.tolist() == (told[1] > 0).astype(float).tolist()
    else:
        assert not target.any()


@pytest.mark.parametrize("rule", SOFT)
@given(
    votes=arrays(
        np.int64, st.tuples(st.integers(0, 5), st.just(10)), elements=st.integers(0, 5)
    ),
    classes=classes,
)
def test_rows_stand_alone_and_labels_are_an_argmax(rule, votes, classes):
    labels, targets, kept = rule(votes, classes)
    assert targets.shape == (len(votes), classes) and targets.dtype == np.float32
    assert labels.dtype == np.int64 and (labels < classes)[kept].all()
    rows = np.arange(len(votes))
    assert (targets[rows, labels] == targets.max(1, initial=0))[kept].all()
    turned = rule(votes[::-1], classes)
    for one, other in zip((labels, targets, kept), turned, strict=True):
        assert (one[::-1] == other).all()
    # A majority is enough for every rule, and its winner is the label.
    winner, clear = majority_labels(votes, classes)
    assert kept[clear].all() and (labels == winner)[clear].all()


def votes_of(**votes) -> np.ndarray:
    return np.array([[votes.get(column, 0) for column in FERPLUS_COLUMNS]])


@pytest.mark.parametrize(
    ("votes", "probable", "multiple"),
    [
        ({"fear": 10}, {"fear": 1}, {"fear"}),
        ({"fear": 6, "anger": 4}, {"fear": 0.6, "angry": 0.4}, {"fear", "angry"}),
        ({"fear": 8, "anger": 2}, {"fear": 1}, {"fear"}),  # three quarters covered
        ({"fear": 6, "anger": 2, "NF": 1}, {"fear": 1}, {"fear"}),  # exactly covered
        ({"fear": 5, "unknown": 5}, {}, {"fear"}),  # no more than half
        ({"fear": 6, "NF": 4}, {"fear": 1}, {"fear"}),
        ({"NF": 6, "fear": 4}, {}, set()),
        ({"fear": 3, "anger": 3, "happiness": 2, "sadness": 2}, {}, {"fear", "angry"}),
        ({"fear": 1}, {}, set()),  # a single vote is none
    ],
)
def test_single_cases(votes, probable, multiple):
    _, [shares], _ = probability_targets(votes_of(**votes))
    found = {EXPRESSIONS[c]: pytest.approx(shares[c]) for c in np.flatnonzero(shares)}
    assert found == probable
    _, [equal], _ = multi_targets(votes_of(**votes))
    assert {EXPRESSIONS[c] for c in np.flatnonzero(equal)} == multiple


def test_seven_classes_leave_contempt_out():
    mixed = votes_of(sadness=6, contempt=4)
    label, shares, kept = probability_targets(mixed, 7)
    assert kept.all() and shares.tolist() == one_hot(label, 7).tolist()
    for rule in SOFT:
        assert not rule(votes_of(sadness=4, contempt=6), 7)[2].any()
        with pytest.raises(FerError, match="7 classes, or 8"):
            rule(mixed, 9)
