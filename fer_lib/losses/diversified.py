"""What the diversified networks are trained with: equations (3) to (5).

N. Heidari, A. Iosifidis; see :mod:`fer_lib.losses.diversity`.  Cross-entropy
goes down, diversity up, both with weight 1.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.losses.diversity import diversity, zero_diagonal_diversity
from fer_lib.losses.inputs import check_labels, check_range, check_shape

Learners = Tensor | Sequence[Tensor]

MEASURES = {"paper": diversity, "authors_code": zero_diagonal_diversity}

# Ours: gamma x D between MA-Net's two branches.  Their pooled features are
# not kept in 0 to 1: in the untrained network their mean squared difference
# is 0.4, ten times that of its patches, so that 30 / D would have no gradient.
BRANCH_GAMMA_TIMES_SIZE = 1.0


def diversified_loss(
    cross_entropy: Tensor,
    *features: Learners,
    gamma: float | None = None,
    measure: str = "paper",
) -> Tensor:
    r"""Equation (3), :math:`\mathcal L - (\mathcal D_{ch} + \mathcal D_{sp})`.

    Args:
        cross_entropy: a scalar.
        features: over channels and over positions, ``[L, B, D]`` or L tensors
            ``[B, D]`` each, whose D may differ; or fewer of them.
        gamma: zero or more; ``None`` for 30 / D, of each D by itself.
        measure: ``"paper"``, or ``"authors_code"`` for the zero diagonal.

    Returns:
        A scalar; with the paper's measure, up to 1 less for each.

    Raises:
        FerError: for wrong shapes, a negative gamma or an unknown measure.
    """
    if measure not in MEASURES:
        raise FerError(
            f"diversity: measure is '{measure}', expected one of {', '.join(MEASURES)}."
        )
    return cross_entropy - sum(MEASURES[measure](x, gamma) for x in features)


def esr_loss(
    branch_logits: Tensor,
    labels: Tensor,
    *features: Learners,
    gamma: float | None = None,
    measure: str = "paper",
) -> Tensor:
    r"""Equation (4): cross-entropies of all branches, less their diversity.

    .. math::

        \mathcal L_{esr} = \sum_b \mathcal L(f_b(X))
            - (\mathcal D_{ch} + \mathcal D_{sp})

    Args:
        branch_logits: ``[B, n, K]``.
        labels: ``int64 [B]``, 0 to K - 1.
        features: attention over channels and over positions, ``[L, B, D]``
            each, or fewer of them.  L may be more than n: the authors
            fine-tune with the cross-entropy of the branches in use and the
            diversity of all.
        gamma: see :func:`diversified_loss`.
        measure: see :func:`diversified_loss`.

    Returns:
        A scalar.

    Raises:
        FerError: for wrong shapes or labels, and as :func:`diversified_loss`.

    Example:
        >>> import torch
        >>> scores = torch.zeros(4, 2, 7)  # two undecided, different branches
        >>> maps = torch.tensor([[[0.0]], [[9.0]]])
        >>> esr_loss(scores, torch.zeros(4).long(), maps, maps)  # 2 ln 7 - 2
        tensor(1.8918)
    """
    fits = branch_logits.ndim == 3
    check_shape("ESR loss", "branch_logits", branch_logits, "[B, n, K]", fits)
    faces, _, classes = branch_logits.shape
    check_labels("ESR loss", labels, faces, classes)
    entropy = sum(F.cross_entropy(scores, labels) for scores in branch_logits.unbind(1))
    return diversified_loss(entropy, *features, gamma=gamma, measure=measure)


def manet_loss(
    local: Tensor,
    global_: Tensor,
    labels: Tensor,
    branch: Learners | None,
    *patches: Learners,
    lambda_: float = 0.6,
    gamma: float | None = None,
    branch_gamma: float | None = None,
    measure: str = "paper",
) -> Tensor:
    r"""Equation (5): both branches, less diversity of branches and patches.

    .. math::

        \lambda \mathcal L_{local} + (1 - \lambda) \mathcal L_{global}
            - (\mathcal D_b + \mathcal D_{sp} + \mathcal D_{ch})

    Args:
        local: class scores of the branch of patches, ``[B, K]``.
        global_: class scores of the branch of the whole face, ``[B, K]``.
        labels: ``int64 [B]``, 0 to K - 1.
        branch: pooled features of both branches, ``[2, B, D]``; None to leave
            their diversity out.
        patches: patches pooled over channels, and over positions,
            ``[4, B, D]`` each, or fewer of them.
        lambda_: weight of the local branch, 0 to 1 (paper: 0.6).
        gamma: of the patches; ``None`` for 30 / D, of each D by itself.
        branch_gamma: of the branches; ``None`` for gamma, or 1 / D if that
            is ``None`` too.
        measure: see :func:`diversified_loss`.

    Returns:
        A scalar.

    Raises:
        FerError: for wrong shapes or labels, a lambda outside 0 to 1, and as
            :func:`diversified_loss`.
    """
    check_range("MA-Net loss", "lambda_", lambda_, 0, 1)
    check_shape("MA-Net loss", "local", local, "[B, K]", local.ndim == 2)
    like = f"{list(local.shape)} as local"
    check_shape("MA-Net loss", "global_", global_, like, global_.shape == local.shape)
    check_labels("MA-Net loss", labels, *local.shape)
    entropy = lambda_ * F.cross_entropy(local, labels)
    entropy = entropy + (1 - lambda_) * F.cross_entropy(global_, labels)
    loss = diversified_loss(entropy, *patches, gamma=gamma, measure=measure)
    if branch is None:
        return loss
    rates = branch_gamma, gamma, BRANCH_GAMMA_TIMES_SIZE / branch[0].shape[-1]
    rate = next(rate for rate in rates if rate is not None)
    return diversified_loss(loss, branch, gamma=rate, measure=measure)
