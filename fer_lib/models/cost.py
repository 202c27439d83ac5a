"""Parameters and floating-point operations of a network, counted."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from fer_lib.models.network import Network

# Forward passes that a training step is worth: one, and as much for the gradients
# of the maps and of the weights each.
TRAINING = 3


@dataclass(frozen=True)
class Cost:
    """What a network takes.

    Operations are those of convolutions and matrix products; normalisations,
    activations and poolings are not counted, as usual.
    """

    parameters: int  #: trainable numbers, shared ones once
    gflops: float  #: 2 x multiply-accumulates for one face, in 1e9


def count_parameters(network: nn.Module) -> int:
    """Trainable numbers of a network, shared ones counted once."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def counted(make: Callable[[], Network]) -> Cost:
    """What a network takes that ``make`` builds; nothing is computed."""
    with torch.device("meta"):
        return cost(make())


def cost(network: Network) -> Cost:
    """Count a network on its own input; one that is not there yet: :func:`counted`."""
    size, channels = network.input.size, network.input.channels
    device = next(network.parameters()).device
    face = torch.zeros(1, channels, size, size, device=device)
    modes = {module: module.training for module in network.modules()}
    network.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(face)
    for module, training in modes.items():
        module.training = training
    return Cost(count_parameters(network), counter.get_total_flops() / 1e9)
