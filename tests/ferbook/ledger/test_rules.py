"""The rules that turn figures into verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbook.ledger.rules import (
    Direction,
    Verdict,
    direction,
    judge_difference,
    judge_order,
    judge_value,
    rescales,
    tolerance,
)
from ferbook.ledger.statistics import Difference
from ferbook.runs.records import Departure


@pytest.mark.parametrize(
    ("mean", "paper", "n", "expected"),
    [
        # n = 1,000,000: the half-width is 0.09 points, so one point counts.
        (0.69, 0.70, 1_000_000, "reproduced"),
        (0.6899, 0.70, 1_000_000, "not reproduced"),
        (0.70, 0.70, 1_000_000, "reproduced"),
        (0.71, 0.70, 1_000_000, "reproduced"),
        (0.7101, 0.70, 1_000_000, "exceeds"),
        # n = 1,000: 2.84 points.
        (0.6717, 0.70, 1000, "reproduced"),
        (0.6714, 0.70, 1000, "not reproduced"),
        # n = 70, JAFFE: 6.25 points by itself, 3 at most.
        (0.898, 0.928, 70, "reproduced"),
        (0.8979, 0.928, 70, "not reproduced"),
        (0.9585, 0.928, 70, "exceeds"),
    ],
)
def test_value_rule(mean, paper, n, expected):
    assert judge_value(mean, paper, n) == expected


def test_tolerance_is_a_point_or_the_half_width_and_never_more_than_three():
    assert tolerance(0.7, 1_000_000) == 0.01
    assert tolerance(0.7002, 3589) == pytest.approx(0.01499, abs=1e-4)
    assert tolerance(0.928, 70) == 0.03


def _difference(low, high):
    return Difference((low + high) / 2, low, high, 1000)


@pytest.mark.parametrize(
    ("low", "high", "paper", "expected"),
    [
        (0.005, 0.03, 0.0173, "reproduced"),
        (0.005, 0.0173, 0.0173, "reproduced"),  # its border counts
        (0.02, 0.03, 0.0173, "exceeds"),
        (0.005, 0.012, 0.0173, "not reproduced"),  # there, but smaller
        (-0.01, 0.03, 0.0173, "undecided"),
        (0.0, 0.03, 0.0173, "undecided"),
        (-0.02, 0.012, 0.0173, "not reproduced"),
        (-0.03, -0.01, 0.0173, "not reproduced"),
        # A paper that claims a loss.
        (-0.03, -0.005, -0.0173, "reproduced"),
        (-0.03, -0.02, -0.0173, "exceeds"),
        (-0.012, -0.005, -0.0173, "not reproduced"),
        (-0.03, 0.01, -0.0173, "undecided"),
        (0.01, 0.03, -0.0173, "not reproduced"),
    ],
)
def test_difference_rule(low, high, paper, expected):
    assert judge_difference(_difference(low, high), paper) == expected


def test_the_papers_single_run_may_lie_off_as_far_as_runs_spread():
    """An interval of 1 point about 2; single pairs spread by 0.8 points."""
    found = Difference(0.02, 0.015, 0.025, 1000, seeds=5, df=8, spread=0.008)
    reach = ((0.005) ** 2 + (2.306004 * 0.008) ** 2) ** 0.5
    for off, expected in ((0.999, "reproduced"), (1.001, "exceeds")):
        assert judge_difference(found, 0.02 - off * reach) == expected
    for off, expected in ((0.999, "reproduced"), (1.001, "not reproduced")):
        assert judge_difference(found, 0.02 + off * reach) == expected


ends = st.floats(-0.2, 0.2)


@given(ends, ends, st.floats(0.001, 0.2))
def test_a_mirrored_difference_has_the_same_verdict(a, b, paper):
    low, high = sorted((a, b))
    mirrored = judge_difference(_difference(-high, -low), -paper)
    assert judge_difference(_difference(low, high), paper) == mirrored


@given(ends, ends, st.floats(0.001, 0.2))
def test_reproduced_means_the_paper_inside_and_nothing_outside(a, b, paper):
    low, high = sorted((a, b))
    found = judge_difference(_difference(low, high), paper)
    inside = low - 1e-9 <= paper <= high + 1e-9
    assert (found == Verdict.REPRODUCED) == (inside and low > 0)


ORDERS = [
    ([(0.01, 0.05), (0.02, 0.03)], "reproduced", "same direction"),
    ([(0.01, 0.05), (-0.01, 0.03)], "undecided", "not told apart"),
    ([(0.01, 0.05), (-0.03, -0.01)], "not reproduced", "opposite direction"),
    ([(-0.01, 0.01), (-0.03, -0.01)], "not reproduced", "opposite direction"),
    ([(0.0, 0.05)], "undecided", "not told apart"),
]


@pytest.mark.parametrize(("pairs", "verdict", "reduced"), ORDERS)
def test_order_rule(pairs, verdict, reduced):
    pairs = [_difference(*pair) for pair in pairs]
    assert judge_order(pairs) == verdict
    assert direction(pairs) == reduced


def test_a_claimed_loss_turns_the_direction():
    lost = [_difference(-0.05, -0.01)]
    assert (direction(lost, -1), direction(lost)) == (
        Direction.SAME,
        Direction.OPPOSITE,
    )


@pytest.mark.parametrize(
    ("item", "paper", "ours", "expected"),
    [
        ("epochs", "300", "270", False),  # exactly 10 %
        ("epochs", "300", "330", False),
        ("epochs", "300", "269", True),
        ("epochs", "300", "60", True),
        ("epochs", "until it stops", "60", True),
        ("pre-training", "faces", "none", True),
        ("input size", "224", "48", True),
        ("width", "10", "5", True),
        ("label set", "FER2013", "FER+", True),
        ("test split", "3,589", "3,573", True),
        ("learning rate", "0.005", "0.02", False),
        ("augmentation", "not told", "10 degrees", False),
    ],
)
def test_departures_that_change_the_scale(item, paper, ours, expected):
    assert rescales(Departure(item, paper, ours)) == expected
