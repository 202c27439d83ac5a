"""MA-Net against the counts, paths and patches of the papers."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fer_lib.errors import FerError
from fer_lib.models.cbam import CBAM
from fer_lib.models.cost import cost, count_parameters
from fer_lib.models.diversified_manet import (
    AttentionBlock,
    DiversifiedMANet,
    MultiScaleBlock,
    quadrants,
    tile,
)

TRUNK = 2 * DiversifiedMANet.PRESETS["smoke"]["width"]  # channels


def small(**options):
    torch.manual_seed(0)
    return DiversifiedMANet(**DiversifiedMANet.PRESETS["smoke"] | options)


def faces(count=4):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 64, 64, generator=generator)


def on_meta(**options):
    with torch.device("meta"):
        return DiversifiedMANet(**options)


@pytest.mark.parametrize("path_b", ["original", "fork"])
@pytest.mark.parametrize(
    ("num_classes", "count"), [(7, 50_547_214), (8, 50_548_240), (12_666, 63_535_348)]
)
def test_parameter_counts(num_classes, count, path_b):
    network = on_meta(num_classes=num_classes, path_b=path_b)
    assert count_parameters(network) == count


def test_stated_parameters():
    """50.54 M, cut off after two decimals, for seven and eight classes."""
    stated = DiversifiedMANet.STATED["default"].parameters
    for num_classes in (7, 8):
        count = count_parameters(on_meta(num_classes=num_classes))
        assert count // 10_000 * 10_000 == stated


def test_parameter_counts_of_parts():
    network = on_meta()
    trunk = network.backbone
    assert count_parameters(trunk.conv1) + count_parameters(trunk.bn1) == 9_536
    assert count_parameters(trunk.layer1) == 147_968
    assert count_parameters(trunk.layer2) == 525_568
    for patch in network.patches:
        assert [count_parameters(one) for one in patch] == [2_116_840, 8_460_552]
    assert count_parameters(network.patches) == 42_309_568
    whole = [count_parameters(one) for one in network.whole]
    assert whole == [1_510_912, 6_036_480]
    assert count_parameters(network.fc_local) == 3_591


def test_multiply_accumulates():
    assert round(cost(on_meta()).gflops / 2, 2) == 3.64


def test_shapes_at_224_pixels():
    network = on_meta()
    x = torch.empty(2, 3, 224, 224, device="meta")
    trunk = network.backbone.maps(x)
    assert trunk.shape == (2, 128, 28, 28)
    assert {patch.shape for patch in network.patch_maps(trunk)} == {(2, 512, 7, 7)}
    assert network.whole(trunk).shape == (2, 512, 7, 7)
    output = network(x)
    assert output.logits.shape == output.local.shape == output.global_.shape == (2, 7)
    assert output.spatial.shape == (4, 2, 49)
    assert output.channel.shape == (4, 2, 512)
    assert output.branch.shape == (2, 2, 512)


def test_trunk_has_torchvision_names():
    names = {name.split(".")[0] for name in on_meta().backbone.state_dict()}
    assert names == {"conv1", "bn1", "layer1", "layer2"}
    assert "layer2.0.downsample.1.running_var" in on_meta().backbone.state_dict()


@pytest.mark.parametrize("path_b", ["original", "fork"])
def test_multi_scale_block_step_by_step(path_b):
    """Both paths written out, without loops or orders."""
    torch.manual_seed(0)
    block = MultiScaleBlock(8, 16, 2, path_b=path_b)
    x = torch.randn(3, 8, 6, 6)
    relu = torch.relu
    g0, g1, g2, g3 = relu(block.bn1(block.conv1(x))).split(4, 1)
    a, b = block.path_a.steps, block.path_b.steps
    a0 = a[0](g0)
    a1 = a[1](relu(a0) + g1)
    a2 = a[2](relu(a1) + g2)
    a3 = a[3](relu(a2) + g3)
    if path_b == "original":
        b3 = b[3](g3)
        b2 = b[2](relu(b3) + g2)
        b1 = b[1](relu(b2) + g1)
        b0 = b[0](relu(b1) + g0)
    else:
        b0 = b[0](g0)
        b1 = b[1](relu(b0) + g1)
        b2 = b[2](relu(b1) + g2)
        b3 = b[3](relu(b2) + g3)
    paths = torch.cat([a0 + b0, a1 + b1, a2 + b2, a3 + b3], 1)
    expected = relu(paths + block.downsample(x))
    torch.testing.assert_close(block(x), expected)


def test_attention_block_step_by_step():
    """Attention weighs the residual, not the shortcut."""
    block, x = AttentionBlock(8, 8).eval(), torch.randn(3, 8, 6, 6)
    inner = torch.relu(block.bn1(block.conv1(x)))
    attended = block.cbam(block.bn2(block.conv2(inner)))
    torch.testing.assert_close(block(x), torch.relu(attended + x))


def test_orders_share_weights_but_not_the_function():
    original, fork = small().eval(), small(path_b="fork").eval()
    fork.load_state_dict(original.state_dict())
    x = faces()
    ours, other = original(x), fork(x)
    assert torch.equal(ours.local, other.local)
    assert (ours.global_ - other.global_).abs().max() > 1e-3


def test_tiling_undoes_quadrants():
    x = torch.arange(2 * 3 * 4 * 6.0).view(2, 3, 4, 6)
    parts = quadrants(x)
    assert torch.equal(parts[1], x[..., :2, 3:])
    assert torch.equal(parts[2], x[..., 2:, :3])
    assert torch.equal(tile(parts), x)


def test_a_patch_sees_its_quadrant_only():
    """Gradients of a patch's maps, to every position of the trunk's."""
    network = small().eval()
    for i in range(4):
        trunk = torch.rand(1, TRUNK, 8, 8, requires_grad=True)
        network.patch_maps(trunk)[i].square().sum().backward()
        for j, part in enumerate(quadrants(trunk.grad)):
            seen = part.abs().sum((0, 1)) > 0
            assert seen.all() if i == j else not seen.any()


def test_patches_do_not_share_weights():
    network = small().eval()
    same = torch.rand(1, TRUNK, 4, 4)
    maps = network.patch_maps(tile([same] * 4))
    for first, second in pairwise(maps):
        assert (first - second).abs().max() > 1e-3
    network.patches[1].load_state_dict(network.patches[0].state_dict())
    maps = network.patch_maps(tile([same] * 4))
    assert torch.equal(maps[0], maps[1])


@torch.no_grad()
def test_pooled_fields():
    """What equation (5) compares, from the maps themselves."""
    network = small().eval()
    x = faces()
    output = network(x)
    patches = network.patch_maps(network.backbone.maps(x))
    for i, maps in enumerate(patches):
        rows = [
            [face[:, r, c].mean() for r in range(2) for c in range(2)] for face in maps
        ]
        torch.testing.assert_close(output.spatial[i], torch.tensor(rows))
        torch.testing.assert_close(output.channel[i], maps.flatten(2).mean(2))
    # the mean of the tiled map is the mean of the four patches' means
    torch.testing.assert_close(output.branch[0], output.channel.mean(0))
    torch.testing.assert_close(output.local, network.fc_local(output.branch[0]))
    torch.testing.assert_close(output.global_, network.fc_global(output.branch[1]))
    both = output.branch.transpose(0, 1).flatten(1)
    assert torch.equal(network.features(x), both)


@pytest.mark.parametrize("lambda_", [0.0, 0.6, 1.0])
def test_fusion(lambda_):
    output = small(lambda_=lambda_)(faces())
    expected = lambda_ * output.local + (1 - lambda_) * output.global_
    torch.testing.assert_close(output.logits, expected)
    assert small().lambda_ == 0.6


def test_cam_layers_feed_the_classifiers():
    network = small().eval()
    maps = {}
    for name, layer in network.cam_layers().items():
        layer.register_forward_hook(
            lambda _, __, output, name=name: maps.update({name: output})
        )
    branch = network(faces()).branch
    torch.testing.assert_close(maps["local"].mean((2, 3)), branch[0])
    torch.testing.assert_close(maps["global"].mean((2, 3)), branch[1])


@pytest.mark.parametrize("path_b", ["original", "fork"])
def test_gradients_reach_every_parameter(path_b):
    network = small(path_b=path_b).eval()
    for module in network.modules():
        if isinstance(module, CBAM):  # at width 8 some hidden units are dead
            nn.init.constant_(module.mlp[0].bias, 10)
    F.cross_entropy(network(faces()).logits, torch.arange(4)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_start():
    """He's start by fan-out, normalisations at one."""
    network = small(width=32)
    weight = network.patches[0][1][0].conv1.weight
    assert weight.std().item() == pytest.approx((2 / (256 * 9)) ** 0.5, rel=0.02)
    assert torch.equal(network.backbone.bn1.weight, torch.ones(32))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path_b": "both"}, "path_b is 'both', expected one of original, fork"),
        ({"input_size": 100}, "input_size is 100, expected a multiple of 16"),
        ({"width": 0}, "width is 0"),
        ({"lambda_": 1.5}, "lambda_ is 1.5, expected 0 to 1"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(FerError, match=words):
        DiversifiedMANet(**options)
