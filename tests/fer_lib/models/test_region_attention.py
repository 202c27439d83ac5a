"""Region attention: equation (1), its weights, any backbone."""

import math

import pytest
import torch

from fer_lib.models.region_attention import RegionAttention, weighted_mean


def random_regions(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.equation("ramn", 1)
def test_equation_1_by_loop():
    regions, weights = random_regions(3, 6, 4), random_regions(3, 6).sigmoid()
    found = weighted_mean(regions, weights)
    for b in range(3):
        for d in range(4):
            above = below = 0.0
            for k in range(6):
                above += weights[b, k].item() * regions[b, k, d].item()
                below += weights[b, k].item()
            assert found[b, d].item() == pytest.approx(above / below, rel=1e-12)


@pytest.mark.equation("ramn", 1)
def test_equation_1_limits():
    """Equal weights give the mean, one large weight its region."""
    regions = random_regions(2, 6, 4)
    equal = torch.full((2, 6), 0.3, dtype=torch.float64)
    torch.testing.assert_close(weighted_mean(regions, equal), regions.mean(1))
    one = torch.full((2, 6), 1e-9, dtype=torch.float64)
    one[:, 2] = 1
    found = weighted_mean(regions, one)
    torch.testing.assert_close(found, regions[:, 2], atol=1e-7, rtol=0)
    torch.testing.assert_close(found, weighted_mean(regions, one / 7))


@pytest.mark.equation("ramn", 1)
@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_gradients(activation):
    attention = RegionAttention(4, activation=activation).double()
    regions = random_regions(2, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(attention, regions)


def test_sigmoid_weighs_each_region_by_itself():
    attention = RegionAttention(4).double()
    regions = random_regions(2, 6, 4)
    weights = attention.weights(regions)
    assert torch.all((weights > 0) & (weights < 1))
    torch.testing.assert_close(weights[:, :2], attention.weights(regions[:, :2]))
    score = regions[1, 3] @ attention.fc.weight[0] + attention.fc.bias[0]
    by_hand = 1 / (1 + math.exp(-score.item()))
    assert weights[1, 3].item() == pytest.approx(by_hand)


def test_softmax_of_sigmoids_stays_close():
    """Six regions: 0.069 to 0.352, so that a margin means something else."""
    attention = RegionAttention(1, activation="softmax").double()
    torch.nn.init.constant_(attention.fc.weight, 100)
    torch.nn.init.zeros_(attention.fc.bias)
    regions = -torch.ones(2, 6, 1, dtype=torch.float64)
    regions[0, 4] = 1  # one region wins
    regions[1] = 1
    regions[1, 4] = -1  # one region loses
    weights = attention.weights(regions)
    torch.testing.assert_close(weights.sum(1), torch.ones(2, dtype=torch.float64))
    assert weights.max().item() == pytest.approx(math.e / (math.e + 5), rel=1e-9)
    assert weights.min().item() == pytest.approx(1 / (1 + 5 * math.e), rel=1e-9)
    assert (round(weights.min().item(), 3), round(weights.max().item(), 3)) == (
        0.069,
        0.352,
    )


def test_regions_in_any_order():
    attention = RegionAttention(4).double()
    regions = random_regions(2, 6, 4)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    feature, weights = attention(regions)
    other = attention(regions[:, order])
    torch.testing.assert_close(other.weights, weights[:, order])
    torch.testing.assert_close(other.feature, feature)


def test_bfloat16_keeps_the_digits_of_weights():
    attention = RegionAttention(4)
    regions = random_regions(2, 6, 4).float()
    with torch.autocast("cpu", torch.bfloat16):
        weights = attention.weights(regions)
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights, attention.weights(regions), atol=5e-3, rtol=0)
