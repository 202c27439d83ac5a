"""Grad-CAM against its equations, and on networks that look at known pixels."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fer_lib.errors import FerError
from fer_lib.explain.grad_cam import grad_cam, union
from fer_lib.models.network import Network
from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.preprocessing import Preprocessing


class Small(Network):
    """Two convolutions and a linear layer, as Deep-Emotion ends."""

    NAME = "small"

    def __init__(self, layers=1):
        super().__init__()
        self.input = Preprocessing(size=12)
        self.conv1 = nn.Conv2d(1, 4, 3)
        self.conv2 = nn.Conv2d(4, 6, 3)
        self.fc = nn.Linear(6 * 16, 3)
        self.layers = layers

    def maps(self, x):
        return self.conv2(F.relu(self.conv1(x)))

    def forward(self, x):
        return self.fc(F.relu(F.max_pool2d(self.maps(x), 2)).flatten(1))

    def cam_layers(self):
        named = {"conv2": self.conv2, "conv1": self.conv1}
        return dict(list(named.items())[: self.layers])


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Small().double()


@pytest.fixture
def x():
    return torch.randn(3, 1, 12, 12, dtype=torch.float64)


def by_hand(network, face, target):
    """Equations (5) and (6) for one face, position by position."""
    maps = network.maps(face[None])
    maps.retain_grad()
    score = network.fc(F.relu(F.max_pool2d(maps, 2)).flatten(1))[0, target]
    score.backward()
    _, channels, height, width = maps.shape
    heat = torch.zeros(height, width, dtype=torch.float64)
    for k in range(channels):
        alpha = 0.0
        for i in range(height):
            for j in range(width):
                alpha += maps.grad[0, k, i, j].item() / (height * width)
        heat += alpha * maps[0, k].detach()
    return heat.clamp(min=0)


@pytest.mark.equation("part_ensemble", 5)
@pytest.mark.equation("part_ensemble", 6)
def test_equals_the_equations(network, x):
    targets = torch.tensor([2, 0, 1])
    found = grad_cam(network, x, targets, upsample=False)
    for i in range(3):
        expected = by_hand(network, x[i], int(targets[i]))
        assert expected.any()
        torch.testing.assert_close(found[i], expected)


def test_enlarges_bilinearly(network, x):
    small = grad_cam(network, x, 1, upsample=False)
    large = grad_cam(network, x, 1)
    assert (small.shape, large.shape) == ((3, 8, 8), (3, 12, 12))
    expected = F.interpolate(small[:, None], (12, 12), mode="bilinear")[:, 0]
    torch.testing.assert_close(large, expected)
    assert large.min() >= 0 and not large.requires_grad


def test_faces_do_not_mix(network, x):
    alone = torch.cat([grad_cam(network, face[None], 0) for face in x])
    torch.testing.assert_close(grad_cam(network, x.flip(0), 0).flip(0), alone)


def test_dead_maps_are_zero(network, x):
    """Nothing in the layer speaks for the class: no error, no NaN."""
    with torch.no_grad():
        network.fc.weight[1] = 0
    found = grad_cam(network, x, 1)
    assert found.shape == (3, 12, 12) and not found.any()
    assert not union([found, found]).any()


def test_layers_by_name_and_module(x):
    torch.manual_seed(0)
    network = Small(layers=2).double()
    by_name = grad_cam(network, x, 0, layer="conv1", upsample=False)
    assert by_name.shape == (3, 10, 10)
    by_module = grad_cam(network, x, 0, layer=network.conv1, upsample=False)
    assert torch.equal(by_name, by_module)
    with pytest.raises(FerError, match="expected one of conv2, conv1"):
        grad_cam(network, x, 0)
    with pytest.raises(FerError, match="'conv3'"):
        grad_cam(network, x, 0, layer="conv3")


def test_works_without_any_gradient_wanted(network, x):
    """Frozen weights, inside no_grad, in training mode."""
    expected = grad_cam(network, x, 0)
    network.requires_grad_(False).train()
    with torch.no_grad():
        assert torch.equal(grad_cam(network, x, 0), expected)
    assert network.training and not x.requires_grad


class Corner(Small):
    """Class 1 is the light in the upper left corner."""

    def forward(self, x):
        light = F.relu(self.conv1(x))[:, :, :4, :4].mean((1, 2, 3))
        return torch.stack([-light, light], 1)

    def cam_layers(self):
        return {"conv1": self.conv1}


def test_finds_the_light_that_counts():
    network = Corner()
    with torch.no_grad():
        network.conv1.weight.fill_(1 / 9)
        network.conv1.bias.zero_()
    x = torch.zeros(1, 1, 12, 12)
    x[..., :3, :3] = 1
    heat = grad_cam(network, x, 1)[0]
    assert heat.argmax() == 0 and not heat[6:, 6:].any()
    assert not grad_cam(network, x, 0).any()


@pytest.fixture(scope="module")
def ensemble():
    torch.manual_seed(0)
    return PartEnsemble(**PartEnsemble.PRESETS["smoke"])


def test_part_ensemble(ensemble):
    faces = torch.randn(2, 3, 48, 48)
    for name in ensemble.cam_layers():
        heat = grad_cam(ensemble, faces, 3, layer=name)
        assert heat.shape == (2, 48, 48) and heat.min() >= 0
    heats = [grad_cam(member, faces, 3) for member in ensemble.sub_networks]
    assert all(heat.shape == (2, 48, 48) for heat in heats)
    # The members' own scores: whatever the others say.
    with torch.no_grad():
        ensemble.sub_networks[0].head[-1].bias.add_(1.0)
    assert torch.equal(grad_cam(ensemble.sub_networks[1], faces, 3), heats[1])


def test_union_is_the_largest_of_scaled_maps():
    torch.manual_seed(0)
    maps = (
        torch.rand(5, 2, 4, 4) * torch.tensor([1, 10, 0.1, 0, 3])[:, None, None, None]
    )
    found = union(maps)
    for face in range(2):
        for i in range(4):
            for j in range(4):
                scaled = [m[face, i, j] / m[face].max() for m in maps if m[face].any()]
                assert found[face, i, j] == max(scaled)
    assert torch.equal(found.amax((1, 2)), torch.ones(2))
    torch.testing.assert_close(union(maps[[4, 2, 0, 3, 1]]), found)
    torch.testing.assert_close(union([7 * maps[0], maps[1]]), union(maps[:2]))
