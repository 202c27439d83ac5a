"""Rows dealt out to parts, against slow and plain computations."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.data.folds import (
    deal,
    leaky_folds,
    portion,
    shares,
    subject_folds,
    three_parts,
)
from fer_lib.errors import FerError

counts = st.lists(st.integers(0, 40), min_size=1, max_size=8)
people = st.lists(st.integers(-5, 30), min_size=3, max_size=60).map(np.array)
labels = st.lists(st.integers(0, 4), min_size=12, max_size=80).map(np.array)
seeds = st.integers(0, 99)


@given(st.integers(0, 10**6), st.integers(0, 100))
def test_portions_round_halves_up(count, percent):
    assert portion(count, percent) == int(
        Fraction(count * percent, 100) + Fraction(1, 2)
    )


@given(counts, st.data())
def test_shares_are_largest_remainders(counts, data):
    total = data.draw(st.integers(0, sum(counts)))
    exact = [Fraction(n * total, max(sum(counts), 1)) for n in counts]
    expected = [int(share) for share in exact]
    waiting = sorted(range(len(counts)), key=lambda c: (expected[c] - exact[c], c))
    for label in waiting[: total - sum(expected)]:
        expected[label] += 1
    assert shares(counts, total).tolist() == expected
    assert all(0 <= got <= had for got, had in zip(expected, counts, strict=True))


@given(labels, seeds, st.data())
def test_dealt_as_asked(labels, seed, data):
    had = np.bincount(labels, minlength=5)
    first = [data.draw(st.integers(0, int(n))) for n in had]
    second = [data.draw(st.integers(0, int(n))) for n in had - first]
    dealt = deal(labels, [first, second], seed)
    for place, quota in ((1, first), (2, second)):
        assert np.bincount(labels[dealt == place], minlength=5).tolist() == quota
    assert (dealt == deal(labels, [first, second], seed)).all()
    # The first part does not depend on what is asked for after it.
    assert ((dealt == 1) == (deal(labels, [first], seed) == 1)).all()


def test_dealing_is_random_and_each_class_by_itself():
    labels = np.repeat([0, 1, 2], 50)
    drawn = [deal(labels, [[5, 5, 5]], seed) for seed in range(40)]
    hits = np.sum(drawn, 0)
    assert hits.max() < 15 and (hits > 0).sum() > 140  # every row has its chance
    without = deal(labels[:100], [[5, 5]], seed=3)
    assert (without == drawn[3][:100]).all()


def test_more_than_there_is_is_refused():
    with pytest.raises(FerError, match="asked for 5 faces of 4"):
        shares([3, 1], 5)
    with pytest.raises(FerError, match="3 faces of class 1, counted from 0, found 2"):
        deal(np.array([0, 1, 1, 0]), [[1, 2], [1, 1]])


@given(people, st.integers(1, 12))
def test_step_sampling_by_hand(people, folds):
    order = sorted(set(people.tolist()))
    if len(order) < folds:
        with pytest.raises(FerError, match=f"found {len(order)} people"):
            subject_folds(people, folds)
        return
    expected = [order.index(person) % folds for person in people]
    assert subject_folds(people, folds).tolist() == expected
    sizes = Counter(i % folds for i in range(len(order)))
    assert len(sizes) == folds and max(sizes.values()) - min(sizes.values()) <= 1


@given(labels, st.integers(2, 12), seeds)
def test_leaky_folds_are_even(labels, folds, seed):
    fold_of = leaky_folds(labels, folds, seed)
    assert (fold_of == leaky_folds(labels, folds, seed)).all()
    for rows in (slice(None), *(labels == label for label in range(5))):
        sizes = np.bincount(fold_of[rows], minlength=folds)
        assert len(sizes) == folds and sizes.max() - sizes.min() <= 1


def test_leaky_folds_leak():
    """Three frames of a recording stay together about once in a hundred."""
    fold_of = leaky_folds(np.repeat(np.arange(5), 300), 10).reshape(-1, 3)
    together = (fold_of == fold_of[:, :1]).all(1).mean()
    assert together < 0.03
    one, other = (leaky_folds(np.zeros(50, int), 5, seed) for seed in (1, 2))
    assert (one != other).any()
    with pytest.raises(FerError, match="found 3 faces, expected at least 4"):
        leaky_folds(np.zeros(3, int), 4)


def test_the_next_fold_selects():
    fold_of = np.array([0, 1, 2, 3, 3])
    for fold, following in ((0, 1), (2, 3), (3, 0)):
        select, test = three_parts(fold_of, fold, 4)
        assert (select == (fold_of == following)).all()
        assert (test == (fold_of == fold)).all()
    for fold, folds in ((4, 4), (-1, 4), (0, 2)):
        with pytest.raises(FerError, match=f"found fold {fold} of {folds}"):
            three_parts(fold_of, fold, folds)
