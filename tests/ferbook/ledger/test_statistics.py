"""Intervals and tests against closed forms, scipy and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm, sem

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from ferbook.ledger.statistics import (
    group_difference,
    mcnemar_p,
    measured_difference,
    n_to_decide,
    paired_difference,
    resolution,
)

counts = st.tuples(*[st.integers(0, 40)] * 4).filter(lambda c: sum(c) > 0)


def _runs(both, first_only, second_only, neither):
    """Two runs with given counts of faces that each gets right."""
    first = np.repeat([1, 1, 0, 0], (both, first_only, second_only, neither))
    second = np.repeat([1, 0, 1, 0], (both, first_only, second_only, neither))
    return first, second


@given(counts)
def test_interval_is_bonett_and_prices_formula(cells):
    _, b, c, _ = cells
    n = sum(cells)
    found = paired_difference(*_runs(*cells))
    p, q = (b + 1) / (n + 2), (c + 1) / (n + 2)
    spread = 1.959964 * np.sqrt((p + q - (p - q) ** 2) / (n + 2))
    assert found.mean == pytest.approx((b - c) / n)
    assert found.low == pytest.approx(max(p - q - spread, -1), abs=1e-6)
    assert found.high == pytest.approx(min(p - q + spread, 1), abs=1e-6)
    assert found.n == n


@given(counts)
def test_swapping_the_runs_mirrors_the_interval(cells):
    first, second = _runs(*cells)
    one, other = paired_difference(first, second), paired_difference(second, first)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.sign() == -other.sign()


def test_identical_runs_differ_by_nothing_but_not_certainly():
    found = paired_difference(np.ones(30), np.ones(30))
    assert found.mean == 0 and found.low < 0 < found.high
    assert found.sign() == 0 and found.n_to_decide is None


def test_coverage_is_nominal_by_simulation():
    rng = np.random.default_rng(0)
    shares, n, inside = [0.55, 0.12, 0.06, 0.27], 150, 0
    for cells in rng.multinomial(n, shares, size=1000):
        found = paired_difference(*_runs(*cells))
        inside += found.low <= shares[1] - shares[2] <= found.high
    assert 0.93 <= inside / 1000 <= 0.975


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_n_to_decide_is_where_the_interval_leaves_zero(both, b, c):
    if b + c == 0 or b == c:
        return
    gap = np.repeat([0.0, 1.0, -1.0], (both, b, c))
    needed = n_to_decide(gap)
    if needed > 20_000:
        return

    def decided(n):
        # The same shares on n faces, by the formula of the interval.
        m = n + 2
        mean = n * gap.mean() / m
        variance = (n * (gap**2).mean() + 2) / m - mean**2
        return abs(mean) > 1.959964 * np.sqrt(variance / m) * (1 - 1e-6)

    assert decided(needed)
    assert needed < 10 or not decided(int(needed * 0.8))


def test_n_to_decide_agrees_with_a_repeated_data_set():
    first, second = _runs(50, 6, 2, 12)
    found = paired_difference(first, second)
    assert found.sign() == 0
    copies = -(-found.n_to_decide // found.n)
    assert copies > 1
    more = paired_difference(np.tile(first, copies), np.tile(second, copies))
    fewer = [np.tile(run, copies - 1) for run in (first, second)]
    assert more.sign() == 1
    assert paired_difference(*fewer).sign() == 0


@given(counts)
def test_mcnemar_is_the_binomial_test_of_the_disagreements(cells):
    _, b, c, _ = cells
    expected = binomtest(b, b + c).pvalue if b + c else 1.0
    assert mcnemar_p(*_runs(*cells)) == pytest.approx(expected)


def test_group_difference_of_two_classes_by_hand():
    labels = np.repeat([0, 1], (50, 8))
    correct = np.repeat([1, 0, 1, 0], (40, 10, 2, 6))
    found = group_difference(correct, labels, (0,), (1,))
    p, q = 41 / 52, 3 / 10
    spread = 1.959964 * np.sqrt(p * (1 - p) / 52 + q * (1 - q) / 10)
    assert found.mean == pytest.approx(0.8 - 0.25)
    assert found.low == pytest.approx(p - q - spread, abs=1e-6)
    assert found.n == 58


def test_group_difference_weighs_classes_equally():
    labels = np.repeat([0, 1, 2], (100, 10, 50))
    correct = np.concatenate([np.ones(100), np.zeros(10), np.ones(50)])
    found = group_difference(correct, labels, (0, 1), (2,))
    assert found.mean == pytest.approx(-0.5)


def test_group_coverage_with_few_faces_by_simulation():
    rng = np.random.default_rng(1)
    sizes, recalls = (25, 400, 60), np.array([0.4, 0.7, 0.5])
    labels = np.repeat([0, 1, 2], sizes)
    inside = 0
    for _ in range(1000):
        correct = rng.random(len(labels)) < recalls[labels]
        found = group_difference(correct, labels, (1,), (0, 2))
        inside += found.low <= 0.7 - 0.45 <= found.high
    assert 0.93 <= inside / 1000 <= 0.98


@pytest.mark.parametrize(
    ("first", "second"),
    [([1, 0], [1]), ([], []), ([2.0], [1.0]), ([-0.1], [0.0])],
)
def test_what_cannot_be_compared_is_refused(first, second):
    with pytest.raises(FerError):
        paired_difference(np.array(first), np.array(second))


def test_a_class_without_faces_is_refused():
    with pytest.raises(FerError, match="Class 5 has no face"):
        group_difference(np.ones(3), np.zeros(3, int), (0,), (5,))


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
