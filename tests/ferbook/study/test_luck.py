"""Intervals over tasks and networks, against loops and scipy."""

import numpy as np
import pytest
from scipy import stats

from fer_lib.errors import FerError
from ferbook.study.summary import (
    crossed_interval,
    crossed_standing,
    drawn_means,
    over_groups,
)

TASKS, NETWORKS, FACES = 4, 3, 5


def crossed(rng, methods=2):
    """Values of every task and network, ``[methods, X]``, and their pairs."""
    pairs = np.repeat(np.arange(TASKS * NETWORKS), FACES)
    return rng.random((methods, len(pairs))), pairs


def test_draws_weigh_a_cell_by_both_of_its_sides():
    rng = np.random.default_rng(1)
    values, pairs = crossed(rng)
    values[1, rng.random(len(pairs)) < 0.2] = np.nan
    found = drawn_means(values, pairs, NETWORKS, count=20)
    same = np.random.default_rng(0)
    tasks = same.multinomial(TASKS, np.full(TASKS, 1 / TASKS), 20)
    networks = same.multinomial(NETWORKS, np.full(NETWORKS, 1 / NETWORKS), 20)
    for draw in range(20):
        held = []
        for place, pair in enumerate(pairs):
            t, n = divmod(int(pair), NETWORKS)
            held += [place] * int(tasks[draw, t] * networks[draw, n])
        np.testing.assert_allclose(found[draw], np.nanmean(values[:, held], 1))


def test_a_value_of_the_task_alone_gains_nothing_by_more_networks():
    by_task = np.array([0.1, 0.4, 0.5, 0.9])
    one = crossed_interval(by_task, np.arange(TASKS) * 6, 6)
    many = crossed_interval(np.repeat(by_task, 6), np.arange(TASKS * 6), 6)
    assert (many.mean, many.low, many.high) == pytest.approx(one[:3])
    assert (one.n, many.n) == (4, 24) and one.low < 0.3 < 0.7 < one.high


def test_the_order_of_values_does_not_matter():
    rng = np.random.default_rng(2)
    values, pairs = crossed(rng)
    order = rng.permutation(len(pairs))
    first = crossed_interval(values[0], pairs, NETWORKS)
    second = crossed_interval(values[0][order], pairs[order], NETWORKS)
    assert tuple(first) == pytest.approx(tuple(second))
    assert first.low < first.mean < first.high


def test_what_is_missing_leaves_no_interval():
    nothing = crossed_interval(np.full(4, np.nan), np.arange(4), 2)
    assert nothing.n == 0 and np.isnan(nothing.mean)
    alone = crossed_interval(np.array([0.2, 0.4]), np.array([3, 3]), 2)
    assert alone.mean == pytest.approx(0.3) and np.isnan(alone.low)
    # A draw of the second task with the first network alone has no value.
    gap = drawn_means(np.array([[1.0, 2.0]]), np.array([0, 3]), 2, count=200)
    assert np.isnan(gap).any() and set(gap[~np.isnan(gap)]) <= {1.0, 1.5, 2.0}


def test_standing_of_methods_that_are_far_apart_and_alike():
    rng = np.random.default_rng(3)
    values, pairs = crossed(rng, methods=3)
    values[0] += 2
    found = crossed_standing(values, pairs, NETWORKS)
    assert found.ranks[0] == found.low[0] == found.high[0] == 1
    assert found.first[0] == 1 and found.n == len(pairs)
    assert found.low[1] <= 2 <= found.high[1]
    values[2] = values[1]
    tied = crossed_standing(values, pairs, NETWORKS)
    assert tied.ranks.tolist() == [1, 2.5, 2.5]


def test_standing_is_over_the_maps_that_all_have():
    values, pairs = crossed(np.random.default_rng(4))
    values[1, :FACES] = np.nan
    found = crossed_standing(values, pairs, NETWORKS)
    assert found.n == len(pairs) - FACES
    np.testing.assert_allclose(found.means, values[:, FACES:].mean(1))
    with pytest.raises(FerError, match="no face has a map of every method"):
        crossed_standing(np.full((2, 3), np.nan), np.arange(3), 2)


@pytest.mark.parametrize("groups", [3, 5, 9])
def test_few_groups_get_students_interval(groups):
    rng = np.random.default_rng(groups)
    values, group = rng.normal(size=groups * 4), np.repeat(np.arange(groups), 4)
    found = over_groups(values, group)
    means = values.reshape(groups, 4).mean(1)
    wanted = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert found.n == groups and found.mean == pytest.approx(means.mean())


def test_two_groups_have_no_interval_and_gaps_are_left_out():
    found = over_groups(np.array([1.0, 3.0, np.nan, 5.0]), np.array([0, 0, 1, 2]))
    assert found.mean == pytest.approx(3.5) and found.n == 2 and np.isnan(found.low)
    nothing = over_groups(np.array([np.nan]), np.array([0]))
    assert nothing.n == 0 and np.isnan(nothing.mean)
