"""Localisation scores: on paper, by loops, by what must not matter."""

import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.explain.scoring.localisation import (
    SCORES,
    chance,
    inside_auc,
    pointing_game,
    relevance_mass,
    relevance_rank,
)

RNG = np.random.default_rng(0)


def some(count=20, size=7, levels=None, seed=0):
    """Maps of both signs, with ties where there are few levels, and truth."""
    rng = np.random.default_rng(seed)
    maps = rng.normal(size=(count, size, size))
    if levels:
        maps = np.floor(maps * levels)
    truth = rng.random((count, size, size)) < rng.uniform(0.1, 0.6, (count, 1, 1))
    truth[:, 0, 0], truth[:, 0, 1] = True, False
    return maps, truth


def test_mass_on_paper():
    maps = np.array([[[3.0, 1], [-8, 0]], [[1, 1], [1, 1]], [[-1, 0], [0, -2]]])
    truth = np.zeros((3, 2, 2), bool)
    truth[:, 0, 0] = truth[:, 1, 0] = True
    found = relevance_mass(maps, truth)
    np.testing.assert_allclose(found, [0.75, 0.5, np.nan])


def test_rank_on_paper():
    """Three true pixels; two of the three largest are among them."""
    maps = np.array([[[9.0, 8, 7], [1, 2, 3]]])
    truth = np.array([[[True, False, True], [False, True, False]]])
    assert relevance_rank(maps, truth) == pytest.approx(2 / 3)
    # Two tie for the last place, one of them true: one half.
    maps[0, 0, 1] = 7
    maps[0, 1, 1] = 8
    assert relevance_rank(maps, truth) == pytest.approx(2.5 / 3)


def test_pointing_on_paper():
    truth = np.array([[[True, False], [False, False]]])
    for values, score in [
        ([[2, 1], [0, 0]], 1),
        ([[1, 2], [0, 0]], 0),
        ([[2, 2], [0, 0]], 0.5),
        ([[2, 2], [2, 0]], 1 / 3),
        ([[-1, -1], [-1, -1]], 0.25),
    ]:
        assert pointing_game(np.array([values]), truth) == pytest.approx(score)


def test_auc_on_paper():
    truth = np.array([[[True, True], [False, False]]])
    for values, score in [
        ([[4, 3], [2, 1]], 1),
        ([[1, 2], [3, 4]], 0),
        ([[4, 1], [3, 2]], 0.5),
        ([[3, 2], [2, 1]], 0.875),
        ([[5, 5], [5, 5]], 0.5),
    ]:
        assert inside_auc(np.array([values]), truth) == pytest.approx(score)


def by_loop(name, heat, truth):
    """Each score pixel by pixel, ties by listing every order that they have."""
    pixels = [(v, t) for v, t in zip(heat.flat, truth.flat, strict=True)]
    inside = [v for v, t in pixels if t]
    outside = [v for v, t in pixels if not t]
    if name == "relevance_mass":
        return sum(max(v, 0) for v in inside) / sum(max(v, 0) for v, _ in pixels)
    if name == "inside_auc":
        wins = [(a > b) + 0.5 * (a == b) for a in inside for b in outside]
        return sum(wins) / len(wins)
    places = 1 if name == "pointing_game" else len(inside)
    rng, hits = np.random.default_rng(0), []
    for _ in range(400):
        order = rng.permutation(len(pixels))
        ranked = sorted(order, key=lambda i: -pixels[i][0])[:places]
        hits.append(sum(pixels[i][1] for i in ranked) / places)
    return np.mean(hits)


@pytest.mark.parametrize("levels", [None, 2])
@pytest.mark.parametrize("name", SCORES)
def test_equals_the_loop(name, levels):
    maps, truth = some(8, levels=levels)
    found = SCORES[name](maps, truth)
    drawn = levels and name in ("relevance_rank", "pointing_game")
    for value, heat, one in zip(found, maps, truth, strict=True):
        within = 0.09 if drawn else 1e-12
        assert value == pytest.approx(by_loop(name, heat, one), abs=within)


