"""The part ensemble's operation counts, and where the paper's differ."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.part_network import SubNetwork
from ferbook.ledger.arithmetic.flops import (
    convolution_flops,
    dense_flops,
    paper_flops,
    pooling_flops,
)


def on_meta(network, **options):
    with torch.device("meta"):
        return network(num_classes=8, **options).eval()


@pytest.mark.equation("part_ensemble", 7)
def test_convolution_counts_every_product_and_sum():
    """A loop over outputs, on a map that is padded to keep its size."""
    inputs, kernel, outputs, width, height = 2, 3, 4, 5, 6
    operations = 0
    for _ in range(outputs * width * height):
        for _ in range(inputs * kernel * kernel):
            operations += 2  # one multiplication, one addition
    assert convolution_flops(inputs, kernel, outputs, width, height) == operations


@pytest.mark.equation("part_ensemble", 8)
def test_dense_counts_every_product_and_sum():
    assert dense_flops(3, 4) == sum(2 for _ in range(4) for _ in range(3))
    assert dense_flops(128, 8) == 2_048


@pytest.mark.equation("part_ensemble", 9)
def test_pooling_counts_every_window():
    windows = len(range(0, 10, 2)) * len(range(0, 8, 2)) * 3
    assert pooling_flops(10, 8, 2, 3) == windows
    assert pooling_flops(5, 5, 2, 1) == 6.25  # the formula does not round


def test_sub_network_by_hand():
    """Section IV-E; millions of each convolution as the formula gives them."""
    layers = [
        (3, 16, 160), (16, 16, 160), (16, 32, 80), (32, 32, 80),
        (32, 64, 40), (64, 64, 40), (64, 128, 20), (128, 128, 20),
    ]  # fmt: skip
    by_hand = [convolution_flops(i, 3, o, side, side) for i, o, side in layers]
    millions = [round(v / 1e6, 1) for v in by_hand]
    assert millions == [22.1, 118.0, 59.0, 118.0, 59.0, 118.0, 59.0, 118.0]
    counted = paper_flops(on_meta(SubNetwork), 160)
    assert counted.convolution == sum(by_hand) == 670_924_800
    assert counted.pooling == 192_000
    assert counted.dense == 2 * (128 * 128 + 128 * 128 + 128 * 8) == 67_584


def test_printed_operations_contradict_the_formulas():
    """0.555 and 2.775 GFLOPs are printed, and a share of 99.98 %."""
    one = paper_flops(on_meta(SubNetwork), 160)
    five = paper_flops(on_meta(PartEnsemble), 160)
    assert round(one.total / 1e9, 3) == 0.671
    assert round(five.total / 1e9, 3) == 3.356
    assert five.total == 5 * one.total
    assert round(0.555e9 / one.total - 1, 2) == -0.17
    assert round(100 * one.convolution / one.total, 2) == 99.96
    assert pytest.approx(2.775) == 5 * 0.555


@pytest.mark.parametrize("options", PartEnsemble.PRESETS.values())
def test_agrees_with_torch(options):
    """torch counts convolutions and matrix products, and no pooling."""
    network = on_meta(PartEnsemble, **options)
    size = network.input.size
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, size, size, device="meta"))
    counted = paper_flops(network, size)
    assert counted.convolution + counted.dense == counter.get_total_flops()


def test_groups_and_the_network_itself():
    """A group sees its own channels; the network stays as it was."""
    network = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, groups=3)).train()
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, 4, 4))
    assert paper_flops(network, 4).convolution == counter.get_total_flops()
    assert network.training and network[0].weight.device.type == "cpu"
    assert not network[0]._forward_hooks
