"""What RAMN's records keep of attention and features."""

import numpy as np
import torch

from fer_lib.data.sources.rendered import wild
from ferbook.papers.ramn import PAPER
from ferbook.papers.ramn import principal_plane as plane


def test_attention_and_features_are_the_networks_own():
    faces = wild(train=0, public=0, private=12, seed=4, cached=False)
    config = PAPER.make_config("smoke")
    network = PAPER.make_network(config, 7, seed=1)
    found = PAPER.measures(network.train(), faces)
    assert network.training
    network.eval()
    with torch.inference_mode():
        output = network(network.input(torch.as_tensor(faces.images)))
    weights = output.weights.numpy()
    np.testing.assert_allclose(found["attention.whole"], weights[:, 0], rtol=1e-5)
    best = [max(row[1:]) for row in weights]
    np.testing.assert_allclose(found["attention.best_crop"], best, rtol=1e-5)
    assert all(values.shape == (12,) for values in found.values())
    expected = plane(network.combined(output.expressions))
    got = np.stack([found["feature.first"], found["feature.second"]], 1)
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_without_sub_images_nothing_is_weighed():
    faces = wild(train=0, public=0, private=12, seed=4, cached=False)
    config = PAPER.make_config("smoke", crops=0)
    network = PAPER.make_network(config, 7, seed=1)
    found = PAPER.measures(network, faces)
    assert set(found) == {"feature.first", "feature.second"}


def test_the_plane_of_most_variance():
    draw = torch.Generator().manual_seed(0)
    turn, _ = torch.linalg.qr(torch.randn(6, 6, generator=draw))
    known = torch.randn(200, 6, generator=draw) * torch.tensor([9, 3, 0.1, 0.1, 0.1, 0])
    found = plane(known @ turn + 5)
    assert found.shape == (200, 2)
    # The same places, but for direction and unit.
    for k, scale in enumerate((9, 9)):
        centred = (known[:, k] - known[:, k].mean()) / scale
        assert abs(np.corrcoef(found[:, k], centred)[0, 1]) > 0.99
    spread = found.std(0, correction=0)
    assert abs(spread[0] - 1) < 1e-5 and 0.25 < spread[1] < 0.42
    assert torch.allclose(plane(3 * (known @ turn)), found, atol=1e-5)


def test_the_directions_do_not_depend_on_the_order_of_faces():
    features = torch.randn(40, 5, generator=torch.Generator().manual_seed(2))
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3))
    one, other = plane(features), plane(features[order])
    assert torch.allclose(one[order], other, atol=1e-4)


def test_features_that_are_all_alike_lie_in_one_place():
    assert torch.equal(plane(torch.ones(4, 3)), torch.zeros(4, 2))
    assert plane(torch.tensor([[1.0], [2.0]])).shape == (2, 2)
