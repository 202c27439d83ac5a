"""Deep-Emotion's loss: cross-entropy and a penalty on large weights."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor


def penalised_cross_entropy(
    scores: Tensor, labels: Tensor, weights: Iterable[Tensor], penalty: float = 0.001
) -> Tensor:
    r"""Equation (1): :math:`\mathcal L_{ce} + \lambda \|w_{fc}\|_2^2`.

    S. Minaee, M. Minaei, A. Abdolrashidi; see
    :mod:`fer_lib.models.deep_emotion`.

    Args:
        scores: ``[B, classes]``, before the softmax.
        labels: ``int64 [B]``.
        weights: the :math:`w_{fc}`, tensors of any shape, at least one; in
            the paper those of the last two layers,
            :meth:`.DeepEmotion.penalised_weights`.
        penalty: lambda, zero or more (paper, section 4.2: 0.001).

    Returns:
        A scalar, zero or more.

    Example:
        >>> sure, label = torch.tensor([[99.0, 0.0]]), torch.tensor([0])
        >>> penalised_cross_entropy(sure, label, [torch.tensor([3.0, 4.0])], 0.1)
        tensor(2.5000)
    """
    squares = sum(torch.sum(weight**2) for weight in weights)
    return F.cross_entropy(scores, labels) + penalty * squares
