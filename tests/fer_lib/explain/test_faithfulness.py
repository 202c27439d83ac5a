"""Deletion, insertion, average drop: closed forms, loops, opposite maps."""

import numpy as np
import pytest
import torch
from known_networks import left_as_found, smoke, some_faces
from torch import nn

from fer_lib.errors import FerError
from fer_lib.explain.scoring.faithfulness import (
    average_drop,
    deletion,
    deletion_agreement,
    insertion,
)
from fer_lib.models.network import Network, logits_of
from fer_lib.preprocessing import Preprocessing

SIDE = 8
BLOCK = np.s_[2:4, 1:5]  # 8 of 64 pixels
ONES = np.ones(3, int)


class Block(Network):
    """Class 1 by the sum of light in a block, 3 less; class 0 by nothing."""

    NAME = "block"

    def __init__(self):
        super().__init__()
        self.input = Preprocessing(size=SIDE, channels=1, mean=0.0, std=1.0)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        light = self.scale * x[:, 0][:, BLOCK[0], BLOCK[1]].sum((1, 2)) - 3
        return torch.stack([0 * light, light], 1)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, float)))


@pytest.fixture
def network():
    return Block()


@pytest.fixture
def unit():
    return torch.rand(3, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def truth(unit):
    maps = np.zeros((len(unit), SIDE, SIDE), np.float32)
    maps[:, BLOCK[0], BLOCK[1]] = 1
    return maps


def test_deletion_closed_form(network):
    """On a white face every pixel of the block takes one away."""
    unit = torch.ones(3, 1, SIDE, SIDE)
    found = deletion(network, unit, ONES, truth(unit), steps=64)
    left = np.maximum(8 - np.arange(65), 0)
    np.testing.assert_allclose(found.shares, np.arange(65) / 64)
    expected = np.tile(sigmoid(left - 3), (3, 1))
    np.testing.assert_allclose(found.probability, expected, rtol=1e-5)
    heights = (expected[:, 1:] + expected[:, :-1]) / 2
    np.testing.assert_allclose(found.area, heights.mean(1), rtol=1e-5)


def test_insertion_closed_form(network):
    unit = torch.ones(3, 1, SIDE, SIDE)
    given = (network, unit, ONES, truth(unit))
    found = insertion(*given, steps=8, fill="zero")
    expected = sigmoid(np.minimum(np.arange(9) * 8, 8) - 3)
    np.testing.assert_allclose(found.probability[1], expected, rtol=1e-5)


@pytest.mark.parametrize("fill", ["zero", "mean", "blur", 0.3])
@pytest.mark.parametrize("curve", [deletion, insertion])
def test_ends_of_the_curves(network, unit, curve, fill):
    maps = np.random.default_rng(0).random((3, SIDE, SIDE))
    whole = curve(network, unit, ONES, maps, fill=fill).probability
    with torch.no_grad():
        plain = network(unit).softmax(1)[:, 1].numpy()
    start, end = (0, -1) if curve is deletion else (-1, 0)
    np.testing.assert_allclose(whole[:, start], plain, rtol=1e-5)
    other = insertion if curve is deletion else deletion
    turned = other(network, unit, ONES, maps, fill=fill).probability
    np.testing.assert_allclose(whole[:, end], turned[:, start], rtol=1e-5)


def test_deletion_pixel_by_pixel():
    network = smoke("part_ensemble").eval()
    unit = network.input.to_unit(some_faces(2))
    maps = np.random.default_rng(0).normal(size=(2, 48, 48))
    targets, steps = np.array([2, 5]), 6
    with left_as_found(network):
        found = deletion(network, unit, targets, maps, steps=steps)
    network.eval()
    for face in range(2):
        order = np.argsort(-maps[face].ravel())
        for step in range(steps + 1):
            changed = unit[face].clone()
            for pixel in order[: round(step / steps * 48**2)]:
                changed[:, pixel // 48, pixel % 48] = 0
            with torch.no_grad():
                scores = logits_of(network(network.input.normalise(changed[None])))
            one = scores.softmax(1)[0, targets[face]]
            assert found.probability[face, step] == pytest.approx(float(one), abs=1e-5)


def test_good_maps_beat_noise_and_noise_beats_opposites(network):
    unit = torch.rand(40, 1, SIDE, SIDE) * 0.5 + 0.5
    noise = np.random.default_rng(0).random((40, SIDE, SIDE))
    good, targets = truth(unit) + 0.5 * noise, np.ones(40, int)
    given = (network, unit, targets)
    gone = [deletion(*given, m).area.mean() for m in (good, noise, -good)]
    back = [insertion(*given, m, fill=0).area.mean() for m in (good, noise, -good)]
    assert np.diff(gone).min() > 0.1 and np.diff(back).max() < -0.1


def test_ties_go_in_a_drawn_order(network):
    """An even map deletes like noise, not from the top."""
    unit, targets = torch.ones(1, 1, SIDE, SIDE), np.ones(1, int)
    given = (network, unit, targets, np.zeros((1, SIDE, SIDE)))
    areas = [deletion(*given, seed=seed).area[0] for seed in range(30)]
    assert np.std(areas) > 0.01
    noise = np.random.default_rng(0).random((30, SIDE, SIDE))
    drawn = deletion(network, unit.expand(30, -1, -1, -1), np.ones(30, int), noise).area
    assert np.mean(areas) == pytest.approx(drawn.mean(), abs=0.04)
    assert deletion(*given, seed=3).area == deletion(*given, seed=3).area


def test_average_drop_closed_form(network):
    unit = torch.ones(3, 1, SIDE, SIDE)
    maps = truth(unit)
    maps[1] = 1 - maps[1]
    maps[2, BLOCK[0], BLOCK[1]] = 7  # the scale of a map does not count
    maps[2, 2, 1:3] = 3.5
    drop, increase = average_drop(network, unit, ONES, maps)
    whole, none, part = sigmoid(5), sigmoid(-3), sigmoid(8 - 2 * 0.5 - 3)
    expected = [0, 1 - none / whole, 1 - part / whole]
    np.testing.assert_allclose(drop, expected, atol=1e-6)
    assert increase.tolist() == [0, 0, 0]


def test_increase_where_masking_helps(network, unit):
    """Class 0 gains when the block is masked."""
    zeros = np.zeros(3, int)
    outside = average_drop(network, unit, zeros, 1 - truth(unit))
    assert outside.increase.tolist() == [1, 1, 1] and not outside.drop.any()


def test_average_drop_of_even_and_empty_maps(network, unit):
    given = (network, unit, ONES)
    even = average_drop(*given, np.ones((3, SIDE, SIDE)))
    assert not even.drop.any() and not even.increase.any()
    negative = truth(unit) - 1
    negative[0] = -1
    drop, increase = average_drop(*given, negative - 0.0)
    assert np.isnan(drop).all() and np.isnan(increase).all()


def test_agreement_of_mass_and_change():
    mass = np.array([[1.0, 2, 3, 4], [1, 2, np.nan, 4], [1, 2, np.nan, np.nan]])
    change = np.array([[10.0, 20, 30, 25], [3, 2, 9, 1], [1, 2, 3, 4]])
    found = deletion_agreement(mass, change)
    np.testing.assert_allclose(found, [0.8, -1, np.nan])
    with pytest.raises(FerError, match=r"\[3, 4\]"):
        deletion_agreement(mass, change[:, :3])


@pytest.mark.parametrize(
    "maps", [np.zeros((2, SIDE, SIDE)), np.full((3, SIDE, SIDE), np.inf)]
)
def test_refuses_maps_that_do_not_fit(network, unit, maps):
    for score in (deletion, insertion, average_drop):
        with pytest.raises(FerError, match="expected finite"):
            score(network, unit, ONES, maps)


def test_refuses_targets_that_do_not_fit(network, unit):
    with pytest.raises(FerError, match=r"targets of shape \[2\]"):
        deletion(network, unit, ONES[:2], truth(unit))
