"""Differences of measurements, and what a test split can resolve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, sem

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from ferbook.ledger.statistics import measured_difference, resolution

numbers = st.floats(-100, 100).map(lambda x: round(x, 3))
pairs = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=40)


@given(pairs)
def test_interval_is_scipys(rows):
    first, second = np.array(rows).T
    found = measured_difference(first, second)
    gap = first - second
    spread = norm.ppf(0.975) * sem(gap)
    assert found.mean == pytest.approx(gap.mean(), abs=1e-9)
    assert found.high - found.mean == pytest.approx(spread, abs=1e-9)
    assert found.mean - found.low == pytest.approx(spread, abs=1e-9)


@given(pairs, st.floats(0.1, 10))
def test_units_do_not_matter(rows, unit):
    first, second = np.array(rows).T
    one = measured_difference(first, second)
    other = measured_difference(first * unit, second * unit)
    assert other.low == pytest.approx(one.low * unit, abs=1e-6)
    swapped = measured_difference(second, first)
    assert swapped.low == pytest.approx(-one.high)


def test_faces_needed_shrink_the_interval_to_zero():
    rng = np.random.default_rng(0)
    gap = rng.normal(0.05, 1, 100)
    found = measured_difference(gap, np.zeros(100))
    assert found.sign() == 0 and found.n_to_decide > 100
    more = np.resize(gap, 100 * (found.n_to_decide // 100 + 2))
    assert measured_difference(more, np.zeros(len(more))).sign() == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [([1.0], [2.0]), ([1.0, 2.0], [1.0]), ([[1.0, 2.0]], [[1.0, 2.0]])],
)
def test_other_faces_are_refused(first, second):
    with pytest.raises(FerError, match="on the same faces"):
        measured_difference(np.array(first), np.array(second))


def test_what_is_not_finite_is_told():
    with pytest.raises(FerError, match="Face 1 has no finite"):
        measured_difference(np.array([0.0, np.nan]), np.zeros(2))


def test_fer2013_resolves_one_and_a_half_points():
    assert 100 * resolution(0.7414, 3589) == pytest.approx(1.43, abs=5e-3)
    low, high = wilson_interval(0.7414 * 3589, 3589)
    assert resolution(0.7414, 3589) == pytest.approx((high - low) / 2)
    by_formula = 1.96 * np.sqrt(0.7414 * 0.2586 / 3589)
    assert resolution(0.7414, 3589) == pytest.approx(by_formula, rel=2e-3)


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_more_faces_resolve_more(share, n):
    assert resolution(share, 4 * n) < resolution(share, n)
