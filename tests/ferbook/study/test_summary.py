"""Orders, margins and correlations of a study whose truth is known."""

import numpy as np
import pytest
from planted_studies import FACES, MEANS, NETWORKS, TASKS, planted_study

from fer_lib.errors import FerError
from fer_lib.explain.scoring.controls import DECOYS
from ferbook.study.cell import ROWS
from ferbook.study.settings import FAIR
from ferbook.study.summary import (
    ABOUT,
    chance,
    margins,
    means,
    middle_correlation,
    oriented,
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
    assert found.standing.n == PAIRS * 2 * FACES
    np.testing.assert_allclose(found.standing.means[:2], (0.8, 0.7), atol=0.01)
    assert found.intervals[0].low < 0.8 + 0.01 and found.intervals[0].n > 100


def test_luck_shows_where_methods_are_alike():
    wide = planted_study(spread=3.0)
    found = ranking(wide, "inside_auc").standing
    assert found.first[0] < 0.95 and (found.high - found.low).max() >= 3


def test_decoys_can_be_left_out(study):
    with_all, without = (ranking(study, "inside_auc", decoys=d) for d in (True, False))
    assert set(with_all.methods) - set(without.methods) == set(DECOYS)


def test_less_is_better_is_turned_round(study):
    stored, _ = study.values("deletion")
    turned, _ = oriented(study, "deletion")
    np.testing.assert_allclose(turned, 1 - stored)
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


def test_scores_with_the_same_order_agree(study):
    table = score_correlations(study)
    assert table.shape == (len(ABOUT), len(ABOUT))
    np.testing.assert_allclose(np.diag(table), 1)
    # Six methods have the same planted value, so their order is chance.
    assert table.min() > 0.3


def test_a_score_with_the_opposite_order_disagrees():
    study = planted_study()
    study.arrays["insertion"] = 1 - study.arrays["inside_auc"]
    names = list(ABOUT)
    table = score_correlations(study)
    pair = names.index("inside_auc"), names.index("insertion")
    assert table[pair] == pytest.approx(-1)


def test_the_middle_of_all_correlations(study):
    told = middle_correlation(study, count=50)
    table = score_correlations(study)
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


def test_rerendering_says_nothing_of_faces_at_rest(study):
    values, pairs = scored(study, "agreement", task="nose")
    labels = np.tile(study.content["labels"], len(pairs) // FACES)
    assert np.isnan(values[:, labels == 1]).all()
    assert np.isfinite(values[:, labels == 0]).all()
    assert np.isfinite(scored(study, "agreement", task="mouth")[0]).all()
    assert np.isfinite(scored(study, "inside_auc", task="nose")[0]).all()


def test_missing_methods_are_left_out(study):
    empty = planted_study()
    empty.arrays["inside_auc"][..., ROWS.index("attention"), :] = np.nan
    assert "attention" not in means(empty, "inside_auc")
    assert "attention" not in ranking(empty, "inside_auc").methods
    assert TASKS[0] == "mouth" and "attention" in means(study, "inside_auc")
