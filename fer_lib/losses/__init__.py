"""Losses of the papers: functions of tensors, and one that learns centres."""

from fer_lib.losses.collaborative import (
    CollaborativeLoss,
    centre_distances,
    collaborative_loss,
    inter_class_loss,
)
from fer_lib.losses.diversified import diversified_loss, esr_loss, manet_loss
from fer_lib.losses.diversity import diversity, similarity, zero_diagonal_diversity
from fer_lib.losses.landmarks import landmark_l1
from fer_lib.losses.penalty import penalised_cross_entropy
from fer_lib.losses.region import region_loss

__all__ = [
    "CollaborativeLoss",
    "centre_distances",
    "collaborative_loss",
    "diversified_loss",
    "diversity",
    "esr_loss",
    "inter_class_loss",
    "landmark_l1",
    "manet_loss",
    "penalised_cross_entropy",
    "region_loss",
    "similarity",
    "zero_diagonal_diversity",
]
