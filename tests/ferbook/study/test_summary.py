"""Orders, margins, correlations and intervals, of a known study and by loops."""

import numpy as np
import pytest
from planted_studies import FACES, MEANS, NETWORKS, planted_study
from scipy import stats

from fer_lib.errors import FerError
from fer_lib.explain.scoring.controls import DECOYS
from ferbook.study.cell import ROWS
from ferbook.study.settings import FAIR
from ferbook.study.summary import (
    ABOUT,
    chance,
    crossed_interval,
    crossed_standing,
    drawn_means,
    margins,
    means,
    middle_correlation,
    oriented,
    over_groups,
    ranking,
    score_correlations,
    scored,
)

ORDER = sorted(MEANS, key=MEANS.get, reverse=True)
PAIRS = len(FAIR) * len(NETWORKS) - 1  # one did not learn


@pytest.fixture(scope="module")
def study():
    return planted_study()


@pytest.mark.parametrize("score", ["inside_auc", "deletion", "infidelity"])
def test_the_order_is_the_planted_one(study, score):
    found = ranking(study, score)
    assert list(found.methods[: len(ORDER)]) == ORDER
    assert found.standing.first[0] == 1
    assert (found.tasks, found.networks) == (len(FAIR), len(NETWORKS))
    without = ranking(study, score, decoys=False)
    assert set(found.methods) - set(without.methods) == set(DECOYS)
    assert found.standing.n == PAIRS * 2 * FACES
    np.testing.assert_allclose(found.standing.means[:2], (0.8, 0.7), atol=0.01)
    assert found.intervals[0].low < 0.8 + 0.01 and found.intervals[0].n > 100


def test_means_are_as_stored(study):
    assert means(study, "deletion")["saliency"].mean == pytest.approx(0.2, abs=0.01)


def test_margins_are_above_the_best_decoy(study):
    decoy, found = margins(study, "relevance_mass")
    assert decoy == "centre_blob"
    assert not set(found) & set(DECOYS)
    assert found["saliency"].mean == pytest.approx(0.25, abs=0.02)
    assert found["saliency"].low > 0 > found["smooth_grad"].high
    assert chance(study, "inside_auc") == pytest.approx(0.3, abs=0.01)


def test_one_task_or_network_can_be_looked_at(study):
    found = ranking(study, "inside_auc", task="eyes")
    assert (found.tasks, found.networks) == (1, len(NETWORKS) - 1)
    found = ranking(study, "inside_auc", network="ramn")
    assert (found.tasks, found.networks) == (len(FAIR) - 1, 1)
    with pytest.raises(FerError, match="no network learned here"):
        ranking(study, "inside_auc", task="eyes", network="ramn")
    with pytest.raises(FerError, match="score 'iou', expected one of relevance_mass"):
        oriented(study, "iou")


def test_the_middle_of_all_correlations(study):
    told = middle_correlation(study, count=50)
    table = score_correlations(study)
    np.testing.assert_allclose(np.diag(table), 1)
    # Six methods have the same planted value, so their order is chance.
    assert table.min() > 0.3
    kept = [name not in ("changed_auc", "density_agreement") for name in ABOUT]
    table = table[np.ix_(kept, kept)]
    assert told.n == 36 and told.low <= told.mean <= told.high
    upper = table[np.triu_indices(len(table), 1)]
    assert told.mean == pytest.approx(np.median(upper), abs=1e-9)


def test_a_map_without_relevance_has_no_mass_on_the_evidence():
    study = planted_study()
    row = ROWS.index("saliency")
    study.arrays["relevance_mass"][0, 0, 0, row] = np.nan
    found = means(study, "relevance_mass")["saliency"]
    assert found.n == PAIRS * 2 * FACES
    lost = 0.8 * FACES / found.n
    assert found.mean == pytest.approx(0.8 - lost, abs=0.01)
    study.arrays["inside_auc"][0, 0, 0, row] = np.nan  # no such map at all
    assert means(study, "relevance_mass")["saliency"].n == found.n - FACES
    study.arrays["inside_auc"][..., row, :] = np.nan
    assert "saliency" not in means(study, "inside_auc")
    assert "saliency" not in ranking(study, "inside_auc").methods


def test_rerendering_says_nothing_of_faces_at_rest(study):
    values, pairs = scored(study, "agreement", task="nose")
    labels = np.tile(study.content["labels"], len(pairs) // FACES)
    assert np.isnan(values[:, labels == 1]).all()
    assert np.isfinite(values[:, labels == 0]).all()
    assert np.isfinite(scored(study, "agreement", task="mouth")[0]).all()
    assert np.isfinite(scored(study, "inside_auc", task="nose")[0]).all()


T, N, F = 4, 3, 5  # tasks, networks, faces


def crossed(rng, methods=2):
    """Values of every task and network, ``[methods, X]``, and their pairs."""
    pairs = np.repeat(np.arange(T * N), F)
    return rng.random((methods, len(pairs))), pairs


def test_draws_weigh_a_cell_by_both_of_its_sides():
    rng = np.random.default_rng(1)
    values, pairs = crossed(rng)
    values[1, rng.random(len(pairs)) < 0.2] = np.nan
    found = drawn_means(values, pairs, N, count=20)
    same = np.random.default_rng(0)
    tasks = same.multinomial(T, np.full(T, 1 / T), 20)
    networks = same.multinomial(N, np.full(N, 1 / N), 20)
    for draw in range(20):
        held = []
        for place, pair in enumerate(pairs):
            t, n = divmod(int(pair), N)
            held += [place] * int(tasks[draw, t] * networks[draw, n])
        np.testing.assert_allclose(found[draw], np.nanmean(values[:, held], 1))


def test_a_value_of_the_task_alone_gains_nothing_by_more_networks():
    by_task = np.array([0.1, 0.4, 0.5, 0.9])
    one = crossed_interval(by_task, np.arange(T) * 6, 6)
    many = crossed_interval(np.repeat(by_task, 6), np.arange(T * 6), 6)
    assert (many.mean, many.low, many.high) == pytest.approx(one[:3])
    assert (one.n, many.n) == (4, 24) and one.low < 0.3 < 0.7 < one.high


def test_what_is_missing_leaves_no_interval():
    assert crossed_interval(np.full(4, np.nan), np.arange(4), 2).n == 0
    alone = crossed_interval(np.array([0.2, 0.4]), np.array([3, 3]), 2)
    assert alone.mean == pytest.approx(0.3) and np.isnan(alone.low)
    # A draw of the second task with the first network alone has no value.
    gap = drawn_means(np.array([[1.0, 2.0]]), np.array([0, 3]), 2, count=200)
    assert np.isnan(gap).any() and set(gap[~np.isnan(gap)]) <= {1.0, 1.5, 2.0}


def test_standing_is_over_the_maps_that_all_have():
    values, pairs = crossed(np.random.default_rng(4))
    values[1, :F] = np.nan
    values[0] += 2
    found = crossed_standing(values, pairs, N)
    assert found.ranks.tolist() == [1, 2] and found.high[0] == found.first[0] == 1
    assert found.n == len(pairs) - F
    np.testing.assert_allclose(found.means, values[:, F:].mean(1))
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
