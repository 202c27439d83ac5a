"""DeepLIFT against captum's, and against what its rule says by hand."""

import numpy as np
import pytest
import torch
from captum.attr import DeepLift
from known_networks import Linear, left_as_found, smoke, some_faces
from planted import Upright, planted_faces
from torch import nn

from fer_lib.explain.deeplift import deeplift
from fer_lib.explain.inputs import from_pixels
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing


class Curved(Network):
    """Every nonlinearity is a module of its own, as captum wants it."""

    NAME = "curved"

    def __init__(self, curve, inside=False):
        super().__init__()
        torch.manual_seed(0)
        self.input = Preprocessing(size=8, channels=3, mean=0.5, std=0.5)
        self.curve = curve
        self.body = nn.Sequential(
            nn.Conv2d(3, 6, 3), curve(), nn.Conv2d(6, 4, 3), curve(), nn.Flatten()
        )
        self.fc = nn.Linear(64, 3)

    def forward(self, x):
        return self.fc(self.body(x))


@pytest.mark.parametrize("curve", [nn.ReLU, nn.Sigmoid, nn.Tanh, nn.ELU])
def test_it_is_captums(curve):
    network, faces = Curved(curve).eval(), torch.rand(3, 3, 8, 8)
    targets = np.array([0, 2, 1])
    with left_as_found(network):
        found = deeplift(network, faces, targets)
    network.eval()
    grounds = faces.mean((2, 3), keepdim=True).expand_as(faces)
    normal = network.input.normalise
    expected = DeepLift(network).attribute(
        normal(faces), normal(grounds), target=torch.tensor(targets)
    )
    np.testing.assert_allclose(found, expected.sum(1).detach(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("relu", Upright.RELUS)
def test_a_map_adds_up_however_relu_is_called(relu):
    network, (faces, truth, _) = Upright(relu).eval(), planted_faces(4)
    targets = np.ones(4, int)
    scores = from_pixels(network)
    grounds = faces.mean((2, 3), keepdim=True).expand_as(faces)
    with torch.no_grad():
        gap = (scores(faces) - scores(grounds))[:, 1].numpy()
    found = deeplift(network, faces, targets)
    np.testing.assert_allclose(found.sum((1, 2)), gap, rtol=1e-3)
    # Light beside the block may enter through its border alone.
    assert np.abs(found)[truth].sum() > 0.9 * np.abs(found).sum()


def test_of_a_linear_network_it_is_the_difference():
    network = Linear([[1.0, 2.0], [0.5, -1.0]])
    faces = torch.rand(2, 1, 6, 6)
    # The channels are one and two times the picture; a mean has 36 pixels.
    slope = np.array([1 + 4.0, 0.5 - 2.0]) / 36
    found = deeplift(network, faces, np.array([0, 1]), baseline="zero")
    expected = slope[:, None, None] * faces[:, 0].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_face_that_is_its_baseline_has_an_empty_map():
    faces = np.full((2, 1, 48, 48), 90, np.uint8)
    network = smoke("residual_masking")
    assert np.abs(deeplift(network, faces, [1, 2])).max() < 1e-5
    assert np.abs(deeplift(network, some_faces(2), [1, 2])).max() > 1e-3
