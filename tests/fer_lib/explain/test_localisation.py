"""Localisation scores: on paper, by loops, by what must not matter."""

import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.explain.scoring.localisation import (
    SCORES,
    chance,
    inside_auc,
    pointing_game,
    relevance_rank,
)


def some(count=20, size=7, levels=None, seed=0):
    """Maps of both signs, with ties where there are few levels, and truth."""
    rng = np.random.default_rng(seed)
    maps = rng.normal(size=(count, size, size))
    if levels:
        maps = np.floor(maps * levels)
    truth = rng.random((count, size, size)) < rng.uniform(0.1, 0.6, (count, 1, 1))
    truth[:, 0, 0], truth[:, 0, 1] = True, False
    return maps, truth


@pytest.mark.parametrize(
    ("score", "maps", "truth", "expected"),
    [
        (relevance_rank, [9, 8, 7, 1, 2, 3], [1, 0, 1, 0, 1, 0], 2 / 3),
        # Two tie for the last place, one of them true: one half.
        (relevance_rank, [9, 7, 7, 1, 8, 3], [1, 0, 1, 0, 1, 0], 2.5 / 3),
        (pointing_game, [2, 1, 0], [1, 0, 0], 1),
        (pointing_game, [2, 2, 2, 0], [1, 0, 0, 0], 1 / 3),
        (inside_auc, [4, 1, 3, 2], [1, 1, 0, 0], 0.5),
        (inside_auc, [3, 2, 2, 1], [1, 1, 0, 0], 0.875),
    ],
)
def test_on_paper(score, maps, truth, expected):
    found = score(np.array([[maps]]), np.array([[truth]], bool))
    assert found == pytest.approx(expected)


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
    order = np.random.default_rng(1).permutation(49)
    moved = [a.reshape(20, -1)[:, order].reshape(a.shape) for a in (maps, truth)]
    np.testing.assert_allclose(score(*moved), expected)
    np.testing.assert_allclose(score(maps[::-1], truth[::-1])[::-1], expected)
    if name != "relevance_mass":
        for monotone in (np.exp, np.arctan, lambda m: m - 100):
            np.testing.assert_allclose(score(monotone(maps), truth), expected)


@pytest.mark.parametrize("name", SCORES)
def test_chance_is_what_noise_gets(name):
    rng = np.random.default_rng(1)
    _, truth = some(4)
    repeated = np.repeat(truth, 2000, 0)
    found = SCORES[name](rng.random(repeated.shape), repeated)
    means = found.reshape(4, -1).mean(1)
    np.testing.assert_allclose(means, chance(name, truth), atol=0.03)


@pytest.mark.parametrize("name", SCORES)
def test_where_nothing_or_everything_is_true(name):
    maps = np.abs(some(3)[0])
    truth = np.stack([np.zeros((7, 7), bool), maps[1] < maps[1, 0, 1], maps[2] >= 0])
    found = SCORES[name](maps, truth)
    assert np.isnan(found).tolist() == [True, False, name == "inside_auc"]
    assert name == "inside_auc" or found[2] == 1
    assert np.isnan(chance(name, truth)).tolist() == [True, False, False]


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
    with pytest.raises(FerError, match="pointing_game"):
        chance("accuracy", np.ones((1, 2, 2), bool))