@pytest.mark.parametrize("levels", [None, 2])
@pytest.mark.parametrize("name", SCORES)
def test_what_must_not_matter(name, levels):
    maps, truth = some(levels=levels)
    score = SCORES[name]
    expected = score(maps, truth)
    np.testing.assert_allclose(score(maps * 1e-3, truth), expected)
    order = RNG.permutation(49)
    moved = [a.reshape(20, -1)[:, order].reshape(a.shape) for a in (maps, truth)]
    np.testing.assert_allclose(score(*moved), expected)
    np.testing.assert_allclose(score(maps[::-1], truth[::-1])[::-1], expected)
    if name != "relevance_mass":
        for monotone in (np.exp, np.arctan, lambda m: m - 100):
            np.testing.assert_allclose(score(monotone(maps), truth), expected)


@pytest.mark.parametrize("name", SCORES)
def test_the_truth_itself_is_perfect_and_its_opposite_is_not(name):
    _, truth = some()
    assert np.array_equal(SCORES[name](truth.astype(float), truth), np.ones(20))
    opposite = SCORES[name]((~truth).astype(float), truth)
    few = truth.mean((1, 2)) <= 0.5  # enough wrong pixels for all places
    assert not opposite[few].any() and few.sum() > 5


@pytest.mark.parametrize("name", SCORES)
def test_chance_is_what_noise_gets(name):
    rng = np.random.default_rng(1)
    _, truth = some(4)
    repeated = np.repeat(truth, 2000, 0)
    found = SCORES[name](rng.random(repeated.shape), repeated)
    means = found.reshape(4, -1).mean(1)
    np.testing.assert_allclose(means, chance(name, truth), atol=0.03)


@pytest.mark.parametrize("name", SCORES)
def test_a_map_that_is_even_gets_chance(name):
    _, truth = some()
    even = SCORES[name](np.full(truth.shape, 0.25), truth)
    np.testing.assert_allclose(even, chance(name, truth))


@pytest.mark.parametrize("name", SCORES)
def test_nothing_to_find_is_no_number(name):
    maps = np.abs(some(2)[0])
    truth = np.zeros(maps.shape, bool)
    truth[1, 0, 0] = True
    for found in (SCORES[name](maps, truth), chance(name, truth)):
        assert np.isnan(found).tolist() == [True, False]


def test_where_everything_is_true():
    maps = np.abs(some(2)[0])
    truth = np.ones(maps.shape, bool)
    for name, score in SCORES.items():
        expected = np.full(2, np.nan if name == "inside_auc" else 1)
        np.testing.assert_array_equal(score(maps, truth), expected)


def test_mass_by_weights():
    """A pixel that moves half as far counts one half."""
    maps = np.array([[[1.0, 1, 2]]])
    weights = np.array([[[6.0, 3, 0]]])
    assert relevance_mass(maps, weights) == pytest.approx((1 + 0.5) / 4)
    assert chance("relevance_mass", weights) == pytest.approx(0.5)
    bools = weights > 0
    as_weights = relevance_mass(maps, bools * 7.0)
    assert np.array_equal(as_weights, relevance_mass(maps, bools))
    assert np.isnan(relevance_mass(maps, 0 * weights))


def test_half_precision_keeps_order():
    maps, truth = some()
    half = maps.astype(np.float16)
    for score in SCORES.values():
        np.testing.assert_allclose(score(half, truth), score(half.astype(float), truth))


@pytest.mark.parametrize(
    ("maps", "truth", "says"),
    [
        (np.zeros((2, 3)), np.zeros((2, 3), bool), "expected"),
        (np.zeros((2, 3, 3)), np.zeros((1, 3, 3), bool), r"\[1, 3, 3\]"),
        (np.zeros((0, 3, 3)), np.zeros((0, 3, 3), bool), "expected"),
        (np.full((1, 2, 2), np.nan), np.ones((1, 2, 2), bool), "not finite"),
        (np.zeros((1, 2, 2)), np.ones((1, 2, 2)), "expected bool"),
    ],
)
def test_refuses(maps, truth, says):
    with pytest.raises(FerError, match=says):
        relevance_rank(maps, truth)


def test_refuses_weights_below_zero_and_unknown_scores():
    with pytest.raises(FerError, match="zero and more"):
        relevance_mass(np.zeros((1, 2, 2)), np.full((1, 2, 2), -1.0))
    with pytest.raises(FerError, match="pointing_game"):
        chance("accuracy", np.ones((1, 2, 2), bool))
