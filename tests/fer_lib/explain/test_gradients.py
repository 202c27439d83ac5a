"""Gradient methods: closed forms, captum, limits, and what must not matter."""

import warnings

import numpy as np
import pytest
import torch
from captum.attr import GuidedBackprop, NoiseTunnel, Saliency
from known_networks import Linear, OnePixel, left_as_found, smoke, some_faces
from planted import Upright, planted_faces

from fer_lib.explain.gradients import (
    input_gradient,
    integrated_gradients,
    saliency,
    smooth_grad,
)
from fer_lib.models.network import logits_of

FACES = torch.rand(3, 1, 6, 6, generator=torch.Generator().manual_seed(0))
# Class 0 answers to the picture's mean with 1 + 2 * 2 = 5, class 1 with -3.
WEIGHTS = [[1.0, 2.0], [1.0, -2.0]]


def test_closed_forms():
    network, targets = Linear(WEIGHTS), np.array([0, 1, 0])
    slopes = np.array([5, -3, 5])[:, None, None] / 36 * np.ones((3, 6, 6))
    given = (network, FACES, targets)
    np.testing.assert_allclose(saliency(*given), np.abs(slopes), rtol=1e-5)
    np.testing.assert_allclose(smooth_grad(*given), np.abs(slopes), rtol=1e-5)
    light = FACES[:, 0].numpy()
    black = integrated_gradients(*given, baseline="zero")
    np.testing.assert_allclose(black, slopes * light, rtol=1e-4)
    mean = integrated_gradients(*given)
    from_mean = slopes * (light - light.mean((1, 2), keepdims=True))
    np.testing.assert_allclose(mean, from_mean, atol=1e-6)


@pytest.mark.parametrize("baseline", ["mean", "zero"])
def test_integrated_gradients_are_complete(baseline):
    network, (unit, _, _) = Upright().eval(), planted_faces(4)
    given = (network, unit, np.ones(4, int))
    found = integrated_gradients(*given, baseline=baseline, steps=100)
    ground = unit.mean((2, 3), keepdim=True) * (baseline == "mean")
    with torch.no_grad():
        fall = network(unit)[:, 1] - network(ground.expand_as(unit))[:, 1]
    np.testing.assert_allclose(found.sum((1, 2)), fall, rtol=0.02)
    few = integrated_gradients(*given, baseline=baseline)
    np.testing.assert_allclose(few.sum((1, 2)), fall, rtol=0.08)


def test_smooth_grad_is_the_mean_that_captum_estimates():
    """Captum draws noise of its own: the same up to its spread."""
    network = Upright().eval()
    unit, _, _ = planted_faces(1)
    unit -= unit.min()
    unit /= unit.max()  # so that captum's standard deviation is the same
    ours = smooth_grad(network, unit, [1], samples=400)
    torch.manual_seed(0)
    theirs = NoiseTunnel(Saliency(network)).attribute(
        unit, nt_type="smoothgrad", nt_samples=400, stdevs=0.1, abs=False, target=1
    )
    theirs = theirs[:, 0].abs().numpy()
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.99
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.05)


class Square(OnePixel):
    """Class 1 by the square of one pixel's light: the gradient is twice it."""

    def forward(self, x):
        return super().forward(x) ** 2


def test_noise_is_a_share_of_the_contrast():
    network, unit = Square(6, 2), 0.3 + 0.4 * torch.rand(3, 1, 9, 9)
    found = smooth_grad(network, unit, np.ones(3, int), seed=5)
    fields = torch.randn(16, 1, 9, 9, generator=torch.Generator().manual_seed(5))
    contrast = unit.amax((1, 2, 3)) - unit.amin((1, 2, 3))
    noisy = unit[:, 0, 6, 2] + 0.1 * contrast * fields[:, 0, 6, 2].mean()
    np.testing.assert_allclose(found[:, 6, 2], 2 * noisy, rtol=1e-4)


@pytest.mark.parametrize("name", ["residual_masking", "part_ensemble", "ramn"])
def test_guided_gradients_are_captums(name):
    """Where all ReLUs are modules, which captum reaches."""
    network = smoke(name).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False  # captum's hooks cannot bear it

    class Scores(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, unit):
            return logits_of(network(network.input.normalise(unit)))

    unit = network.input.to_unit(some_faces(2))
    targets = torch.tensor([1, 5])
    found = input_gradient(network, unit, targets, guided=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum tells of its hooks
        theirs = GuidedBackprop(Scores()).attribute(unit, target=targets)
    torch.testing.assert_close(found, theirs, rtol=1e-3, atol=1e-4 * theirs.abs().max())
    plain = input_gradient(network, unit, targets)
    assert not torch.allclose(found, plain, rtol=0.1)


@pytest.mark.parametrize("relu", list(Upright.RELUS)[1:])
@pytest.mark.parametrize("guided", [False, True])
def test_functions_and_modules_are_alike(relu, guided):
    """Deep-Emotion, ESR and MA-Net call ReLU as a function."""
    unit, _, _ = planted_faces(3)
    pair = Upright(), Upright(relu)
    for network in pair:  # so that negative gradients reach a ReLU
        network.fc.weight.data[1, 1] *= -1
    found = [input_gradient(n, unit, torch.ones(3).long(), guided) for n in pair]
    assert torch.equal(*found) and found[0].any()
    x = torch.ones(3, requires_grad=True)
    (-torch.nn.functional.relu(x)).sum().backward()
    assert (x.grad == -1).all()  # ReLU is itself again


def test_a_network_that_goes_on_adapting_can_be_explained():
    """A flaw of the authors' code: branches keep their training mode."""
    network = smoke("diversified_esr", "batch_statistics", branches=2)
    given = (network, some_faces(2), [1, 4])
    with left_as_found(network):
        for method in (integrated_gradients, saliency):
            assert method(*given).any()
