"""Grad-CAM against its equations, closed forms, and learner by learner."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from known_networks import Linear, left_as_found, smoke, some_faces
from torch import nn

from fer_lib.crops import crop_boxes
from fer_lib.explain.grad_cam import class_maps, learners, union, weighted_maps
from fer_lib.explain.placing import on_boxes
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing

FACES = some_faces(3, 6)
# Two channels, once and twice the picture: for class 0 they speak with
# 1 + 2 * 2 = 5, for class 1 with 1 - 2 * 2 = -3, for class 2 not at all.
WEIGHTS = [[1.0, 2.0], [1.0, -2.0], [0.0, 0.0]]


class Small(Network):
    """Two convolutions and a linear layer, as Deep-Emotion ends."""

    NAME = "small"

    def __init__(self):
        super().__init__()
        self.input = Preprocessing(size=12, mean=0.0, std=1.0)
        self.conv1 = nn.Conv2d(1, 4, 3)
        self.conv2 = nn.Conv2d(4, 6, 3)
        self.fc = nn.Linear(6 * 16, 3)

    def maps(self, x):
        return self.conv2(F.relu(self.conv1(x)))

    def forward(self, x):
        return self.fc(F.relu(F.max_pool2d(self.maps(x), 2)).flatten(1))

    def cam_layers(self):
        return {"conv2": self.conv2}


@pytest.fixture
def network():
    torch.manual_seed(5)
    return Small()


@pytest.fixture
def x():
    return torch.rand(3, 1, 12, 12)


def by_hand(network, face, target):
    """Equations (5) and (6) for one face, channel by channel."""
    maps = network.maps(face[None])
    maps.retain_grad()
    network.fc(F.relu(F.max_pool2d(maps, 2)).flatten(1))[0, target].backward()
    heat = torch.zeros(maps.shape[2:])
    for one, gradient in zip(maps[0].detach(), maps.grad[0], strict=True):
        alpha = sum(gradient.flatten().tolist()) / gradient.numel()
        heat += alpha * one
    return heat.clamp(min=0)


@pytest.mark.equation("part_ensemble", 5)
@pytest.mark.equation("part_ensemble", 6)
def test_equals_the_equations(network, x):
    targets = torch.tensor([2, 0, 1])
    found = weighted_maps(network, network.conv2, x, targets).relu()
    large = class_maps(network, x, targets).maps[0]
    for i in range(3):
        expected = by_hand(network, x[i], int(targets[i]))
        assert expected.any()
        torch.testing.assert_close(found[i], expected)
    wide = F.interpolate(found[:, None], (12, 12), mode="bilinear")[:, 0]
    np.testing.assert_allclose(large, wide, rtol=1e-5)


def test_closed_form_and_empty_maps():
    found = class_maps(Linear(WEIGHTS), FACES, np.array([0, 1, 2]))
    np.testing.assert_allclose(found.maps[0, 0], FACES[0, 0] / 255 * 5 / 36, rtol=1e-5)
    assert found.maps.any((2, 3)).tolist() == [[True, False, False]]
    assert found.negative.tolist() == [[False, True, False]]
    assert found.dead.tolist() == [[False, False, True]]
    assert not np.isnan(found.united).any()


def test_share_of_the_evidence_against():
    """A channel of two signs: the part below zero speaks against."""
    network = Linear([[1.0], [0.0]])
    with torch.no_grad():
        network.conv.weight.fill_(1)
    network.input = Preprocessing(size=6, channels=1, mean=0.5, std=1.0)
    found = class_maps(network, FACES, np.zeros(3, int))
    signed = FACES[:, 0] / 255 - 0.5
    below = -signed.clip(max=0).sum((1, 2)) / np.abs(signed).sum((1, 2))
    np.testing.assert_allclose(found.against[0], below, rtol=1e-5)
    np.testing.assert_allclose(found.maps[0], signed.clip(0) / 36, atol=1e-8)


def test_union_is_the_largest_of_scaled_maps():
    torch.manual_seed(0)
    maps = (
        torch.rand(5, 2, 4, 4) * torch.tensor([1, 10, 0.1, 0, 3])[:, None, None, None]
    )
    for face, found in enumerate(union(maps)):
        scaled = [m[face] / m[face].max() for m in maps if m[face].any()]
        assert torch.equal(found, torch.stack(scaled).amax(0))
    assert not union([0 * maps[0], 0 * maps[0]]).any()


@pytest.mark.parametrize("kind", ["parts", "baseline"])
def test_parts_explain_their_own_scores(kind):
    network, faces = smoke("part_ensemble", kind=kind), some_faces(2)
    targets = np.array([3, 5])
    with left_as_found(network):
        found = class_maps(network, faces, targets)
    alone = [class_maps(one, faces, targets).maps[0] for one in network.sub_networks]
    np.testing.assert_allclose(found.maps, np.stack(alone), rtol=1e-5, atol=1e-9)
    united = union(map(torch.tensor, alone))
    torch.testing.assert_close(torch.tensor(found.united), united)
    assert found.names == tuple(network.cam_layers())


def test_branches_explain_their_own_scores():
    network, faces = smoke("diversified_esr"), some_faces(2, 64)
    network.active = 3
    first = class_maps(network, faces, np.array([0, 1]))
    assert first.names == ("branch 1", "branch 2", "branch 3")
    with torch.no_grad():
        network.branches[2].fc.weight.mul_(-1)
    then = class_maps(network, faces, np.array([0, 1]))
    same = [np.array_equal(*pair) for pair in zip(first.maps, then.maps, strict=True)]
    assert same == [True, True, False]
    x = network.eval().input(faces)
    with torch.no_grad():
        own = torch.stack([scores(x) for scores, _ in learners(network).values()], 1)
        torch.testing.assert_close(own, network(x).branches)


def test_regions_are_added_where_they_were_cut():
    torch.manual_seed(0)
    boxes, maps = crop_boxes(7, 20), torch.randn(2 * 8, 4, 4)
    expected = torch.zeros(2, 20, 20)
    for face in range(2):
        for r, (left, top, right, bottom) in enumerate(boxes):
            one = maps[face * 8 + r][None, None]
            box = (int(bottom - top), int(right - left))
            large = F.interpolate(one, box, mode="bilinear")[0, 0]
            expected[face, top:bottom, left:right] += large
    torch.testing.assert_close(on_boxes(maps, boxes, (20, 20)), expected)


def test_regions_for_and_against_are_weighed_up():
    network, faces = smoke("ramn"), some_faces(2)
    with torch.no_grad():  # signs that differ from region to region
        network.classifier.weight.mul_(50)
    found = class_maps(network, faces, np.array([1, 2]))
    x, layer = network.input(faces), network.cam_layers()["regions"]
    network.eval()
    targets = torch.tensor([1, 2])
    signed = weighted_maps(lambda f: network(f).logits, layer, x, targets)
    expected = on_boxes(signed, network.boxes, (48, 48))
    assert expected.min() < 0 < expected.max()
    torch.testing.assert_close(torch.tensor(found.maps[0]), expected.relu())
