"""Penalty on large weights."""

from collections.abc import Iterable

import torch
from torch import Tensor


def weight_penalty(weights: Iterable[Tensor]) -> Tensor:
    r"""Sum of squared weights, :math:`\|w\|_2^2`.

    The second term of Deep-Emotion's equation (1), without its factor
    lambda: ``cross_entropy + lambda * weight_penalty(w_fc)``.

    Args:
        weights: tensors of any shape, at least one.

    Returns:
        A scalar, zero or more.

    Example:
        >>> weight_penalty([torch.tensor([[3.0, 0.0]]), torch.tensor([4.0])])
        tensor(25.)
    """
    return sum(torch.sum(weight**2) for weight in weights)
