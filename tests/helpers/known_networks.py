"""Networks whose explanations are known, and a check that they are left alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from fer_lib.models import build
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing


def some_faces(count=3, size=48, channels=1, seed=0):
    """Noise ``uint8 [count, channels, size, size]``."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, channels, size, size), dtype=np.uint8)


def smoke(name, variant="default", **options):
    """An untrained small network whose statistics have seen faces."""
    torch.manual_seed(0)
    network = build(name, preset="smoke", variant=variant, **options)
    x = torch.rand(8, network.input.channels, network.input.size, network.input.size)
    with torch.no_grad():
        for _ in range(3):
            network(x)
    return network


class OnePixel(Network):
    """Class 1 by how bright one pixel is; class 0 by 0.5."""

    NAME = "one pixel"

    def __init__(self, row=6, column=2, size=9):
        super().__init__()
        self.input = Preprocessing(size=size, channels=1, mean=0.0, std=1.0)
        self.row, self.column, self.calls = row, column, 0
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        self.calls += 1
        light = self.scale * x[:, 0, self.row, self.column]
        return torch.stack([0.5 + 0 * light, light], 1)


class Linear(Network):
    """Channels that are multiples of the picture, their mean, a linear layer."""

    NAME = "linear"

    def __init__(self, weights, size=6):
        super().__init__()
        self.input = Preprocessing(size=size, channels=1, mean=0.0, std=1.0)
        weights = torch.tensor(weights)  # [classes, channels]
        self.conv = nn.Conv2d(1, weights.shape[1], 1, bias=False)
        self.fc = nn.Linear(weights.shape[1], len(weights), bias=False)
        with torch.no_grad():
            self.conv.weight[:, 0, 0, 0] = torch.arange(1.0, 1 + weights.shape[1])
            self.fc.weight.copy_(weights)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))

    def cam_layers(self):
        return {"conv": self.conv}


def _state(network):
    return {
        "tensors": {k: v.clone() for k, v in network.state_dict().items()},
        "modes": [m.training for m in network.modules()],
        "wanted": [p.requires_grad for p in network.parameters()],
        "gradients": [p.grad for p in network.parameters()],
        "hooks": [
            (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks))
            for m in network.modules()
        ],
        "names": [sorted(vars(m)) for m in network.modules()],
    }


@contextmanager
def left_as_found(network: nn.Module) -> Iterator[None]:
    """Fails when anything about the network has changed in between.

    It starts in a mixture of modes, with some weights frozen.
    """
    network.train()
    for i, module in enumerate(network.modules()):
        module.training = i % 3 != 1
    for i, weights in enumerate(network.parameters()):
        weights.requires_grad_(i % 2 == 0)
    before = _state(network)
    yield
    after = _state(network)
    tensors = (before.pop("tensors"), after.pop("tensors"))
    assert all(torch.equal(tensors[1][k], v) for k, v in tensors[0].items())
    assert before == after
    assert all(gradient is None for gradient in after["gradients"])
