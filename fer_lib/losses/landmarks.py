"""Landmark loss of the part-based ensemble.

R. Wadhawan, T. K. Gandhi; see :mod:`fer_lib.models.part_ensemble`.
"""

import torch.nn.functional as F
from torch import Tensor

from fer_lib.losses.inputs import check_shape, full_precision


def landmark_l1(predicted: Tensor, target: Tensor) -> Tensor:
    r"""Equation (1) of the part-based ensemble, mean over all outputs.

    .. math:: L_1 = |y_i - \hat y_i|

    The paper writes no mean; the authors' code takes Keras's mean absolute
    error, over coordinates and faces alike.  A sum would weigh the jaw's 34
    outputs nearly twice as much as the nose's 18.

    Args:
        predicted: ``[B, z]``, x and y in turn, as shares of the image side;
            the network does not keep them in 0 to 1.
        target: ``[B, z]``, in 0 to 1.  Pixels here would be a loss as many
            times larger as the image has pixels a side.

    Returns:
        A scalar, zero or more: times the image side, the mean error of a
        coordinate in pixels.

    Raises:
        FerError: when the shapes differ; torch would repeat the smaller one.

    Example:
        >>> import torch
        >>> landmark_l1(torch.tensor([[0.5, 0.25]]), torch.tensor([[0.25, 0.25]]))
        tensor(0.1250)
    """
    check_shape("landmark loss", "predicted", predicted, "[B, z]", predicted.ndim == 2)
    like = f"{list(predicted.shape)} as predicted"
    check_shape(
        "landmark loss", "target", target, like, target.shape == predicted.shape
    )
    return F.l1_loss(full_precision(predicted), full_precision(target))
