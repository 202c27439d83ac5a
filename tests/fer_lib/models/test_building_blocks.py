"""Attention blocks: their equations, and that they fit every backbone."""

import math

import pytest
import torch
import torch.nn.functional as F

from fer_lib.models.cbam import CBAM
from fer_lib.models.deep_emotion import affine_warp
from fer_lib.models.network import memory_format
from fer_lib.models.region_attention import RegionAttention, weighted_mean
from fer_lib.models.residual_masking import MaskingBlock
from fer_lib.models.resnet import ResNet
from fer_lib.models.vgg import VGG16


def test_cbam_equals_its_equations():
    """Channel then spatial attention, in plain loops over images."""
    torch.manual_seed(0)
    block = CBAM(32, 8).eval()
    x = torch.randn(3, 32, 5, 6)
    attended = block.attend(x)
    first, second = block.mlp[0], block.mlp[2]
    for image in range(3):
        pooled = [x[image].mean((1, 2)), x[image].flatten(1).max(1).values]
        scores = sum(second(F.relu(first(vector))) for vector in pooled)
        channel = torch.sigmoid(scores)
        maps = torch.stack([m * a for m, a in zip(x[image], channel, strict=True)])
        summary = torch.stack([maps.max(0).values, maps.mean(0)])
        spatial = torch.sigmoid(block.bn(block.conv(summary[None])))[0, 0]
        torch.testing.assert_close(attended.channel[image], channel)
        torch.testing.assert_close(attended.spatial[image, 0], spatial)
        torch.testing.assert_close(attended.maps[image], maps * spatial)
    torch.testing.assert_close(block(x), attended.maps)


def test_warp_gradient():
    theta = torch.tensor([[[0.7, 0.1, 0.05], [-0.2, 0.8, 0.1]]], dtype=torch.float64)
    x = torch.rand(1, 2, 4, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        affine_warp, (x.requires_grad_(), theta.requires_grad_())
    )


BACKBONES = {
    "vgg16": lambda: VGG16(width=4),
    "resnet18": lambda: ResNet((2, 2, 2, 2), width=4),
    "resnet34": lambda: ResNet((3, 4, 6, 3), width=4),
}
BLOCKS = {
    "cbam": CBAM,
    "masking": lambda channels: MaskingBlock(channels, depth=1),
}


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_fits_every_backbone(backbone, block):
    """After each stage; the shape stays, the block matters and learns."""
    torch.manual_seed(0)
    trunk = BACKBONES[backbone]()
    blocks = torch.nn.ModuleList(map(BLOCKS[block], trunk.stage_channels))
    x = torch.rand(2, 3, 64, 64)
    plain, refined = trunk.maps(x), trunk.maps(x, blocks)
    assert refined.shape == plain.shape
    assert not torch.allclose(refined, plain)
    refined.square().sum().backward()
    for one in blocks:
        assert any(p.grad is not None and p.grad.any() for p in one.parameters())


@pytest.mark.parametrize(
    ("device", "precision", "expected"),
    [
        ("cuda", "float32", torch.contiguous_format),
        ("cuda", "fp16", torch.channels_last),
        ("cpu", "float32", torch.channels_last),
        ("cpu", "bf16", torch.channels_last),
    ],
)
def test_channels_last_where_it_is_faster(device, precision, expected):
    assert memory_format(torch.device(device), precision) == expected


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


def test_bfloat16_keeps_the_digits_of_weights():
    attention = RegionAttention(4)
    regions = random_regions(2, 6, 4).float()
    with torch.autocast("cpu", torch.bfloat16):
        weights = attention.weights(regions)
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights, attention.weights(regions), atol=5e-3, rtol=0)
