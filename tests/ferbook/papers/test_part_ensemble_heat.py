"""Where sub-networks look: regions, scales, and maps by hand."""

import numpy as np
import pytest
import torch
from part_faces import SMALL, marked_splits

from fer_lib.data.fitted_landmarks import landmarks_seen
from fer_lib.explain.grad_cam import class_maps
from fer_lib.models.part_network import PARTS
from ferbook.papers import part_measures
from ferbook.papers.part_ensemble import PAPER

SPLITS = marked_splits()


def untrained(variant="default"):
    config = PAPER.make_config("paper", variant, **SMALL)
    return PAPER.make_network(config, 7, seed=0)


def test_near_by_hand():
    points = 20 * torch.rand(2, 5, 2, generator=torch.manual_seed(0)) - 2
    found = part_measures.near(points, 16)
    for face in range(2):
        for y in range(16):
            for x in range(16):
                gaps = points[face] - torch.tensor([x, y])
                close = gaps.norm(dim=1).min() <= part_measures.NEAR * 16
                assert found[face, y, x] == close, (face, y, x)
    assert 0 < found.float().mean() < 1


@pytest.mark.parametrize("variant", ["default", "full_transfer", "baseline"])
def test_a_map_without_a_preference_has_one_everywhere(variant, monkeypatch):
    network = untrained(variant)
    monkeypatch.setattr(part_measures, "_heated", lambda member, x: 3 * x[:, 0] ** 0)
    found = part_measures.heat(network, SPLITS.test)
    expected = {"heat.parts"}
    expected |= {"heat.own_part", "heat.elsewhere"} if variant == "default" else set()
    assert set(found) == expected
    for values in found.values():
        np.testing.assert_allclose(values, 1, atol=1e-5)


def test_a_map_of_the_own_part_is_told_apart(monkeypatch):
    network = untrained()
    points = landmarks_seen(SPLITS.test, 24)
    waiting = [
        part_measures.near(points[:, slice(*PARTS[part])], 24).float()
        for part in network.parts
    ]
    monkeypatch.setattr(part_measures, "_heated", lambda member, x: waiting.pop(0))
    found = part_measures.heat(network, SPLITS.test)
    assert (found["heat.own_part"] > 1.5).all()
    assert not found["heat.elsewhere"].any()


def test_heat_by_hand():
    """Grad-CAM of the predicted class, of the mouth's sub-network first."""
    network = untrained()
    found = part_measures.heat(network, SPLITS.test)
    points, own = landmarks_seen(SPLITS.test, 24), []
    x = network.input(SPLITS.test.images)
    for part, member in zip(network.parts, network.sub_networks, strict=True):
        with torch.no_grad():
            label = member.eval()(x).argmax(1)
        maps = class_maps(member, SPLITS.test.images, label).maps[0].astype(float)
        region = part_measures.near(points[:, slice(*PARTS[part])], 24).numpy()
        each = []
        for heat, inside in zip(maps, region, strict=True):
            usual = heat.mean() or 1.0
            each.append(heat[inside].mean() / usual if inside.any() else 0.0)
        own.append(each)
    expected = np.mean(own, 0)
    assert expected.max() > 0
    np.testing.assert_allclose(found["heat.own_part"], expected, rtol=1e-3, atol=1e-4)
