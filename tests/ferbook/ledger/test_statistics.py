"""Intervals and tests against closed forms, scipy and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, sem, t, ttest_ind

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from ferbook.ledger.statistics import (
    crossed,
    group_difference,
    mcnemar_p,
    quantile,
    resolution,
    share_of,
)

counts = st.tuples(*[st.integers(0, 40)] * 4).filter(lambda c: sum(c) > 0)


def _runs(both, first_only, second_only, neither):
    """Two runs with given counts of faces that each gets right."""
    first = np.repeat([1, 1, 0, 0], (both, first_only, second_only, neither))
    second = np.repeat([1, 0, 1, 0], (both, first_only, second_only, neither))
    return first, second


@given(counts)
def test_one_seed_has_bonett_and_prices_interval(cells):
    _, b, c, _ = cells
    n = sum(cells)
    found = crossed(*_runs(*cells))
    p, q = (b + 1) / (n + 2), (c + 1) / (n + 2)
    # The pseudo faces widen; Student's t widens where faces are few.
    reach = t.ppf(0.975, max(n - 1, 1)) * np.sqrt((p + q - (p - q) ** 2) / (n + 2))
    assert found.mean == pytest.approx((b - c) / n)
    assert found.low == pytest.approx(max(p - q - reach, -1), abs=1e-6)
    assert found.high == pytest.approx(min(p - q + reach, 1), abs=1e-6)
    assert (found.n, found.seeds, found.spread) == (n, 1, None)


@given(counts)
def test_swapping_the_runs_mirrors_the_interval(cells):
    first, second = _runs(*cells)
    one, other = crossed(first, second), crossed(second, first)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.sign() == -other.sign()


def test_identical_runs_differ_by_nothing_but_not_certainly():
    found = crossed(np.ones(30), np.ones(30))
    assert found.mean == 0 and found.low < 0 < found.high
    assert found.sign() == 0 and found.n_to_decide is None


def test_n_to_decide_agrees_with_a_repeated_data_set():
    first, second = (np.tile(run, 4) for run in _runs(100, 8, 5, 24))
    found = crossed(first, second)
    assert found.sign() == 0
    copies = found.n_to_decide / found.n
    more, fewer = int(np.ceil(1.05 * copies)), int(0.9 * copies)
    assert crossed(np.tile(first, more), np.tile(second, more)).sign() == 1
    assert crossed(np.tile(first, fewer), np.tile(second, fewer)).sign() == 0


def test_without_faces_to_draw_it_is_welchs_test():
    """Seeds alone: every face agrees, so that only seeds vary."""
    rng = np.random.default_rng(0)
    means = rng.normal(0.6, 0.05, (2, 4))
    sides = [np.repeat(side[:, None], 1_000_000, 1) for side in means]
    found = crossed(*sides, shares=False)
    welch = ttest_ind(*means, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx(tuple(welch), abs=1e-6)
    assert found.spread == pytest.approx(np.std(means[0] - means[1], ddof=1))


@pytest.mark.parametrize("seeds", [3, 5])
def test_coverage_over_new_seeds_and_faces(seeds):
    """At least nominal; seeds alone or faces alone would cover far less."""
    rng, inside, n, trials = np.random.default_rng(0), 0, 300, 400
    narrow = 0
    for _ in range(trials):
        face = rng.normal(0, 1.5, n)
        sides = [
            (face + rng.normal(0, 1, (seeds, n)) + rng.normal(0.3, 0.2, (seeds, 1))) > 0
            for _ in range(2)
        ]
        found = crossed(*sides)
        inside += found.low <= 0 <= found.high
        alone = crossed(sides[0].mean(0), sides[1].mean(0))
        narrow += alone.low <= 0 <= alone.high
    assert inside / trials >= 0.94
    assert narrow < inside


@given(counts)
def test_mcnemar_is_the_binomial_test_of_the_disagreements(cells):
    _, b, c, _ = cells
    expected = binomtest(b, b + c).pvalue if b + c else 1.0
    assert mcnemar_p(*_runs(*cells)) == pytest.approx(expected, abs=1e-9)


def test_a_share_has_wilsons_interval():
    found = share_of(70, 100)
    assert (found.low, found.high) == wilson_interval(70, 100)
    assert found.mean == 0.7


def test_a_mean_over_seeds_is_wider_than_one_run_and_holds_the_pooled():
    rng = np.random.default_rng(0)
    runs = rng.random((3, 500)) < np.array([[0.6], [0.7], [0.8]])
    found, pooled = crossed(runs), share_of(runs.mean(0).sum(), 500)
    assert found.mean == pytest.approx(runs.mean())
    assert found.low < pooled.low and found.high > pooled.high


def test_weights_make_a_mean_of_folds():
    right = np.r_[np.ones(10), np.zeros(30)]
    weights = np.r_[np.full(10, 1 / 20), np.full(30, 1 / 60)]
    assert crossed(right, weights=weights).mean == pytest.approx(0.5)
    assert crossed(right).mean == pytest.approx(0.25)


def test_classes_by_hand():
    first, second = np.r_[np.ones(8), np.zeros(2)], np.r_[np.ones(3), np.zeros(17)]
    found = group_difference([first], [second])
    p, q = 9 / 12, 4 / 22
    error = np.sqrt(p * (1 - p) / 12 + q * (1 - q) / 22)
    assert found.mean == pytest.approx(0.8 - 0.15)
    assert found.error == pytest.approx(error)
    assert (found.low + found.high) / 2 == pytest.approx(p - q)
    assert found.n == 30


def test_measures_of_classes_are_welchs_test():
    rng = np.random.default_rng(0)
    first, second = rng.normal(2, 1, 40), rng.normal(1, 3, 60)
    found = group_difference([first], [second], shares=False)
    welch = ttest_ind(first, second, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx(tuple(welch), abs=1e-9)


def test_a_measure_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, (2, 50))
    found = crossed(first, second, shares=False)
    reach = t.ppf(0.975, 49) * sem(first - second)
    assert found.high - found.mean == pytest.approx(reach)


@given(st.floats(0.01, 100))
def test_the_unit_of_a_measure_does_not_matter(unit):
    first, second = np.random.default_rng(0).normal(0, 1, (2, 50))
    one = crossed(first, second, shares=False)
    other = crossed(first * unit, second * unit, shares=False)
    assert other.low == pytest.approx(one.low * unit)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([1, 0], [1, 0, 1], r"found \[3\] beside 2"),
        ([], [], "needs one value a face"),
        ([1, 2], [1, 0], r"lies in \[0, 1\]"),
        ([1, np.nan], [1, 0], "Face 1 has no finite measurement"),
    ],
)
def test_wrong_values_are_refused(first, second, message):
    with pytest.raises(FerError, match=message):
        crossed(np.array(first), np.array(second))


def test_resolution_is_half_of_wilsons_interval():
    low, high = wilson_interval(0.7414 * 3589, 3589)
    assert resolution(0.7414, 3589) == (high - low) / 2


@pytest.mark.parametrize("df", [1, 2, 4.5, 30, 1e6])
def test_quantiles_are_students(df):
    assert quantile(df) == pytest.approx(t.ppf(0.975, df))
