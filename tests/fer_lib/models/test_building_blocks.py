"""Attention blocks after every stage of every backbone."""

import pytest
import torch
import torch.nn.functional as F

from fer_lib.crops import crop_boxes, crop_regions
from fer_lib.models.cbam import CBAM
from fer_lib.models.cost import count_parameters
from fer_lib.models.deep_emotion import affine_warp
from fer_lib.models.network import memory_format
from fer_lib.models.region_attention import RegionAttention
from fer_lib.models.residual_masking import MaskingBlock
from fer_lib.models.resnet import ResNet
from fer_lib.models.vgg import VGG16


@pytest.mark.parametrize(
    ("channels", "count"), [(64, 680), (128, 2_284), (256, 8_564), (512, 33_412)]
)
def test_cbam_counts(channels, count):
    assert count_parameters(CBAM(channels)) == count


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


def test_cbam_of_few_channels():
    assert CBAM(4)(torch.rand(2, 4, 3, 3)).shape == (2, 4, 3, 3)


def test_warp_shrinks_to_the_centre():
    """Half the window: output corners are where the input's quarters are."""
    x = torch.arange(25.0).view(1, 1, 5, 5)
    theta = torch.tensor([[[0.5, 0, 0], [0, 0.5, 0]]])
    warped = affine_warp(x, theta)
    assert warped[0, 0, 0, 0] == x[0, 0, 1, 1]
    assert warped[0, 0, 4, 4] == x[0, 0, 3, 3]
    assert warped[0, 0, 2, 2] == x[0, 0, 2, 2]


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


@pytest.mark.parametrize("backbone", BACKBONES)
def test_region_attention_on_every_backbone(backbone):
    """Six regions of two faces through one trunk, then one feature a face."""
    torch.manual_seed(0)
    trunk = BACKBONES[backbone]()
    regions = crop_regions(torch.rand(2, 3, 64, 64), crop_boxes(5, 64), 64)
    features = trunk.maps(regions.flatten(0, 1)).mean((2, 3)).unflatten(0, (2, 6))
    shared, weights = RegionAttention(features.shape[-1])(features)
    assert shared.shape == (2, features.shape[-1]) and weights.shape == (2, 6)
    assert (weights > 0).all() and (weights < 1).all()


@pytest.mark.parametrize(
    ("capability", "precision", "expected"),
    [
        ((7, 5), "float32", torch.contiguous_format),
        ((7, 5), "fp16", torch.channels_last),
        ((8, 0), "float32", torch.channels_last),
    ],
)
def test_channels_last_where_tensor_cores_take_it(
    monkeypatch, capability, precision, expected
):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert memory_format(torch.device("cuda"), precision) == expected
    assert memory_format(torch.device("cpu"), precision) == torch.channels_last
