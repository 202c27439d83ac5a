"""Infidelity and sensitivity: limits, captum, loops."""

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max as captum_sensitivity_max
from known_networks import Linear, left_as_found, smoke, some_faces
from planted import Upright, planted_faces

from fer_lib.explain.covering import cover, filling
from fer_lib.explain.gradients import integrated_gradients, saliency
from fer_lib.explain.occlusion import from_pixels
from fer_lib.explain.scoring.controls import noise
from fer_lib.explain.scoring.infidelity import infidelity, sensitivity_max

FACES = torch.rand(3, 1, 12, 12, generator=torch.Generator().manual_seed(0))
TARGETS = np.array([0, 1, 0])


@pytest.fixture
def linear():
    return Linear([[1.0, 2.0], [1.0, -2.0]], size=12)


def test_a_linear_network_is_explained_exactly(linear):
    """From the mean colour: what covering changes, pixel by pixel."""
    given = (linear, FACES, TARGETS)
    right = integrated_gradients(*given)
    # A constant more would count in every square.
    np.testing.assert_allclose(infidelity(*given, right), 0, atol=1e-4)
    np.testing.assert_allclose(infidelity(*given, 700 * right), 0, atol=1e-4)


def test_the_opposite_says_as_little_as_nothing(linear):
    given = (linear, FACES, TARGETS)
    right = integrated_gradients(*given)
    np.testing.assert_allclose(infidelity(*given, -right), 1)
    np.testing.assert_allclose(infidelity(*given, np.zeros((3, 12, 12))), 1)
    between = infidelity(*given, right + 0.01 * (noise(*given) - 0.5))
    assert ((between > 0.01) & (between < 1)).all()


def test_no_number_where_nothing_happens(linear):
    with torch.no_grad():
        linear.fc.weight.zero_()
    given = (linear, FACES, TARGETS)
    assert np.isnan(infidelity(*given, np.ones((3, 12, 12)))).all()


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
            from_pixels(network),
            squares,
            unit,
            spread,
            target=targets,
            n_perturb_samples=samples,
            normalize=normalize,
        )

    expected = theirs(maps, True) / theirs(0 * maps, False)
    assert (expected < 0.95).all()  # or the maps would be turned round
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_the_seed_draws_the_squares_of_all_faces(linear):
    maps = np.random.default_rng(0).random((3, 12, 12))
    given = (linear, FACES, TARGETS, maps)
    first = infidelity(*given, seed=1)
    assert np.array_equal(first, infidelity(*given, seed=1))
    assert not np.array_equal(first, infidelity(*given, seed=2))
    alone = infidelity(linear, FACES[1:2], TARGETS[1:2], maps[1:2], seed=1)
    np.testing.assert_allclose(alone, first[1:2], rtol=1e-4)


def test_sensitivity_in_closed_form():
    """A map that is the light moves as far as the light does."""

    def light(network, unit, *rest):
        return unit[:, 0].numpy()

    def still(network, unit, *rest):
        return np.ones((len(unit), 12, 12), np.float32)

    given = (None, FACES, None, TARGETS)
    found = sensitivity_max(light, *given, radius=0.1, samples=60)
    size = np.sqrt((FACES[:, 0].numpy() ** 2).sum((1, 2)))
    # The root mean square of even noise within r is r / sqrt(3).
    usual = 0.1 / np.sqrt(3) * 12
    assert ((found > usual / size) & (found < 1.15 * usual / size)).all()
    half = sensitivity_max(light, *given, radius=0.05, samples=60)
    np.testing.assert_allclose(half, found / 2, rtol=1e-5)
    fewer = sensitivity_max(light, *given, radius=0.1, samples=3)
    assert (fewer <= found).all()
    assert not sensitivity_max(still, *given).any()


def test_sensitivity_of_maps_of_zeros():
    def zeros(network, unit, *rest):
        return np.zeros((len(unit), 12, 12), np.float32)

    assert np.isnan(sensitivity_max(zeros, None, FACES, None, TARGETS)).all()


def test_sensitivity_is_captums():
    network, (unit, _, _) = Upright().eval(), planted_faces(3)
    ones = np.ones(3, int)
    given = (network, unit, ones)
    found = sensitivity_max(saliency, *given, radius=0.1, samples=5, seed=3)
    generator = torch.Generator().manual_seed(3)
    changes = (2 * torch.rand(5, 1, 32, 32, generator=generator) - 1) * 0.1

    def explain(inputs):
        x = inputs[0] if isinstance(inputs, tuple) else inputs
        maps = saliency(network, x, np.ones(len(x), int))
        return (torch.tensor(maps)[:, None],)

    theirs = captum_sensitivity_max(
        explain, unit, lambda x: x + changes.repeat(3, 1, 1, 1), n_perturb_samples=5
    )
    np.testing.assert_allclose(found, theirs, rtol=1e-4)
    assert found.max() > 0.1


def test_sensitivity_gives_the_method_what_it_needs():
    asked = []

    def method(network, unit, targets, landmarks, seed):
        asked.append((network, targets, landmarks, seed))
        return unit[:, 0].numpy()

    sensitivity_max(method, "n", FACES, "t", "l", samples=2, seed=7)
    assert asked == [("n", "t", "l", 7)] * 3
