"""Spatial transformer: a network that chooses where to look.

M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu, "Spatial Transformer
Networks", NIPS 2015, arXiv:1506.02025; equation (1), bilinear sampling of
equation (5).  Deep-Emotion builds on it; here also as a block for any maps.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def affine_warp(x: Tensor, theta: Tensor, *, align_corners: bool = True) -> Tensor:
    """Sample maps on the grid of affine transforms.

    Args:
        x: ``[B, C, H, W]``.
        theta: ``[B, 2, 3]``, from output to input positions, both in -1..1.
        align_corners: whether -1 and 1 are the centres of the outer pixels,
            as torch had it before version 1.3, or their outer edges.

    Returns:
        ``[B, C, H, W]``, zero where the grid leaves ``x``.
    """
    grid = F.affine_grid(theta, list(x.shape), align_corners=align_corners)
    return F.grid_sample(x, grid, align_corners=align_corners)


def start_at_identity(last: nn.Linear) -> None:
    """Make a layer of six outputs return the identity transform."""
    nn.init.zeros_(last.weight)
    with torch.no_grad():
        last.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))


class SpatialTransformer(nn.Module):
    """Warps maps by a transform that it regresses from them.

    It keeps the shape of its input and starts as the identity.

    Args:
        channels: of the maps.
        hidden: channels of the localisation network.
    """

    def __init__(self, channels: int, hidden: int = 10):
        super().__init__()
        self.localisation = nn.Sequential(
            nn.Conv2d(channels, hidden, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.AdaptiveMaxPool2d(3),  # any size of maps will do
            nn.Flatten(),
            nn.Linear(9 * hidden, 32),
            nn.ReLU(inplace=True),
            nn.Linear(32, 6),
        )
        start_at_identity(self.localisation[-1])

    def theta(self, x: Tensor) -> Tensor:
        """``[B, 2, 3]``, the transform for each of ``[B, C, H, W]``."""
        return self.localisation(x).view(-1, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Warped maps, of the shape of ``x``."""
        return affine_warp(x, self.theta(x))
