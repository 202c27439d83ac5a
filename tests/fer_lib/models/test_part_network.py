"""Windows, start and switches of the part ensemble's networks."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.part_network import Extractor, MaxPool, SubNetwork

SMOKE = PartEnsemble.PRESETS["smoke"]


def keras_same(image, kernel=3, stride=2):
    """Maxima over TensorFlow's windows for padding 'same', in loops."""
    height, width = len(image), len(image[0])

    def starts(side):
        count = -(-side // stride)
        total = max((count - 1) * stride + kernel - side, 0)
        return [i * stride - total // 2 for i in range(count)]

    return [
        [
            max(
                image[y][x]
                for y in range(max(top, 0), min(top + kernel, height))
                for x in range(max(left, 0), min(left + kernel, width))
            )
            for left in starts(width)
        ]
        for top in starts(height)
    ]


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 7), (6, 9), (2, 3), (1, 4)])
def test_pooling_windows_are_those_of_keras(height, width):
    torch.manual_seed(0)
    x = torch.randn(2, 3, height, width) - 5  # a zero outside would win
    found = MaxPool("keras")(x)
    for face in range(2):
        for channel in range(3):
            expected = keras_same(x[face, channel].tolist())
            assert found[face, channel].tolist() == expected


def test_pooling_readings_differ_on_even_sides_alone():
    torch.manual_seed(0)
    for side in range(3, 10):
        x = torch.randn(1, 1, side, side)
        keras, symmetric = MaxPool("keras")(x), MaxPool("symmetric")(x)
        assert torch.equal(keras, symmetric) == (side % 2 == 1)
        assert torch.equal(symmetric, F.max_pool2d(x, 3, 2, 1))


def test_start():
    """He-uniform convolutions, Glorot-uniform dense layers, no biases."""
    torch.manual_seed(0)
    network = SubNetwork()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            bound = math.sqrt(6 / (9 * module.in_channels))
        elif isinstance(module, nn.Linear):
            bound = math.sqrt(6 / (module.in_features + module.out_features))
        else:
            continue
        largest = module.weight.abs().max().item()
        assert 0.97 * bound < largest <= bound * (1 + 1e-6)
        assert not module.bias.any()
    norm = network.extractor.blocks[0][1]
    assert (norm.eps, norm.momentum) == (1e-3, 0.01)


def test_linear_head_is_one_affine_map():
    """As the notebook has it; with ``head_relu`` it is not."""
    torch.manual_seed(0)
    x, y = torch.randn(2, 5, 32, dtype=torch.float64)
    for relu in (False, True):
        head = SubNetwork(**SMOKE, head_relu=relu).double().head
        middle = head((x + y) / 2)
        affine = torch.allclose(middle, (head(x) + head(y)) / 2)
        assert affine is not relu


def statistics(extractor):
    return {k: v.clone() for k, v in extractor.state_dict().items() if "running" in k}


def test_frozen_statistics_hold_in_training_mode():
    torch.manual_seed(0)
    extractor = Extractor(width=4)
    x = torch.randn(4, 3, 32, 32)
    extractor.freeze(weights=False, statistics=True)
    before = statistics(extractor)
    trained = extractor.train()(x)
    assert torch.equal(trained, extractor.eval()(x))  # and no batch statistics
    for name, value in statistics(extractor).items():
        assert torch.equal(value, before[name]), name
    trained.sum().backward()  # scale and shift still learn
    assert extractor.blocks[0][1].weight.grad.abs().sum() > 0

    extractor.train().freeze(weights=False, statistics=False)
    assert not torch.allclose(extractor(x), trained)
    moved = statistics(extractor)
    assert all(not torch.equal(moved[name], before[name]) for name in before)
