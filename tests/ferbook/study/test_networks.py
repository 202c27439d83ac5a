"""Plain networks, and one movement asked of a network that knows many."""

import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.explain.methods import available
from fer_lib.models.network import logits_of
from ferbook.study.networks import (
    PLAIN,
    PlainResNet,
    SmallViT,
    make_network,
    pairs,
    two_way,
)
from ferbook.study.settings import NETWORKS

COUNT = 5


def faces(network, count=2):
    torch.manual_seed(1)
    size, channels = network.input.size, network.input.channels
    return network.input.normalise(torch.rand(count, channels, size, size))


@pytest.mark.parametrize("name", NETWORKS)
def test_one_movement_is_its_pair_of_scores(name):
    network = make_network(name, COUNT, 0).eval()
    x = faces(network)
    with torch.no_grad():
        every = pairs(network(x))
        for movement in (0, COUNT - 1):
            one = two_way(network, movement)
            assert type(one) is type(network) and not one.training
            assert one.classes == ("rest", "moved")
            # Learners of an ensemble are averaged as probabilities.
            expected = every[:, :, movement].log_softmax(-1).exp().mean(1).log()
            found = logits_of(one(x)).log_softmax(1)
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
        again = pairs(network(x))
    torch.testing.assert_close(again, every, msg="the network is left as it was")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_seed_says_everything(name):
    one, same, other = (make_network(name, 2, seed) for seed in (0, 0, 1))
    values, again, others = (
        torch.cat([p.flatten() for p in n.parameters()]) for n in (one, same, other)
    )
    assert torch.equal(values, again) and not torch.equal(values, others)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_networks_have_maps_and_no_attention(name):
    network = make_network(name, COUNT, 0).eval()
    told = []
    [layer] = network.cam_layers().values()
    hook = layer.register_forward_hook(lambda m, given, out: told.append(out))
    x = faces(network)
    with torch.no_grad():
        scores = network(x)
        features = network.features(x)
    hook.remove()
    assert scores.shape == (2, 2 * COUNT) and told[0].ndim == 4
    torch.testing.assert_close(told[0].mean((2, 3)), features)
    torch.testing.assert_close(network.fc(features), scores)
    assert "attention" not in available(network) and "grad_cam" in available(network)
    with pytest.raises(FerError, match="resize first"):
        network(x[..., :-1])


def test_a_transformer_without_places_does_not_know_where_patches_are():
    network = SmallViT(num_classes=3, input_size=32).eval()
    x = torch.rand(1, 3, 32, 32)
    cut = x.unflatten(2, (4, 8)).unflatten(4, (4, 8))  # [1, 3, 4, 8, 4, 8]
    turned = cut.flip(2, 4).flatten(4, 5).flatten(2, 3)
    with torch.no_grad():
        assert not torch.allclose(network(x), network(turned), atol=1e-5)
        network.places.zero_()
        torch.testing.assert_close(network(x), network(turned), rtol=1e-3, atol=1e-5)


def test_attention_is_a_softmax_by_hand():
    torch.manual_seed(0)
    block = SmallViT(num_classes=2, input_size=16, width=8, heads=2).blocks[0]
    x = torch.rand(1, 4, 8)
    with torch.no_grad():
        asked = block.asked(block.before(x))[0]
        told = torch.zeros(4, 8)
        for head in range(2):
            own = slice(4 * head, 4 * head + 4)
            query, key, value = (asked[:, k * 8 :][:, own] for k in range(3))
            told[:, own] = (query @ key.T / 2).softmax(1) @ value
        between = x + block.told(told)
        dense = torch.nn.functional.gelu(block.first(block.between(between)))
        torch.testing.assert_close(block(x), between + block.second(dense))


def test_patches_must_fit():
    with pytest.raises(FerError, match="patches of 8"):
        SmallViT(input_size=60)
    assert PlainResNet(input_size=64).trunk.stage_channels == [24, 48, 96]
