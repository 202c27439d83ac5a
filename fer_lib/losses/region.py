"""Region loss: some crop should matter more than the whole face.

L. Cui, Y. Tian, RAMN; see :mod:`fer_lib.models.ramn`.  Equation (2).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_lib.losses.inputs import check_range, check_shape, full_precision


def region_loss(weights: Tensor, beta: float = 0.02) -> Tensor:
    r"""Equation (2) of RAMN, mean over the faces of a batch.

    .. math:: L_R = \max\{\beta - (\theta_{max} - \theta_0), 0\}

    :math:`\theta_0` is the weight of the whole face and
    :math:`\theta_{max}` the largest weight of its crops.  The paper calls
    theta_0 the weight "of the cropped face image"; its next sentence, and
    the network that it follows (RAN, arXiv:1905.04075), mean the original.
    Were the whole face among the candidates of the maximum, the loss could
    never pass beta and would not move a face whose own weight is largest.

    beta is on the scale of the weights.  Sigmoid weights, the paper's, lie
    in 0 to 1, so a crop can lead by up to 1.  A softmax over six sigmoid
    weights, as in RAN's code, lies in 0.069 to 0.352, so a crop can lead by
    at most 0.223: the same beta asks for 4.5 times as much.

    Args:
        weights: ``[B, R]``, the whole face first, then one or more crops.
        beta: the margin, zero or more (paper: 0.02, the best of 0 to 0.04).

    Returns:
        A scalar, zero or more.  Crops that share the largest weight share
        the gradient, so their order does not matter.

    Raises:
        FerError: for a wrong shape or a negative margin.

    Example:
        >>> import torch
        >>> region_loss(torch.tensor([[0.50, 0.25, 0.75]]))  # a crop leads
        tensor(0.)
        >>> region_loss(torch.tensor([[0.75, 0.25, 0.50]]))  # the face leads
        tensor(0.2700)
    """
    fits = weights.ndim == 2 and weights.shape[-1] >= 2
    check_shape("region loss", "weights", weights, "[B, 1 + crops]", fits)
    check_range("region loss", "beta", beta, 0)
    weights = full_precision(weights)
    lead = weights[:, 1:].amax(1) - weights[:, 0]  # [B]
    return F.relu(beta - lead).mean()


def region_pull(scores: Tensor, beta: float) -> Tensor:
    """Gradient of equation (2) with regard to the scores before the sigmoid.

    With theta the sigmoid of a score, the loss of a face is beta - theta_max
    + theta_0 until the best crop leads by beta, then 0: so the slope is
    theta_0 (1 - theta_0) for the whole face, -theta_max (1 - theta_max) for
    the best crop, and 0 for all others, whatever beta is.

    Args:
        scores: ``[R]``, the whole face first.
        beta: the margin.

    Returns:
        ``[R]``; descent goes the other way.
    """
    theta = scores.sigmoid()
    best = 1 + int(theta[1:].argmax())
    pull = torch.zeros_like(theta)
    if theta[best] - theta[0] < beta:
        slope = theta * (1 - theta)
        pull[0], pull[best] = slope[0], -slope[best]
    return pull
