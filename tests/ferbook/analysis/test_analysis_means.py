"""Means and their intervals, against what a loop gives."""

from statistics import mean, stdev

import numpy as np
import pytest
from scipy import stats

from ferbook.analysis.means import (
    Means,
    by_class_and_all,
    each_column,
    less_others,
    means_by,
    quantiles_by_class_and_all,
)

RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(60, 2, 3))
GROUPS = RNG.integers(-1, 3, 60)
VALUES[[3, 9], 0, 1] = np.nan  # no number anywhere: the face is left out


def of_group(group):
    rows = [v for v, g in zip(VALUES, GROUPS, strict=True) if g == group]
    return [v for v in rows if np.isfinite(v).all()]


def test_are_those_of_a_loop():
    found = means_by(VALUES, GROUPS, 4)
    for group in range(3):
        own = of_group(group)
        assert found.n[group] == len(own)
        for place in np.ndindex(2, 3):
            column = [float(v[place]) for v in own]
            middle, error = mean(column), stdev(column) / len(column) ** 0.5
            ends = stats.t.interval(0.95, len(column) - 1, middle, error)
            assert found.mean[group][place] == pytest.approx(middle)
            assert found.reach[group][place] == pytest.approx(ends[1] - middle)
            assert found.spread[group][place] == pytest.approx(stdev(column))
    assert found.n[3] == 0 and np.isnan(found.mean[3]).all()


def test_one_face_has_no_interval():
    found = means_by(np.array([2.0, np.nan]), np.zeros(2, int), 1)
    assert found.n == 1 and found.mean == 2 and np.isnan(found.reach).all()


def test_the_interval_holds_the_truth_as_often_as_it_says():
    draws = np.random.default_rng(1).normal(5, 2, (4000, 6))
    held = 0
    for draw in draws:
        found = means_by(draw, np.zeros(6, int), 1)
        held += abs(found.mean[0] - 5) <= found.reach[0]
    assert 0.94 < held / len(draws) < 0.96


def test_all_faces_stand_last():
    found = by_class_and_all(VALUES, GROUPS, 3)
    whole = np.concatenate([of_group(group) for group in range(3)])
    assert found.n.tolist() == [*(len(of_group(g)) for g in range(3)), len(whole)]
    np.testing.assert_allclose(found.mean[-1], whole.mean(0))
    quantiles = quantiles_by_class_and_all(VALUES, GROUPS, 3)
    np.testing.assert_allclose(quantiles[-1][2], np.median(whole, 0))
    np.testing.assert_allclose(quantiles[1][2], np.median(of_group(1), 0))


def test_a_column_leaves_out_its_own_faces_alone():
    found = each_column(VALUES[:, :, 1])
    for column in range(2):
        known = VALUES[:, column, 1][np.isfinite(VALUES[:, column, 1])]
        assert (found.n[column], found.mean[column]) == (len(known), known.mean())


def test_a_class_less_the_others():
    n, middle = np.array([30, 40, 50, 0]), np.array([1.0, 2.0, 6.0, np.nan])
    error = np.array([0.3, 0.4, 0.5, np.nan])
    difference, reach = less_others(Means(n, middle, error))
    assert difference[0] == 1 - (2 + 6) / 2
    wanted = 1.96 * (0.3**2 + (0.4**2 + 0.5**2) / 4) ** 0.5
    assert reach[0] == pytest.approx(wanted, rel=1e-3)
    assert np.isnan(difference[3])
