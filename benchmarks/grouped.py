"""Branches with equal shapes in one grouped pass, to compare with a loop.

``torch.func.vmap`` over stacked weights turns the convolutions of all
branches into one grouped convolution.  The library loops: see the table that
``networks.py`` makes.
"""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from fer_lib.models.diversified_manet import quadrants

Run = Callable[[], Tensor]


class First(nn.Module):
    """A module's first output, where it returns a tuple."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        found = self.module(x)
        return found if isinstance(found, Tensor) else found[0]


def both(branches: Sequence[nn.Module], inputs: Tensor) -> tuple[Run, Run]:
    """The loop and the grouped pass over the same branches.

    Args:
        branches: modules of equal structure, in evaluation mode.
        inputs: ``[n, B, ...]``, one for each branch.

    Returns:
        Two functions of nothing that return the outputs ``[n, B, ...]``.
    """
    branches = [First(branch) for branch in branches]
    weights, buffers = stack_module_state(branches)
    shape = copy.deepcopy(branches[0]).to("meta")

    def one(weights: dict, buffers: dict, x: Tensor) -> Tensor:
        return functional_call(shape, (weights, buffers), (x,))

    def loop() -> Tensor:
        pairs = zip(branches, inputs, strict=True)
        return torch.stack([branch(x) for branch, x in pairs])

    def grouped() -> Tensor:
        return vmap(one)(weights, buffers, inputs)

    with torch.no_grad():
        torch.testing.assert_close(grouped(), loop(), atol=1e-4, rtol=1e-3)
    return loop, grouped


@torch.no_grad()
def esr_branches(network: nn.Module, x: Tensor) -> tuple[Run, Run]:
    """The branches of ESR on their shared base."""
    shared = network.base(x)
    return both(network.branches, shared.expand(len(network.branches), *shared.shape))


@torch.no_grad()
def manet_patches(network: nn.Module, x: Tensor) -> tuple[Run, Run]:
    """The four local paths of MA-Net."""
    parts = torch.stack(quadrants(network.backbone.maps(x)))
    return both(network.patches, parts)


def parts(network: nn.Module, x: Tensor) -> tuple[Run, Run]:
    """The five sub-networks of the part ensemble."""
    members = network.sub_networks
    return both(members, x.expand(len(members), *x.shape))


PARALLEL = {
    "diversified_esr": esr_branches,
    "diversified_manet": manet_patches,
    "part_ensemble": parts,
}
