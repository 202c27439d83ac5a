"""Rules for a label from ten votes, against rules written out in loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.ferplus import (
    argmax_labels,
    majority_labels,
    multi_targets,
    named_rows,
    one_hot,
    probability_targets,
)
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS

# FER+'s nouns for the book's adjectives, written out here once more.
BOOK_NAME = {
    "neutral": "neutral", "happiness": "happy", "surprise": "surprise",
    "sadness": "sad", "anger": "angry", "disgust": "disgust", "fear": "fear",
    "contempt": "contempt",
}  # fmt: skip

# Small numbers, so that ties, single votes and empty rows are common.
ballots = arrays(
    np.int64,
    st.tuples(st.integers(0, 6), st.just(10)),
    elements=st.integers(0, 4),
)
classes = st.sampled_from([7, 8])


def label_of(column: str) -> int:
    return EXPRESSIONS.index(BOOK_NAME[column])


def votes_of(**votes) -> np.ndarray:
    return np.array([[votes.get(column, 0) for column in FERPLUS_COLUMNS]])


@given(ballots, classes)
def test_argmax_by_hand(votes, classes):
    labels, kept = argmax_labels(votes, classes)
    assert kept.all() and len(kept) == len(votes)
    for row, label in zip(votes.tolist(), labels.tolist(), strict=True):
        best = None
        for count, column in zip(row[:classes], FERPLUS_COLUMNS, strict=False):
            if best is None or count > best[0]:
                best = count, column
        assert label == label_of(best[1])


@given(ballots, classes)
def test_majority_by_hand(votes, classes):
    labels, kept = majority_labels(votes, classes)
    allowed = [*BOOK_NAME][:classes]
    for i, row in enumerate(votes.tolist()):
        left = {
            column: count
            for column, count in zip(FERPLUS_COLUMNS, row, strict=True)
            if count > 1
        }
        winners = [
            column
            for column, count in left.items()
            if count / sum(left.values()) > 0.5 and column in allowed
        ]
        assert kept[i] == bool(winners)
        if winners:
            assert labels[i] == label_of(winners[0])


def test_a_tie_goes_to_the_first_column():
    tied = votes_of(sadness=5, anger=5)
    assert argmax_labels(tied)[0].tolist() == [label_of("sadness")]
    assert argmax_labels(votes_of(NF=10))[0].tolist() == [label_of("neutral")]


SOFT = (probability_targets, multi_targets)
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


@pytest.mark.parametrize(
    ("rule", "by_hand"), [(probability_targets, probable), (multi_targets, multiple)]
)
@given(row=ballot, classes=classes)
def test_soft_rules_by_hand(rule, by_hand, row, classes):
    [label], [target], [kept] = rule(row[None], classes)
    told = expected(by_hand(row), classes)
    assert kept == (told is not None)
    if told is None:
        assert not target.any()
        return
    shares = told[1] / told[1].sum() if rule is probability_targets else told[1] > 0
    assert label == told[0]
    np.testing.assert_allclose(target, shares, rtol=1e-6)


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


def test_seven_classes_leave_contempt_out():
    mixed = votes_of(sadness=6, contempt=4)
    label, shares, kept = probability_targets(mixed, 7)
    assert kept.all() and shares.tolist() == one_hot(label, 7).tolist()
    for rule in SOFT:
        assert not rule(votes_of(sadness=4, contempt=6), 7)[2].any()
    for rule in (*SOFT, argmax_labels, majority_labels):
        with pytest.raises(FerError, match="7 classes, or 8"):
            rule(mixed, 9)


def faces(votes=None, **extra) -> FaceSet:
    return FaceSet(
        "fer2013",
        images=np.zeros((3, 1, 2, 2), dtype=np.uint8),
        labels=np.zeros(3, dtype=np.int64),
        splits=np.array(["Training"] * 3),
        provenance="made here",
        votes=votes,
        extra=extra,
    )


def test_named_rows():
    votes = np.ones((3, 10), dtype=np.int64)
    named, lossless = np.array([1, 1, 0], bool), np.array([0, 1, 1], bool)
    assert named_rows(faces(votes)).tolist() == [True] * 3
    both = faces(votes, ferplus_named=named, lossless=lossless)
    assert named_rows(both).tolist() == [False, True, False]
    with pytest.raises(FerError, match=r"no FER\+ votes .made here"):
        named_rows(faces())


@pytest.mark.slow
def test_real_argmax_counts(real):
    """The test split by arg-max, with one face that no rater called a face."""
    part = real.split("PrivateTest")
    labels, kept = argmax_labels(part.votes)
    kept &= part.extra["ferplus_named"]
    counts = np.bincount(labels[kept], minlength=7).tolist()
    assert counts == [331, 28, 95, 929, 450, 446, 1295]
    nobody = kept & (part.votes[:, :7].sum(1) == 0)
    not_a_face = [[0] * 9 + [10]]
    assert part.votes[nobody].tolist() == not_a_face
