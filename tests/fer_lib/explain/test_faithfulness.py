"""Deletion, insertion, drop, infidelity, sensitivity: closed forms and captum."""

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captum_infidelity
from known_networks import Linear, left_as_found, smoke, some_faces
from torch import nn

from fer_lib.errors import FerError
from fer_lib.explain.gradients import integrated_gradients
from fer_lib.explain.inputs import from_pixels
from fer_lib.explain.occlusion import cover, filling
from fer_lib.explain.scoring.controls import noise
from fer_lib.explain.scoring.faithfulness import (
    average_drop,
    deletion,
    infidelity,
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
    expected = np.tile(sigmoid(left - 3), (3, 1))
    np.testing.assert_allclose(found.probability, expected, rtol=1e-5)
    heights = (expected[:, 1:] + expected[:, :-1]) / 2
    np.testing.assert_allclose(found.area, heights.mean(1), rtol=1e-5)


@pytest.mark.parametrize("fill", ["zero", "mean", "blur", 0.3])
def test_ends_of_the_curves(network, unit, fill):
    maps = np.random.default_rng(0).random((3, SIDE, SIDE))
    given = (network, unit, ONES, maps)
    gone, back = (curve(*given, fill=fill) for curve in (deletion, insertion))
    with torch.no_grad():
        plain = network(unit).softmax(1)[:, 1].numpy()
    for whole in (gone.probability[:, 0], back.probability[:, -1]):
        np.testing.assert_allclose(whole, plain, rtol=1e-5)
    ends = gone.probability[:, -1], back.probability[:, 0]
    np.testing.assert_allclose(*ends, rtol=1e-5)


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


def test_ties_go_in_a_drawn_order(network):
    """An even map deletes like noise, not from the top."""
    unit, targets = torch.ones(1, 1, SIDE, SIDE), np.ones(1, int)
    given = (network, unit, targets, np.zeros((1, SIDE, SIDE)))
    areas = [deletion(*given, seed=seed).area[0] for seed in range(30)]
    noise = np.random.default_rng(0).random((30, SIDE, SIDE))
    drawn = deletion(network, unit.expand(30, -1, -1, -1), np.ones(30, int), noise).area
    assert np.std(areas) > 0.01
    assert np.mean(areas) == pytest.approx(drawn.mean(), abs=0.04)


def test_average_drop_closed_form(network):
    unit = torch.ones(3, 1, SIDE, SIDE)
    maps = truth(unit)
    maps[1] = 1 - maps[1]
    maps[2, BLOCK[0], BLOCK[1]] = 7  # the scale of a map does not count
    maps[2, 2, 1:3] = 3.5
    drop = average_drop(network, unit, ONES, maps)
    whole, none, part = sigmoid(5), sigmoid(-3), sigmoid(8 - 2 * 0.5 - 3)
    expected = [0, 1 - none / whole, 1 - part / whole]
    np.testing.assert_allclose(drop, expected, atol=1e-6)
    assert np.isnan(average_drop(network, unit, ONES, truth(unit) - 1)).all()


@pytest.mark.parametrize(
    "maps", [np.zeros((2, SIDE, SIDE)), np.full((3, SIDE, SIDE), np.inf)]
)
def test_refuses_maps_that_do_not_fit(network, unit, maps):
    for score in (deletion, insertion, average_drop, infidelity):
        with pytest.raises(FerError, match="expected finite"):
            score(network, unit, ONES, maps)


FACES = torch.rand(3, 1, 12, 12, generator=torch.Generator().manual_seed(0))
TARGETS = np.array([0, 1, 0])


def test_a_linear_network_is_explained_exactly():
    """From the mean colour: what covering changes, pixel by pixel."""
    linear = Linear([[1.0, 2.0], [1.0, -2.0]], size=12)
    given = (linear, FACES, TARGETS)
    right = integrated_gradients(*given)
    # A constant more would count in every square.
    np.testing.assert_allclose(infidelity(*given, right), 0, atol=1e-4)
    np.testing.assert_allclose(infidelity(*given, 700 * right), 0, atol=1e-4)

    # The opposite says as little as nothing.
    np.testing.assert_allclose(infidelity(*given, -right), 1)
    np.testing.assert_allclose(infidelity(*given, np.zeros((3, 12, 12))), 1)
    between = infidelity(*given, right + 0.01 * (noise(*given) - 0.5))
    assert ((between > 0.01) & (between < 1)).all()
    with torch.no_grad():
        linear.fc.weight.zero_()
    assert np.isnan(infidelity(*given, right)).all()


def test_is_captums_over_that_of_zeros():
    """With the same squares, for maps that speak in the right direction."""
    network = smoke("diversified_manet").eval()
    unit = network.input.to_unit(some_faces(3))
    targets, samples = torch.tensor([2, 0, 5]), 16
    maps = integrated_gradients(network, unit, targets)
    with left_as_found(network):
        found = infidelity(network, unit, targets, maps, samples=samples)
    network.eval()
    places = np.random.default_rng(0).integers(0, 64 - 16 + 1, (2, samples))
    tops, lefts = torch.tensor(places).repeat(1, 3)

    def squares(inputs):
        covered = cover(inputs, filling(inputs, "mean", 16), tops, lefts, 16)
        held = cover(torch.zeros_like(inputs), torch.ones_like(inputs), tops, lefts, 16)
        return held, covered

    def theirs(maps, normalize):
        spread = torch.tensor(maps)[:, None].expand_as(unit) / 3
        return captum_infidelity(
            from_pixels(network), squares, unit, spread, target=targets,
            n_perturb_samples=samples, normalize=normalize,
        )  # fmt: skip

    expected = theirs(maps, True) / theirs(0 * maps, False)
    assert (expected < 0.95).all()  # or the maps would be turned round
    np.testing.assert_allclose(found, expected, rtol=1e-3)
