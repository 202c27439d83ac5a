"""CBAM: attention over channels, then over positions.

S. Woo, J. Park, J.-Y. Lee, I. S. Kweon, "CBAM: Convolutional Block Attention
Module", ECCV 2018, arXiv:1807.06521; equations (1) to (3).  As the networks
here use it: a shared perceptron with biases, and a 7 x 7 convolution without
bias followed by a batch normalisation with momentum 0.01.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Attended(NamedTuple):
    """What :meth:`CBAM.attend` returns.

    Attributes:
        maps: refined maps ``[B, C, H, W]``.
        channel: attention over channels, ``[B, C]``, 0 to 1.
        spatial: attention over positions, ``[B, 1, H, W]``, 0 to 1.
    """

    maps: Tensor
    channel: Tensor
    spatial: Tensor


class CBAM(nn.Module):
    """Attention block that keeps the shape of its input.

    Args:
        channels: of the maps.
        reduction: the perceptron's hidden layer has channels / reduction
            neurons, at least one (paper: 16).
    """

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(
            nn.Linear(channels, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, channels),
        )
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.bn = nn.BatchNorm2d(1, momentum=0.01)

    def attend(self, x: Tensor) -> Attended:
        """Refined maps of ``[B, C, H, W]``, and both attentions."""
        pooled = self.mlp(x.mean((2, 3))) + self.mlp(x.amax((2, 3)))
        channel = pooled.sigmoid()  # [B, C]
        x = x * channel[:, :, None, None]
        summary = torch.stack([x.amax(1), x.mean(1)], 1)  # [B, 2, H, W]
        spatial = self.bn(self.conv(summary)).sigmoid()
        return Attended(x * spatial, channel, spatial)

    def forward(self, x: Tensor) -> Tensor:
        """Refined maps, of the shape of ``x``."""
        return self.attend(x).maps
