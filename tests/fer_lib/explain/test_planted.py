"""A network that goes by one block: methods find it, controls do not."""

from functools import cache

import numpy as np
import pytest
from planted import PLANTED, Upright, planted_faces

from fer_lib.explain.methods import METHODS, available
from fer_lib.explain.scoring.agreement import mean_with_interval, rank_agreement
from fer_lib.explain.scoring.controls import BROKEN, DECOYS, broken, randomised
from fer_lib.explain.scoring.localisation import (
    SCORES,
    chance,
    inside_auc,
    relevance_mass,
)

UNIT, TRUTH, LANDMARKS = planted_faces(24)
TARGETS = np.full(24, PLANTED)
FOUND_BY = available(Upright())
GRADIENTS = [n for n in FOUND_BY if "grad" in n or n == "saliency"]


@cache
def explained(name):
    network = Upright()
    method = (METHODS | DECOYS)[name]
    return method(network, UNIT, TARGETS, landmarks=LANDMARKS)


@pytest.mark.parametrize("name", FOUND_BY)
def test_every_method_finds_it(name):
    for score in ("relevance_mass", "relevance_rank", "pointing_game"):
        found = mean_with_interval(SCORES[score](explained(name), TRUTH))
        assert found.low > 2.5 * chance(score, TRUTH).mean(), score


@pytest.mark.parametrize("name", DECOYS)
def test_no_decoy_finds_it(name):
    mass = relevance_mass(explained(name), TRUTH).mean()
    assert mass < 1.2 * chance("relevance_mass", TRUTH).mean()
    assert inside_auc(explained(name), TRUTH).mean() < 0.55


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("name", FOUND_BY)
def test_broken_maps_lose(name, how):
    spoilt = broken(explained(name), how)
    for score in ("relevance_mass", "relevance_rank"):
        found = SCORES[score](explained(name), TRUTH)
        left = SCORES[score](spoilt, TRUTH)
        assert mean_with_interval(found - left).low > 0.1, score


@pytest.mark.parametrize("name", GRADIENTS)
def test_drawing_all_weights_anew_destroys_the_map(name):
    network = Upright()
    *_, (_, other) = randomised(network, 0, UNIT)
    maps = METHODS[name](other, UNIT, TARGETS, landmarks=LANDMARKS)
    assert rank_agreement(maps, explained(name)).mean() < 0.4
    before = np.nanmean(relevance_mass(explained(name), TRUTH))
    assert np.nanmean(relevance_mass(maps, TRUTH)) < before / 3
