"""Widgets of the pages: small explorers that need no kernel."""

from fer_lib.book.widgets.base import Widget
from fer_lib.book.widgets.crops import crop_explorer
from fer_lib.book.widgets.diversity import diversity_explorer
from fer_lib.book.widgets.losses import collaborative_explorer, region_loss_explorer
from fer_lib.book.widgets.masking import masking_explorer
from fer_lib.book.widgets.occlusion import occlusion_explorer
from fer_lib.book.widgets.sweeps import sweep_explorer

__all__ = [
    "Widget",
    "collaborative_explorer",
    "crop_explorer",
    "diversity_explorer",
    "masking_explorer",
    "occlusion_explorer",
    "region_loss_explorer",
    "sweep_explorer",
]
