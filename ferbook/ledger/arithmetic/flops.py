"""Floating-point operations as the paper of the part ensemble counts them.

R. Wadhawan, T. K. Gandhi, "Landmark-Aware and Part-based Ensemble Transfer
Learning Network for Facial Expression Recognition from Static images", IEEE
Transactions on Artificial Intelligence, 2022, doi:10.1109/TAI.2022.3172272;
Section IV-E, equations (7), (8) and (9).  A multiplication and an addition
are two; biases, activations, batch normalisation and mean pooling are none.

The paper prints 0.555 GFLOPs for a sub-network, 2.775 for five and a share of
99.98 % for convolutions.  Its formulas give 0.671, 3.356 and 99.96 % for the
layers of the authors' notebook.
"""

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Flops(NamedTuple):
    """Operations by kind of layer.

    Attributes:
        convolution: sum of equation (7).
        dense: sum of equation (8).
        pooling: sum of equation (9).
    """

    convolution: float
    dense: float
    pooling: float

    @property
    def total(self) -> float:
        """Of all layers."""
        return sum(self)


def convolution_flops(
    inputs: int, kernel: int, outputs: int, width: int, height: int
) -> int:
    """Equation (7) of the paper: a convolution that keeps the size.

    Args:
        inputs: channels that come in.
        kernel: side of the kernel.
        outputs: channels that go out.
        width: of the map that comes in, in pixels.
        height: likewise.
    """
    return 2 * inputs * kernel**2 * outputs * width * height


def dense_flops(inputs: int, outputs: int) -> int:
    """Equation (8) of the paper: a fully connected layer."""
    return 2 * inputs * outputs


def pooling_flops(width: int, height: int, stride: int, outputs: int) -> float:
    """Equation (9) of the paper: one operation for each maximum.

    Args:
        width: of the map that comes in, in pixels.
        height: likewise.
        stride: in pixels; where it does not divide the sides, the formula's
            fractions stand for the rounded output size.
        outputs: channels.
    """
    return (width / stride) * (height / stride) * outputs


def paper_flops(network: nn.Module, size: int) -> Flops:
    """Operations for one face, by equations (7) to (9).

    They are written for this paper's layers: square kernels, sizes kept by
    convolutions.  A stride in a convolution would be counted as if it were
    one; for other networks use torch's own counter.

    Args:
        network: takes ``[1, 3, size, size]``; it is left as it is.
        size: side of the face in pixels.
    """
    counts = {nn.Conv2d: 0.0, nn.Linear: 0.0, nn.MaxPool2d: 0.0}

    def count(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        for kind in counts:
            if isinstance(module, kind):
                counts[kind] += _layer_flops(module, inputs[0])

    network = copy.deepcopy(network).to("meta").eval()
    for module in network.modules():
        module.register_forward_hook(count)
    network(torch.empty(1, 3, size, size, device="meta"))
    return Flops(*counts.values())


def _layer_flops(layer: nn.Module, x: Tensor) -> float:
    """Of one layer that is given ``x``."""
    if isinstance(layer, nn.Linear):
        return dense_flops(layer.in_features, layer.out_features)
    channels, height, width = x.shape[1:]
    if isinstance(layer, nn.MaxPool2d):
        return pooling_flops(width, height, layer.stride, channels)
    inputs, kernel = channels // layer.groups, layer.kernel_size[0]
    return convolution_flops(inputs, kernel, layer.out_channels, width, height)
