"""Models, losses, crops and evidence of the FER reproducibility book."""

__version__ = "0.1.0"
