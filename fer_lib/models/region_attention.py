"""Region attention: how much each part of a face counts.

L. Cui, Y. Tian, "Facial Expression Recognition by Regional Attention and
Multi-task Learning", Engineering Letters 29(3), 2021: equation (1).  It takes
feature vectors, so any backbone will do.  It comes from K. Wang, X. Peng,
J. Yang, D. Meng, Y. Qiao, "Region Attention Networks for Pose and Occlusion
Robust Facial Expression Recognition", IEEE TIP 29, 2020, arXiv:1905.04075,
whose released code (github.com/kaiwang960112/Challenge-condition-FER-dataset)
takes a softmax over the regions after the sigmoid: ``activation="softmax"``.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from fer_lib.models.network import check_choice

ACTIVATIONS = ("sigmoid", "softmax")


class SharedFeature(NamedTuple):
    """What :class:`RegionAttention` returns.

    Attributes:
        feature: ``[B, D]``, the F_G of equation (1).
        weights: ``[B, R]``, the theta_k, 0 to 1.
    """

    feature: Tensor
    weights: Tensor


def weighted_mean(regions: Tensor, weights: Tensor) -> Tensor:
    """Equation (1) of RAMN: mean of the regions' features by weight.

    Args:
        regions: features F_k, ``[B, R, D]``.
        weights: theta_k, ``[B, R]``, positive; only their ratios matter.

    Returns:
        F_G, ``[B, D]``.
    """
    return (weights[..., None] * regions).sum(1) / weights.sum(1, keepdim=True)


class RegionAttention(nn.Module):
    """One number a region from its features, and the mean that it weighs.

    All regions share the layer, so their order and number are free.

    Args:
        features: length D of a region's feature vector.
        activation: ``"sigmoid"`` as in RAMN's text, each region by itself;
            ``"softmax"`` of the sigmoids as in RAN's code, which sum to 1
            and stay close: for R regions between 1 / (1 + (R - 1) e) and
            e / (e + R - 1), so a margin on them means something else.

    Raises:
        FerError: for an unknown activation.
    """

    def __init__(self, features: int, *, activation: str = "sigmoid"):
        super().__init__()
        check_choice("RegionAttention", "activation", activation, ACTIVATIONS)
        self.activation = activation
        self.fc = nn.Linear(features, 1)

    def weights(self, regions: Tensor) -> Tensor:
        """theta_k ``[B, R]`` of features ``[B, R, D]``."""
        scores = self.fc(regions).squeeze(-1)
        # Margins of 0.02 between weights need more digits than bfloat16 has.
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        weights = scores.sigmoid()
        return weights.softmax(1) if self.activation == "softmax" else weights

    def forward(self, regions: Tensor) -> SharedFeature:
        """Shared feature and weights of features ``[B, R, D]``."""
        weights = self.weights(regions)
        return SharedFeature(weighted_mean(regions, weights), weights)
