"""Ensembles against plain loops and scipy."""

from itertools import chain, combinations
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from fer_lib.errors import FerError
from fer_lib.evaluation.ensembles import (
    accuracy_by_members,
    choose_members,
    decide,
    majority_vote,
    probabilities,
    probability_sum,
    selection_report,
)

SCORES = arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(2, 8)),
    elements=st.floats(-30, 30),
)


def drawn(members=4, faces=40, classes=7, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, faces)
    logits = rng.normal(size=(members, faces, classes))
    logits[:, np.arange(faces), labels] += 0.7  # members know something
    return logits, labels


@pytest.mark.equation("part_ensemble", 3)
@given(SCORES)
def test_softmax_in_loops(logits):
    found = probabilities(logits)
    for place in np.ndindex(logits.shape[:2]):
        exponents = [exp(score) for score in logits[place]]
        expected = [e / sum(exponents) for e in exponents]
        np.testing.assert_allclose(found[place], expected, rtol=1e-9)


@pytest.mark.equation("part_ensemble", 4)
@given(SCORES)
def test_sum_and_its_arg_max_in_loops(logits):
    expected = sum(softmax(member, 1) for member in logits)
    np.testing.assert_allclose(probability_sum(logits), expected, rtol=1e-9)
    found = decide(logits, "sum")
    reached = expected[np.arange(len(found)), found]
    np.testing.assert_allclose(reached, expected.max(1), rtol=1e-9)


def test_scores_beyond_the_range_of_exp():
    logits = np.array([[[1e4, -1e4, 0.0]]])
    np.testing.assert_array_equal(probability_sum(logits), [[1, 0, 0]])
    assert probability_sum(logits.astype(np.float16)).dtype == np.float64


@given(SCORES)
def test_votes_in_loops(logits):
    votes, classes = logits.argmax(-1), logits.shape[-1]
    expected = [np.bincount(face, minlength=classes).argmax() for face in votes.T]
    assert majority_vote(votes, classes).tolist() == expected
    assert decide(logits, "vote").tolist() == expected


def test_ties_go_to_the_lowest_class():
    assert majority_vote([[6], [2], [2], [6], [0]], 7) == [2]
    assert majority_vote([[5], [3], [1]], 7) == [1]
    assert decide(np.zeros((2, 1, 7))) == [0]


@pytest.mark.parametrize("rule", ["sum", "vote"])
def test_accuracy_by_members(rule):
    logits, labels = drawn(6)
    found = accuracy_by_members(logits, labels, rule)
    expected = [(decide(logits[:k], rule) == labels).mean() for k in range(1, 7)]
    np.testing.assert_allclose(found, expected)
    assert found[-1] > found[0]  # independent members help


@pytest.mark.parametrize("rule", ["sum", "vote"])
@pytest.mark.parametrize("seed", range(3))
def test_choice_tries_every_subset(rule, seed):
    logits, labels = drawn(5, 25, seed=seed)

    def hits(members):
        return sum(decide(logits[list(members)], rule) == labels)

    subsets = chain(*(combinations(range(5), k) for k in range(1, 6)))
    best = max(subsets, key=hits)  # small first, so that ties go to fewer
    assert choose_members(logits, labels, rule) == best
    part = (logits.tolist(), labels.tolist())
    assert selection_report(part, part, rule).chosen.members == best


def test_of_equal_subsets_the_smallest_and_first_wins():
    logits, labels = drawn(1)
    assert choose_members(logits.repeat(4, 0), labels) == (0,)
    # Two halves that only together are right, each twice.
    left, right = np.zeros((2, 2, 2))
    left[0, 1] = right[1, 1] = 5
    twice = np.stack([left, right, left, right])
    assert choose_members(twice, np.array([1, 1])) == (0, 1)


def test_a_choice_on_the_test_split_looks_better():
    """Of members that know nothing: the warning figure is above chance."""
    rng = np.random.default_rng(1)
    validation, test = rng.normal(size=(2, 7, 60, 7))
    labels, others = rng.integers(0, 7, (2, 60))
    report = selection_report((validation, labels), (test, others))
    chosen, everyone, warned = report
    assert chosen.members == choose_members(validation, labels)
    assert warned.members == choose_members(test, others)
    assert everyone.members == tuple(range(7))
    for choice in report:
        members = list(choice.members)
        assert choice.test == (decide(test[members]) == others).mean()
        assert choice.validation == (decide(validation[members]) == labels).mean()
    assert warned.test > max(chosen.test, everyone.test)
    assert chosen.validation > max(warned.validation, everyone.validation)


def broken(at):
    logits, _ = drawn()
    logits[at] = np.nan
    return logits


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: probability_sum(np.zeros((3, 7))), r"are \[3, 7\]"),
        (lambda: decide(np.zeros((0, 3, 7))), r"are \[0, 3, 7\]"),
        (lambda: decide(broken((2, 3, 1))), "member 2 are not all finite"),
        (lambda: decide(drawn()[0], "mean"), "rule is 'mean', expected one of sum"),
        (lambda: majority_vote([0, 1], 7), r"votes are int64 \[2\]"),
        (lambda: majority_vote([[0.0, 1.0]], 7), "whole numbers"),
        (lambda: majority_vote([[0, 7]], 7), "run from 0 to 7, expected 0 to 6"),
        (lambda: accuracy_by_members(drawn()[0], [0, 1]), r"labels \[2\] do not fit"),
        (lambda: choose_members(drawn()[0], [7] * 40), "values 0 to 6"),
        (lambda: choose_members(*drawn(13, 2)), "ensemble of 13 .* 12 members"),
        (
            lambda: selection_report(drawn(), drawn(3)),
            r"\[4, 40, 7\] on validation and \[3, 40, 7\] on test",
        ),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(FerError, match=words):
        call()
