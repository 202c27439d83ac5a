"""Exponential moving average of a network's weights."""

import copy
from itertools import chain

import torch
from torch import Tensor, nn


class Average(nn.Module):
    r"""A copy of a network that follows it slowly.

    .. math:: \bar w \gets d \bar w + (1 - d) w,\quad
        d = \min(\text{decay}, \tfrac{1 + t}{10 + t})

    at step t.  The smaller d of the first steps, as in TensorFlow's
    ``ExponentialMovingAverage``, keeps the start from lingering in short
    runs.  Statistics of batch normalisation are averaged, too.

    Args:
        network: on its device; its parameters must stay the same tensors.
        decay: the largest d, 0 to below 1.
    """

    def __init__(self, network: nn.Module, decay: float):
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.register_buffer("steps", torch.tensor(0))
        self.decay = decay
        pairs = list(zip(_tensors(self.network), _tensors(network), strict=True))
        smooth = [pair for pair in pairs if pair[0].is_floating_point()]
        self._mine, self._theirs = zip(*smooth, strict=True)
        self._counted = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self) -> None:
        """Follow the network by one step."""
        self.steps += 1
        t = int(self.steps)
        decay = min(self.decay, (1 + t) / (10 + t))
        torch._foreach_lerp_(self._mine, self._theirs, 1 - decay)
        for mine, theirs in self._counted:
            mine.copy_(theirs)


def _tensors(network: nn.Module) -> list[Tensor]:
    found = chain(network.parameters(), network.buffers())
    return [tensor.detach() for tensor in found]
