"""MA-Net against the counts, paths and patches of the papers."""

import pytest
import torch

from fer_lib.models.diversified_manet import (
    AttentionBlock,
    DiversifiedMANet,
    MultiScaleBlock,
    quadrants,
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


def test_a_patch_sees_its_quadrant_only():
    """Gradients of a patch's maps, to every position of the trunk's."""
    network = small().eval()
    for i in range(4):
        trunk = torch.rand(1, TRUNK, 8, 8, requires_grad=True)
        network.patch_maps(trunk)[i].square().sum().backward()
        for j, part in enumerate(quadrants(trunk.grad)):
            seen = part.abs().sum((0, 1)) > 0
            assert seen.all() if i == j else not seen.any()


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
