"""The Residual Masking Network against its paper, table by table."""

import pytest
import torch
import torch.nn.functional as F

from fer_lib.errors import FerError
from fer_lib.models.cost import count_parameters
from fer_lib.models.residual_masking import (
    MASKS,
    MaskingBlock,
    ResidualMaskingNetwork,
    parameters_as_registered,
    refine,
)
from fer_lib.models.resnet import ResNet


def small(**options):
    torch.manual_seed(0)
    return ResidualMaskingNetwork(**{"input_size": 64, "width": 4, **options})


@pytest.fixture(scope="module")
def paper():
    """At the paper's size, on a device that computes nothing."""
    with torch.device("meta"):
        return ResidualMaskingNetwork()


def awake(network):
    """Masks away from their start, where their blocks are mere shortcuts."""
    for name, parameter in network.named_parameters():
        if name.startswith("masking") and name.endswith("bn2.weight"):
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return network


def test_the_printed_142_9_million_count_shortcuts_twice(paper):
    assert [parameters_as_registered(mask) for mask in paper.masking] == [
        33_764_480,
        33_266_944,
        31_280_640,
        23_343_104,
    ]
    found = parameters_as_registered(paper)
    assert found == 142_943_431
    assert found // 100_000 == 1_429  # the table cuts after the first decimal
    assert count_parameters(paper) // 100_000 != 1_429
    assert paper.STATED["default"].parameters == 142.9e6


def test_table_1_shapes(paper):
    """Layers 56 to 7, and every mask goes down to 7 x 7 and back."""
    bottoms = []
    for masking in paper.masking:
        masking.down[-1].register_forward_hook(lambda m, i, o: bottoms.append(o.shape))
    stages = paper.eval().stages(torch.empty(2, 3, 224, 224, device="meta"))
    for i, stage in enumerate(stages):
        shape = (2, 64 * 2**i, 56 // 2**i, 56 // 2**i)
        assert stage.before.shape == stage.mask.shape == stage.after.shape == shape
    assert [tuple(b) for b in bottoms] == [(2, 1024, 7, 7)] * 4


@pytest.mark.equation("residual_masking", 1)
def test_equation_1_by_hand():
    maps, mask = torch.randn(2, 3, 4, 5), torch.rand(2, 3, 4, 5)
    found = refine(maps, mask)
    for place in torch.cartesian_prod(*map(torch.arange, maps.shape)).tolist():
        value, score = maps[*place].item(), mask[*place].item()
        assert found[*place].item() == pytest.approx(value + value * score, abs=1e-6)


def test_masking_block_written_out():
    """Depth 3 step by step: down 8 and 16 and 32 channels, and back."""
    torch.manual_seed(0)
    block = awake(MaskingBlock(4, 3)).eval()
    x = torch.randn(2, 4, 8, 12)
    one, two, three = block.down
    e1 = one(x)
    e2 = two(F.max_pool2d(e1, 2))
    e3 = three(F.max_pool2d(e2, 2))
    assert e1.shape[1:] == (8, 8, 12)
    assert e2.shape[1:] == (16, 4, 6)
    assert e3.shape[1:] == (32, 2, 3)

    def enlarge(step, maps):
        convolution, norm, _ = block.up[step]
        turned = F.conv_transpose2d(maps, convolution.weight, convolution.bias, 2)
        return norm(turned).clamp(min=0)

    d2 = block.join[0](torch.cat([enlarge(0, e3), e2], 1))
    d1 = block.join[1](torch.cat([enlarge(1, d2), e1], 1))
    expected = block.join[2](d1).softmax(1)
    torch.testing.assert_close(block.mask(x), expected)
    torch.testing.assert_close(block(x), x * (1 + expected))


@pytest.mark.parametrize("training", [True, False])
def test_channel_softmax_has_mean_one_over_channels(training):
    network = awake(small()).train(training)
    for i, mask in enumerate(network.masks(torch.rand(3, 3, 64, 64))):
        channels = 4 * 2**i
        assert mask.shape[1] == channels and mask.min() >= 0
        torch.testing.assert_close(mask.sum(1), torch.ones_like(mask[:, 0]))
        assert mask.double().mean().item() == pytest.approx(1 / channels, rel=1e-6)
        assert mask.std() > 1e-4  # not the constant control


def test_sigmoid_masks_never_fall_below_one_half():
    """They follow a ReLU, in the authors' code as here."""
    network = awake(small(mask="sigmoid")).train()
    for mask in network.masks(torch.rand(3, 3, 64, 64)):
        assert mask.min() == 0.5 and mask.max() <= 1 and mask.std() > 0.01


def test_no_mask_is_resnet_34():
    network = small(mask="none").eval()
    plain = ResNet((3, 4, 6, 3), width=4, num_classes=7).eval()
    plain.load_state_dict(network.backbone.state_dict(), strict=False)
    plain.fc.load_state_dict(network.fc.state_dict())
    x = torch.rand(2, 3, 64, 64)
    assert torch.equal(network(x), plain(x))
    assert not any(mask.any() for mask in network.masks(x))


def test_constant_mask_is_one_over_channels():
    network = small(mask="constant").eval()
    assert count_parameters(network) == count_parameters(small(mask="none"))
    for stage in network.stages(torch.rand(2, 3, 64, 64)):
        value = 1 / stage.before.shape[1]
        assert torch.equal(stage.mask, torch.full_like(stage.before, value))
        torch.testing.assert_close(stage.after, stage.before * (1 + value))


@pytest.mark.parametrize("mask", MASKS)
def test_stages_are_what_the_network_computes(mask):
    network = awake(small(mask=mask)).eval()
    x = torch.rand(2, 3, 64, 64)
    seen = {}
    cam = network.cam_layers()["mask4"]
    cam.register_forward_hook(lambda m, i, out: seen.update(maps=out))
    features, stages = network.features(x), network.stages(x)
    torch.testing.assert_close(stages[-1].after, seen["maps"])
    torch.testing.assert_close(stages[-1].after.mean((2, 3)), features)
    torch.testing.assert_close(network.fc(features), network(x))
    turned = network.masks(x.flip(0))
    for stage, other in zip(stages, turned, strict=True):
        torch.testing.assert_close(other.flip(0), stage.mask)


def test_impossible_blocks():
    with pytest.raises(FerError, match="depth is 0"):
        MaskingBlock(4, 0)
    with pytest.raises(FerError, match="activation is 'constant'"):
        MaskingBlock(4, 1, activation="constant")
    with pytest.raises(FerError, match="maps are 6 x 8, expected multiples of 4"):
        MaskingBlock(4, 3)(torch.rand(1, 4, 6, 8))
