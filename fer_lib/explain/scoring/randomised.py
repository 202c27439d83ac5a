"""Networks whose layers were drawn anew, from the last to the first.

Reference:

1. J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim, "Sanity
   Checks for Saliency Maps", NeurIPS 2018, arXiv:1810.03292: cascading
   randomisation.  There layers get the values that training would start
   from; here values of the size that training gave them.
"""

import copy
import re
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import device_of
from fer_lib.models.network import Network

# Members that work beside each other: the same layer of all is one.
_BESIDE = re.compile(r"\b(branches|sub_networks|patches)\.\d+")
Layers = dict[str, list[nn.Module]]


def randomised(
    network: Network,
    seed: int = 0,
    faces: Tensor | None = None,
    *,
    stages: int = 8,
) -> Iterator[tuple[str, Network]]:
    """The network with its last layers drawn anew, then ever more; [1].

    Every weight comes from a normal distribution with the root mean square
    of its own tensor, so that signals keep their size.  Normalisations start
    from scale one and shift zero, and measure their mean and variance again
    on ``faces``, as those of other weights would fit nothing.

    Args:
        network: left as it was.
        seed: of the weights.
        faces: ``[B, C, H, W]`` in 0..1, two or more; 16 of even noise if None.
        stages: how many steps there are at most: the last layer, then the
            others in groups of about as many.

    Yields:
        Name of the layer down to which weights are new, and a copy of the
        network, in evaluation mode.  Layers that take no part in a prediction
        stay as they are.
    """
    if stages < 2:
        raise FerError(f"randomisation: {stages} stages, expected two or more.")
    working = copy.deepcopy(network).eval()
    generator = torch.Generator().manual_seed(seed)
    size, channels = network.input.size, network.input.channels
    if faces is None:
        faces = torch.rand(16, channels, size, size, generator=generator)
    x = network.input.normalise(faces.to(device_of(working)))
    layers = executed_layers(working, x[:2])
    last, *before = list(layers)[::-1]
    groups = np.array_split(before, max(1, min(stages - 1, len(before))))
    drawn: list[nn.Module] = []
    for part in [[last], *(group for group in groups if len(group))]:
        for name in part:
            for module in layers[name]:
                _draw(module, generator)
            drawn += layers[name]
        _measure(working, drawn, x)
        yield str(part[-1]), copy.deepcopy(working)


@torch.no_grad()
def executed_layers(network: nn.Module, x: Tensor) -> Layers:
    """Modules with weights of their own, in the order in which they start.

    A layer of members that work beside each other is one entry, with ``*`` in
    place of their number.
    """
    found: Layers = {}

    def note(name: str):
        def started(module: nn.Module, inputs: tuple) -> None:
            beside = found.setdefault(_BESIDE.sub(r"\1.*", name) or "network", [])
            if module not in beside:
                beside.append(module)

        return started

    hooks = [
        module.register_forward_pre_hook(note(name))
        for name, module in network.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    ]
    try:
        network(x)
    finally:
        for hook in hooks:
            hook.remove()
    return found


@torch.no_grad()
def _draw(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, _BatchNorm):
        module.reset_parameters()
        return
    for weights in module.parameters(recurse=False):
        size = weights.square().mean().sqrt()
        # On the CPU, so that a seed means the same on every device.
        fresh = torch.randn(weights.shape, generator=generator)
        weights.copy_(fresh.to(weights) * size)


@torch.no_grad()
def _measure(network: nn.Module, drawn: list[nn.Module], x: Tensor) -> None:
    norms = [module for module in drawn if isinstance(module, _BatchNorm)]
    momenta = [module.momentum for module in norms]
    for module in norms:
        module.reset_running_stats()
        module.train()
        module.momentum = None  # what the pass measures, and nothing before
    network(x)
    for module, momentum in zip(norms, momenta, strict=True):
        module.eval()
        module.momentum = momentum
