"""Collaborative loss: features near their own centre, far from the other.

L. Cui, Y. Tian, RAMN; see :mod:`fer_lib.models.ramn`.  Equations (3) to (6).
Every expression is a task of its own, with a feature of every face and two
centres, one of faces that show the expression and one of those that do not.

What the paper leaves open, and what is done here:

* The equations are called distances "between the two feature centers"; they
  are squared distances of a feature to its own and to the other centre.
* The sum over tasks is not written: "constitute the loss of a given
  sample" is read as the sum of both parts over tasks, mean over faces.
* The weights of the parts are not given: 1 and 1.
* How centres are learned is not given: by gradient with everything else.

The margin omega has the scale of a squared distance, which the paper does not
fix.  Raw features of d values have squared distances of the order of d: with
128, a margin of 3 is tiny, and the intra-class part outweighs cross-entropy.
On the unit sphere no squared distance is above 4: a margin of 3 asks that
two centres lie more than 120 degrees apart, even of a feature that is its own
centre.  Choose ``normalise``, omega and the weights together.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.losses.inputs import check_labels, check_range, check_shape, full_precision

NAME = "collaborative loss"


class Distances(NamedTuple):
    """Squared distances ``[B, C]`` of every face's features, by task.

    Attributes:
        positive: to the centre where the face belongs; the intra-class loss.
        negative: to the other centre of the task.
    """

    positive: Tensor
    negative: Tensor


def centre_distances(features: Tensor, labels: Tensor, centres: Tensor) -> Distances:
    r"""Equations (3) and (4) of RAMN.

    .. math::

        l_{pos} = \|x_j^i - d^i_{y_j^i}\|_2^2, \quad
        l_{neg} = \|x_j^i - d^i_{1 - y_j^i}\|_2^2

    Args:
        features: :math:`x_j^i`, ``[B, C, d]``, one feature a task and face.
        labels: ``int64 [B]``, 0 to C - 1; y is 1 in the task of the label.
        centres: ``[C, 2, d]``; of every task the centre of faces that do not
            show the expression, then of those that do.

    Raises:
        FerError: for wrong shapes or labels.
    """
    check_shape(NAME, "features", features, "[B, C, d]", features.ndim == 3)
    faces, tasks, size = features.shape
    wanted = (tasks, 2, size)
    check_shape(NAME, "centres", centres, str(list(wanted)), centres.shape == wanted)
    check_labels(NAME, labels, faces, tasks)
    # y of the paper, 1 where a face has the expression: its own centre's index.
    own = F.one_hot(labels, tasks)[..., None]  # [B, C, 1]
    features, centres = full_precision(features), full_precision(centres)
    both = (features[:, :, None] - centres).square().sum(-1)  # [B, C, 2]
    return Distances(both.gather(2, own)[..., 0], both.gather(2, 1 - own)[..., 0])


def margin_border(distance: float, omega: float) -> float:
    """Where equation (5) begins to hold, on the line between two centres.

    ``l_neg - l_pos`` grows by ``2 |d_1 - d_0|`` for every step towards the own
    centre and is 0 in the middle: the border is a plane across the line.

    Args:
        distance: between the two centres, above 0.
        omega: the margin.

    Returns:
        Distance from the middle towards the own centre, which itself lies
        at ``distance / 2``: beyond the border if distance squared > omega.

    Example:
        >>> margin_border(2.0, 3.0), margin_border(2.0, 4.0) == 2.0 / 2
        (0.75, True)
    """
    return omega / (2 * distance)


def inter_class_loss(positive: Tensor, negative: Tensor, omega: float = 3.0) -> Tensor:
    r"""Equation (6) of RAMN; zero where its equation (5) holds.

    .. math:: L_N = \max\{\omega + l_{pos} - l_{neg}, 0\}

    Equation (5) is the constraint :math:`l_{pos} + \omega < l_{neg}`.

    Args:
        positive: squared distances of any shape.
        negative: squared distances of the same shape.
        omega: the margin, zero or more (paper: 3, the best of 1 to 4).

    Returns:
        The loss of each, of that shape.

    Raises:
        FerError: for a negative margin.
    """
    check_range(NAME, "omega", omega, 0)
    return F.relu(omega + positive - negative)


def collaborative_loss(
    features: Tensor,
    labels: Tensor,
    centres: Tensor,
    *,
    omega: float = 3.0,
    normalise: bool = False,
) -> Tensor:
    r"""Intra- and inter-class loss of RAMN, equations (3) to (6).

    .. math:: L_C = \frac1N \sum_j \sum_i l_{pos} + L_N

    Args:
        features: ``[B, C, d]``, one feature a task and face.
        labels: ``int64 [B]``, 0 to C - 1.
        centres: ``[C, 2, d]``; 0 does not belong, 1 belongs.
        omega: the margin of equation (6), zero or more.
        normalise: whether features and centres are scaled to length 1.

    Returns:
        A scalar, zero or more.

    Raises:
        FerError: for wrong shapes or labels, or a negative margin.

    Example:
        >>> centres = torch.tensor([[[0.0], [2.0]], [[0.0], [2.0]]])
        >>> features = torch.tensor([[[2.0], [1.0]]])  # task 1 is undecided
        >>> collaborative_loss(features, torch.tensor([0]), centres)
        tensor(4.)
    """
    if normalise:
        features = F.normalize(full_precision(features), dim=-1)
        centres = F.normalize(full_precision(centres), dim=-1)
    positive, negative = centre_distances(features, labels, centres)
    inter = inter_class_loss(positive, negative, omega)
    return (positive + inter).sum(1).mean()


class CollaborativeLoss(nn.Module):
    """:func:`collaborative_loss` with the centres that it needs.

    The centres start as Gaussian vectors whose expected squared length is 1,
    so a task's two centres start about 2 apart (squared), whatever d is and
    with or without ``normalise``.  Were they equal, equation (6) would give
    features no gradient.

    Args:
        num_classes: C, the number of expressions.
        features: d, the length of an expression's feature.
        omega, normalise: see the function.

    Raises:
        FerError: for a negative margin.
    """

    def __init__(
        self,
        num_classes: int,
        features: int,
        *,
        omega: float = 3.0,
        normalise: bool = False,
    ):
        super().__init__()
        check_range(NAME, "omega", omega, 0)
        self.options = {"omega": omega, "normalise": normalise}
        centres = torch.randn(num_classes, 2, features) / features**0.5
        self.centres = nn.Parameter(centres)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """The loss of features ``[B, C, d]`` and labels ``[B]``."""
        return collaborative_loss(features, labels, self.centres, **self.options)
