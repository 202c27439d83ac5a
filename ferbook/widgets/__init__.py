"""Widgets of the pages: small explorers that need no kernel."""

from ferbook.widgets.base import Widget
from ferbook.widgets.claims import claims_explorer
from ferbook.widgets.crops import crop_explorer
from ferbook.widgets.folds import folds_explorer
from ferbook.widgets.losses import (
    collaborative_explorer,
    diversity_explorer,
    region_loss_explorer,
)
from ferbook.widgets.masking import masking_explorer
from ferbook.widgets.networks import networks_on_page
from ferbook.widgets.occlusion import occlusion_explorer

__all__ = [
    "Widget",
    "claims_explorer",
    "collaborative_explorer",
    "crop_explorer",
    "diversity_explorer",
    "folds_explorer",
    "masking_explorer",
    "networks_on_page",
    "occlusion_explorer",
    "region_loss_explorer",
]
