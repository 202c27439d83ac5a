"""Intervals, ranks and their correlation, against known answers."""

import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.explain.scoring.agreement import (
    correlate,
    mean_with_interval,
    rank_agreement,
)


def test_mean_and_interval_of_many():
    values = np.random.default_rng(0).normal(0.4, 0.2, 400)
    mean, low, high, n = mean_with_interval(values)
    assert mean == pytest.approx(values.mean()) and n == 400
    error = 1.96 * values.std(ddof=1) / 20
    assert low == pytest.approx(mean - error, abs=0.15 * error)
    assert high == pytest.approx(mean + error, abs=0.15 * error)


def test_what_is_no_number_is_left_out():
    values = np.array([0.1, np.nan, 0.5, np.nan, 0.3])
    assert mean_with_interval(values) == mean_with_interval(np.array([0.1, 0.5, 0.3]))
    assert mean_with_interval(values).n == 3
    assert np.isnan(mean_with_interval(np.full(3, np.nan))[:3]).all()
    mean, low, high, n = mean_with_interval(np.array([0.7, np.nan]))
    assert (mean, n) == (0.7, 1) and np.isnan([low, high]).all()


def test_faces_of_a_person_count_as_one():
    """Saying everything four times makes nothing surer."""
    values = np.random.default_rng(1).random(20)
    fourfold = np.repeat(values, 4)
    once = mean_with_interval(values)
    people = mean_with_interval(fourfold, np.repeat(np.arange(20), 4))
    assert people[:3] == pytest.approx(once[:3]) and people.n == 80
    assert np.isnan(mean_with_interval(values, np.zeros(20)).low)
    # The mean is over faces, whoever has how many.
    found = mean_with_interval(np.array([1.0, 1, 1, 0]), ["a", "a", "a", "b"])
    assert found[:3] == (0.75, 0, 1)


def test_correlations_need_three_pairs_that_differ():
    assert np.isnan(correlate(np.array([1.0, 2]), np.array([1.0, 2])))
    assert np.isnan(correlate(np.ones(5), np.arange(5.0)))
    # 1 2 3 4 against 1 2 4 3: 1 - 6 * 2 / 60.
    assert correlate(np.arange(4.0), np.array([1.0, 2, 4, 3])) == pytest.approx(0.8)
    gaps = np.array([1.0, np.nan, 3, 4, 5])
    other = np.array([2.0, 9, np.nan, 7, 8])
    assert correlate(gaps, other) == 1


def test_rank_agreement():
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(4, 9, 9))
    # Any monotone change leaves the order alone.
    np.testing.assert_allclose(rank_agreement(maps, np.exp(maps)), 1)
    np.testing.assert_allclose(rank_agreement(maps, -maps), -1)
    assert abs(rank_agreement(maps, rng.normal(size=maps.shape)).mean()) < 0.2
    assert np.isnan(rank_agreement(maps, np.ones_like(maps))).all()
    other = maps.copy()
    other[2] *= -1
    assert rank_agreement(maps, other).round(6).tolist() == [1, 1, -1, 1]
    with pytest.raises(FerError, match=r"\[4, 9, 9\]"):
        rank_agreement(maps, maps[:2])
