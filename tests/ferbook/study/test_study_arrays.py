"""Cells of a study in arrays: places, rounding, what is compared with what."""

from itertools import combinations

import numpy as np
import pytest

from fer_lib.explain.scoring.agreement import rank_agreement
from ferbook.study.cell import ROWS
from ferbook.study.record import DIMENSIONS, compared, tabled

TASKS, NETWORKS = ("mouth", "brows", "shuffled"), ("ramn", "deep_emotion")
SEEDS = (0, 1)
N, R = 3, len(ROWS)


def a_cell(number):
    rng = np.random.default_rng(number)
    pooled = rng.random((R, N, 16, 16))
    pooled[ROWS.index("attention")] = np.nan
    return {
        "correct": np.ones(20, bool),
        "fall": rng.normal(size=(N, 21)),
        "inside_auc": rng.random((R, N)),
        "pooled": pooled,
    }


@pytest.fixture
def cells():
    places = [(t, n, s) for t in TASKS for n in NETWORKS for s in SEEDS]
    left_out = ("brows", "ramn", 1)
    return {p: a_cell(k) for k, p in enumerate(places) if p != left_out}


def test_every_value_is_in_its_place(cells):
    found = tabled(cells, TASKS, NETWORKS, SEEDS)
    for (task, network, seed), cell in cells.items():
        place = TASKS.index(task), NETWORKS.index(network), SEEDS.index(seed)
        for name in ("inside_auc", "fall", "correct"):
            kept = found[name][place]
            np.testing.assert_allclose(kept, cell[name], atol=0.0051)
    gap = TASKS.index("brows"), NETWORKS.index("ramn"), 1
    assert np.isnan(found["inside_auc"][gap]).all()
    for name, values in found.items():
        assert values.ndim == len(DIMENSIONS[name]), name


def test_what_no_cell_has_is_left_out(cells):
    assert "deletion" not in tabled(cells, TASKS, NETWORKS, SEEDS)
    cells["mouth", "ramn", 0]["theta"] = np.full((N, 6), 0.1234)
    theta = tabled(cells, TASKS, NETWORKS, SEEDS)["theta"]
    assert theta.shape == (3, 2, 2, N, 6)
    assert np.nanmax(theta) == 0.123
    assert np.isnan(theta[0, 1]).all()


def test_agreement_between_seeds_networks_and_labels(cells):
    found = compared(cells, TASKS, NETWORKS)
    one, other = (cells["mouth", "deep_emotion", s]["pooled"] for s in SEEDS)
    row = ROWS.index("saliency")
    np.testing.assert_allclose(
        found["seeds_agree"][0, 1, row], rank_agreement(one[row], other[row])
    )
    assert np.isnan(found["seeds_agree"][1, 0]).all()  # a cell is missing
    pair = (cells["brows", n, 0]["pooled"][row] for n in NETWORKS)
    np.testing.assert_allclose(found["networks_agree"][1, row], rank_agreement(*pair))
    pair = (cells[t, "ramn", 0]["pooled"][row] for t in ("shuffled", "mouth"))
    np.testing.assert_allclose(found["shuffled_agree"][0, row], rank_agreement(*pair))
    assert np.isnan(found["seeds_agree"][:, :, ROWS.index("attention")]).all()
    whole = cells["brows", "deep_emotion", 0]["pooled"][row]
    np.testing.assert_allclose(
        found["faces_agree"][1, 1, row, 1:], rank_agreement(whole[1:], whole[:-1])
    )


def test_networks_agree_is_the_mean_over_pairs_that_are_there(cells):
    extra = (*NETWORKS, "part_ensemble")
    for task in TASKS:
        cells[task, "part_ensemble", 0] = a_cell(99)
    found = compared(cells, TASKS, extra)["networks_agree"]
    row = ROWS.index("edges")
    maps = [cells["mouth", name, 0]["pooled"][row] for name in extra]
    pairs = [rank_agreement(*pair) for pair in combinations(maps, 2)]
    np.testing.assert_allclose(found[0, row], np.mean(pairs, 0))
    # Networks that learned nothing are asked by nobody, as is one alone.
    cells["mouth", "ramn", 0]["correct"] = np.arange(20) % 2 == 0
    found = compared(cells, TASKS, NETWORKS)
    assert np.isnan(found["networks_agree"][0]).all()
    assert np.isfinite(found["networks_agree"][1, 0]).all()
    assert np.isfinite(found["faces_agree"][0, 0, 0]).all()


def test_what_has_no_ranking_is_not_kept_of_unfair_tasks(cells):
    for cell in cells.values():
        cell["agreement"] = cell["inside_auc"]
    found = tabled(cells, TASKS, NETWORKS, SEEDS)
    assert np.isnan(found["agreement"][TASKS.index("shuffled")]).all()
    assert np.isfinite(found["inside_auc"][TASKS.index("shuffled")]).all()
    assert np.isfinite(found["agreement"][0]).all()
