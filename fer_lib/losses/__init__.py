"""Losses of the papers: functions of tensors, and thin modules of them."""

from fer_lib.losses.collaborative import (
    CollaborativeLoss,
    centre_distances,
    collaborative_loss,
    inter_class_loss,
    updated_centres,
)
from fer_lib.losses.diversified import (
    DiversifiedLoss,
    ESRLoss,
    MANetLoss,
    diversified_loss,
    esr_loss,
    manet_loss,
)
from fer_lib.losses.diversity import (
    Diversity,
    diversity,
    similarity,
    zero_diagonal_diversity,
)
from fer_lib.losses.landmarks import LandmarkL1, landmark_l1
from fer_lib.losses.penalty import weight_penalty
from fer_lib.losses.region import RegionLoss, region_loss

__all__ = [
    "CollaborativeLoss",
    "DiversifiedLoss",
    "Diversity",
    "ESRLoss",
    "LandmarkL1",
    "MANetLoss",
    "RegionLoss",
    "centre_distances",
    "collaborative_loss",
    "diversified_loss",
    "diversity",
    "esr_loss",
    "inter_class_loss",
    "landmark_l1",
    "manet_loss",
    "region_loss",
    "similarity",
    "updated_centres",
    "weight_penalty",
    "zero_diagonal_diversity",
]
