"""An untrained Residual Masking Network, and noise for it to read."""

from types import SimpleNamespace

import numpy as np
import torch

from fer_lib.data.faceset import FaceSet
from fer_lib.models import build


def a_run(variant="default"):
    """An untrained narrow network, as a chapter has it."""
    torch.manual_seed(0)
    network = build("residual_masking", preset="smoke", variant=variant).eval()
    return SimpleNamespace(network=network)


def faces(n, images=None):
    """Noise, or given images, with landmarks on a circle."""
    noise = np.random.default_rng(0).integers(0, 256, (n, 1, 48, 48), np.uint8)
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    circle = 24 + 18 * np.stack([np.cos(angle), np.sin(angle)], 1)
    return FaceSet(
        name="noise",
        images=noise if images is None else images,
        labels=np.arange(n) % 7,
        splits=np.full(n, "PrivateTest"),
        provenance="Noise.",
        landmarks=np.repeat(circle[None], n, 0).astype(np.float32),
    )
