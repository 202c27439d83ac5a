"""An untrained Residual Masking Network with masks that vary, by each activation."""

from types import SimpleNamespace

import numpy as np
import torch

from fer_lib.expressions import EXPRESSIONS
from fer_lib.models import build
from ferbook.runs.run import Run
from ferbook.widgets.masking import KINDS

SIDES, CHANNELS = (16, 8, 4, 2), (2, 4, 8, 16)
FACES = np.random.default_rng(0).integers(0, 256, (4, 1, 48, 48), np.uint8)
TITLES = ("one", "two\nread as sad", "three", "four")


def a_run(variant="default"):
    """A narrow network whose masks differ from place to place, and its answers."""
    torch.manual_seed(0)
    network = build("residual_masking", preset="smoke", variant=variant).eval()
    splits = SimpleNamespace(classes=EXPRESSIONS[:7])
    run = Run(network, None, splits, None)
    with torch.no_grad():
        for weights in network.masking.parameters():
            weights.copy_(0.3 * torch.randn_like(weights))
        network.fc.weight.mul_(40)
        network.fc.bias -= network(run.network.input(FACES)).mean(0)
    return run


def by_kind(run):
    """Stages and probabilities of networks that are built with each activation."""
    found = {}
    for kind in KINDS:
        variant = "default" if kind == "softmax" else kind
        network = build("residual_masking", preset="smoke", variant=variant).eval()
        network.load_state_dict(run.network.state_dict(), strict=False)
        with torch.inference_mode():
            x = run.network.input(FACES)
            found[kind] = network.stages(x), network(x).softmax(1).numpy()
    return found


def maps_of(direct, kind, block, face, channel):
    """Maps before, mask, after ``[h, w]``, channel 0 for their mean."""
    stage = [maps[face].numpy() for maps in direct[kind][0][block]]
    return [maps[channel - 1] if channel else maps.mean(0) for maps in stage]
