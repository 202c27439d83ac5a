"""The rules that turn figures into verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbook.ledger.rules import (
    Verdict,
    blocks_value,
    judge_difference,
    judge_order,
    judge_value,
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
        (0.99, 0.70, 1_000_000, "reproduced"),  # above the paper
        # n = 100: the half-width is 8.85 points.
        (0.612, 0.70, 100, "reproduced"),
        (0.611, 0.70, 100, "not reproduced"),
        # n = 70, JAFFE: 6.25 points.
        (0.866, 0.928, 70, "reproduced"),
        (0.86, 0.928, 70, "not reproduced"),
    ],
)
def test_value_rule(mean, paper, n, expected):
    assert judge_value(mean, paper, n) == expected


def test_tolerance_is_a_point_or_the_half_width():
    assert tolerance(0.7, 1_000_000) == 0.01
    assert tolerance(0.7002, 3589) == pytest.approx(0.01499, abs=1e-4)
    assert tolerance(0.928, 70) == pytest.approx(0.0625, abs=1e-3)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10_000))
def test_a_better_mean_never_worsens_the_verdict(mean, paper, n):
    if judge_value(mean, paper, n) == Verdict.REPRODUCED:
        assert judge_value(min(mean + 0.05, 1), paper, n) == Verdict.REPRODUCED


def _difference(low, high):
    return Difference((low + high) / 2, low, high, 1000, 2000)


@pytest.mark.parametrize(
    ("low", "high", "paper", "expected"),
    [
        (0.01, 0.05, 0.03, "reproduced"),
        (0.01, 0.05, 0.01, "reproduced"),  # contains its own limit
        (0.01, 0.05, 0.08, "direction only"),
        (0.03, 0.05, 0.01, "direction only"),
        (-0.05, -0.01, 0.03, "not reproduced"),  # the other side
        (-0.02, 0.02, 0.05, "not reproduced"),  # excludes the paper's
        (-0.02, 0.04, 0.03, "undecided"),
        (0.0, 0.04, 0.03, "undecided"),  # touches 0
        (-0.05, -0.01, -0.03, "reproduced"),  # a claimed loss
        (0.01, 0.05, -0.03, "not reproduced"),
        (-0.09, -0.05, -0.03, "direction only"),
    ],
)
def test_difference_rule(low, high, paper, expected):
    assert judge_difference(_difference(low, high), paper) == expected


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(0.01, 0.05)], "reproduced"),
        ([(0.01, 0.05), (0.02, 0.03)], "reproduced"),
        ([(0.01, 0.05), (-0.01, 0.03)], "undecided"),
        ([(0.01, 0.05), (-0.03, -0.01)], "not reproduced"),
        ([(-0.01, 0.01), (-0.03, -0.01)], "not reproduced"),
        ([(0.0, 0.05)], "undecided"),
    ],
)
def test_order_rule(pairs, expected):
    assert judge_order([_difference(*pair) for pair in pairs]) == expected


@pytest.mark.parametrize(
    ("item", "paper", "ours", "blocks"),
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
def test_deviations_that_block_a_value(item, paper, ours, blocks):
    assert blocks_value(Departure(item, paper, ours)) == blocks
