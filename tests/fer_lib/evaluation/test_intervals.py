"""Wilson's interval against scipy and its limit cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval

cases = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(cases, st.sampled_from([0.8, 0.95, 0.99]))
def test_agrees_with_scipy(case, level):
    hits, n = case
    expected = binomtest(hits, n).proportion_ci(level, method="wilson")
    assert wilson_interval(hits, n, level) == pytest.approx(
        (expected.low, expected.high), abs=1e-9
    )


@given(cases)
def test_holds_the_proportion_and_stays_a_proportion(case):
    hits, n = case
    low, high = wilson_interval(hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    assert low < high


@pytest.mark.parametrize(
    ("hits", "n", "level"),
    [(0, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0), (1, 2, 0.0)],
)
def test_out_of_range_is_refused(hits, n, level):
    with pytest.raises(FerError):
        wilson_interval(hits, n, level)
