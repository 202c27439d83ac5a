"""Diversity of learners: branches of an ensemble, or patches of a face.

N. Heidari, A. Iosifidis, "Learning diversified feature representations for
facial expression recognition in the wild", arXiv:2210.09381, 2022; equations
(1) and (2).  What is summed with it is in :mod:`fer_lib.losses.diversified`.

Departures:

* The paper gives no gamma, the authors' code 10.  See :func:`similarity`.
* The authors' code sets the diagonal to zero and still takes the
  determinant, see :func:`zero_diagonal_diversity`.  The paper's own
  similarity of a learner with itself is 1, as here.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.losses.inputs import check_range, check_shape, full_precision

AUTHORS_GAMMA = 10.0  # github.com/negarhdr, everywhere
GAMMA_TIMES_SIZE = 30.0  # ours: gamma x D when gamma is not given


def stacked(features: Tensor | Sequence[Tensor]) -> Tensor:
    """Learners' features ``[L, B, D]``, of one tensor or of L ``[B, D]``."""
    if not isinstance(features, Tensor):
        shapes = sorted({tuple(learner.shape) for learner in features})
        if len(shapes) != 1:
            raise FerError(
                f"diversity: learners have features of shapes {shapes}, expected "
                "one shape [B, D]; pool them to the same size."
            )
        features = torch.stack(list(features))
    fits = features.ndim == 3
    check_shape("diversity", "features", features, "[learners, B, D]", fits)
    return full_precision(features)


def similarity(
    features: Tensor | Sequence[Tensor], gamma: float | None = None
) -> Tensor:
    r"""Equation (1): how alike learners are, mean over faces.

    .. math::

        S_{lk} = \frac1N \sum_i
            \exp(-\gamma \|\phi_l(x_i) - \phi_k(x_i)\|^2)

    The squared distance grows with the number D of features and with their
    scale, and the exponential of a large negative number is 0, with a
    gradient of 0.  With the authors' gamma of 10, the channel attentions of
    untrained branches (D = 512, mean squared distance about 20) have a
    similarity below 1e-19: nothing is learned from them.  The default
    compares means over features instead of sums, gamma = 30 / D.  It suits
    attentions, which lie in 0 to 1: similarities of untrained ESR-9 and
    ESR-15 are then 0.2 to 0.4, of MA-Net's patches 0.4 to 0.6.  Features on
    a larger scale need a smaller gamma.

    Args:
        features: :math:`\phi`, ``[L, B, D]`` or L tensors ``[B, D]``.
        gamma: zero or more; ``None`` for 30 / D.

    Returns:
        ``[L, L]``, symmetric, positive semi-definite, 0 to 1, diagonal 1.

    Raises:
        FerError: for wrong shapes or a negative gamma.
    """
    features = stacked(features)
    if gamma is None:
        gamma = GAMMA_TIMES_SIZE / features.shape[-1]
    check_range("diversity", "gamma", gamma, 0)
    squares = (features[:, None] - features[None]).square().sum(-1)  # [L, L, B]
    return torch.exp(-gamma * squares).mean(-1)


def diversity(
    features: Tensor | Sequence[Tensor], gamma: float | None = None
) -> Tensor:
    r"""Equation (2), :math:`\mathcal D = \det S`, to be made large.

    1 if all learners differ on every face, 0 if two are the same on all.
    There its gradient is 0 and not undefined: learners that start the same
    stay the same, so they need different starts.  For L learners of equal
    similarity s, :math:`\mathcal D = (1 - s)^{L - 1} (1 + (L - 1) s)`: the
    more learners, the smaller s must be to leave a gradient, which is
    largest near s = 2 / L.

    Args:
        features: ``[L, B, D]`` or L tensors ``[B, D]``.
        gamma: of :func:`similarity`.

    Returns:
        A scalar, 0 to 1; one learner alone has 1.

    Raises:
        FerError: for wrong shapes or a negative gamma.

    Example:
        >>> alike = torch.zeros(2, 4, 3)
        >>> diversity(alike)
        tensor(0.)
        >>> diversity([alike[0], alike[1] + 9])
        tensor(1.)
    """
    return torch.linalg.det(similarity(features, gamma))


def zero_diagonal_diversity(
    features: Tensor | Sequence[Tensor], gamma: float | None = None
) -> Tensor:
    r"""What the authors' code computes in the place of :func:`diversity`.

    The similarity of a learner with itself is left 0.  For L learners of
    equal similarity s the determinant is
    :math:`(-1)^{L - 1} (L - 1) s^L`: made large, it pulls an odd number of
    learners together.  An ensemble that grows branch by branch is pulled
    together and apart in turn; ESR-9 and ESR-15 end with the wrong sign.
    Even numbers above two are not safe either: four patches that are two
    pairs of twins have 1, four different ones 0; fifteen branches that are
    three groups of clones have 64.  For measuring that, not for use.

    Args:
        features: ``[L, B, D]`` or L tensors ``[B, D]``.
        gamma: of :func:`similarity`; the code's is :data:`AUTHORS_GAMMA`.

    Returns:
        A scalar of either sign, 0 if all learners differ.

    Raises:
        FerError: for wrong shapes or a negative gamma.

    Example:
        >>> zero_diagonal_diversity(torch.zeros(3, 1, 1))  # all the same
        tensor(2.)
    """
    similar = similarity(features, gamma)
    # Without the ones on the diagonal, similarities near the smallest float32
    # would make the gradient of a determinant 0 / 0.
    others = similar.double() - torch.eye(len(similar), device=similar.device)
    return torch.linalg.det(others).to(similar.dtype)


def equally_alike(count: int, share: float) -> Tensor:
    """Learners of which any two have the same similarity, at gamma 1.

    Args:
        count: L, of the learners.
        share: their similarity, 0 to 1.

    Returns:
        ``float64 [L, 1, L]``.
    """
    far = torch.tensor(share, dtype=torch.float64).clamp_min(1e-300).log().neg() / 2
    return (far.sqrt() * torch.eye(count, dtype=torch.float64))[:, None]
