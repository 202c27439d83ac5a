"""Grad-CAM: which positions of a layer speak for a class.

R. R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", ICCV 2017, as equations (5) and (6) of R.
Wadhawan, T. K. Gandhi (:mod:`fer_lib.models.part_ensemble`), and as Figure 6
of Residual Masking.  The work is captum's; here it fits the networks of the
library, learner by learner.  Captum enlarges maps with the nearest value by
default, the Grad-CAM paper and this module bilinearly.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from fer_lib.evaluation.inference import evaluating
from fer_lib.explain.inputs import Images, passes, ready
from fer_lib.explain.placing import on_boxes, on_input
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.network import Network, logits_of
from fer_lib.models.part_ensemble import PartEnsemble

Scores = Callable[[Tensor], Tensor]


def weighted_maps(
    scores: Scores, layer: nn.Module, x: Tensor, target: Tensor | int
) -> Tensor:
    """Equations (5) and (6) of the part ensemble's paper, before the ReLU.

    Args:
        scores: class scores ``[B, num_classes]`` of faces, in which the
            layer takes part, in evaluation mode.
        layer: whose output maps are weighted by their mean gradients.
        x: faces ``[B, C, H, W]``, as ``scores`` takes them.
        target: the class that is explained, one for all or ``int64 [B]``.

    Returns:
        ``[B, h, w]`` as the layer has them, in units of the score times the
        layer's; negative where a position speaks against the class.
    """
    from captum.attr import LayerGradCam  # takes a second

    cam = LayerGradCam(scores, layer)
    return cam.attribute(x, target, relu_attributions=False)[:, 0].detach()


def union(maps: Iterable[Tensor]) -> Tensor:
    """One map ``[B, H, W]`` in 0..1 of several, each zero or more.

    The part ensemble's paper does not say how it unites; here each map of a face
    is divided by its own maximum, and the largest value of a position stays.
    """
    stacked = torch.stack(list(maps))  # [M, B, H, W]
    largest = stacked.amax((-2, -1), keepdim=True)
    scaled = torch.where(largest > 0, stacked / largest, 0.0)
    return scaled.amax(0)


def grad_cam(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """Union of the learners' Grad-CAM, each divided by its maximum.

    Arguments and result are those of :class:`fer_lib.explain.methods.Method`;
    what each learner says by itself is in :func:`class_maps`.
    """
    return class_maps(network, images, targets).united


class ClassMaps(NamedTuple):
    """What :func:`class_maps` returns; L learners, N faces.

    Attributes:
        names: of the learners; one for most networks.
        maps: ``float32 [L, N, H, W]``, zero or more, where the layer's cells
            lie on the face (:mod:`fer_lib.explain.placing`), bilinear between.
        united: ``float32 [N, H, W]`` in 0..1, the union of the learners.
        targets: ``int64 [N]``, the class that is explained.
        against: ``float32 [L, N]``, share of the evidence, in absolute
            terms, that speaks against the class: 1 where the map is empty
            because all of it does, not a number where there is none at all.
        cells: height and width ``(h, w)`` that each learner's layer has: what
            the maps can tell apart.
    """

    names: tuple[str, ...]
    maps: np.ndarray
    united: np.ndarray
    targets: np.ndarray
    against: np.ndarray
    cells: tuple[tuple[int, int], ...]

    @property
    def dead(self) -> np.ndarray:
        """``bool [L, N]``: no position speaks for or against the class."""
        return np.isnan(self.against)

    @property
    def negative(self) -> np.ndarray:
        """``bool [L, N]``: positions speak, but none for the class."""
        return self.against == 1


def class_maps(
    network: Network, images: Images, targets: np.ndarray | None = None
) -> ClassMaps:
    """Grad-CAM on the layers that the network names for it.

    A network with ``boxes``, as RAMN, sees regions: their maps are put where the
    regions are, and added.  Those of Deep-Emotion and ESR, which do not pad,
    leave the border empty.  Arguments are those of a
    :class:`~fer_lib.explain.methods.Method`.
    """
    unit, wanted = ready(network, images, targets)
    asked, found = learners(network), []
    with evaluating(network):
        for part, target in passes(network, unit, wanted):
            x = network.input.normalise(part)
            told = [_explained(network, one, x, target) for one in asked.values()]
            maps, against, cells = zip(*told, strict=True)
            found.append((torch.stack(maps), torch.stack(against)))
    maps, against = (torch.cat(one, 1) for one in zip(*found, strict=True))
    told = (one.cpu().numpy() for one in (maps, union(maps), wanted, against))
    return ClassMaps(tuple(asked), *told, cells)


def learners(network: Network) -> dict[str, tuple[Scores, nn.Module]]:
    """Scores and layer to explain them by, for each part of a network.

    A branch of ESR and a sub-network of the part ensemble are asked for
    their own scores: through the ensemble's, a gradient also weighs how sure
    the others are.
    """
    layers = network.cam_layers()
    if isinstance(network, PartEnsemble):
        scores = map(_scores_of, network.sub_networks)
    elif isinstance(network, DiversifiedESR):
        scores = [partial(_branch_scores, network, one) for one in network.branches]
    else:
        scores = [_scores_of(network)] * len(layers)
    named = zip(layers.items(), scores, strict=False)  # branches may rest
    return {name: (score, layer) for (name, layer), score in named}


def _scores_of(network: nn.Module) -> Scores:
    return lambda x: logits_of(network(x))


def _branch_scores(network: DiversifiedESR, branch: nn.Module, x: Tensor) -> Tensor:
    return branch(network.base(x)).logits


def _explained(
    network: Network, learner: tuple[Scores, nn.Module], x: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """Maps ``[B, H, W]``, how much speaks against ``[B]``, and the cells."""
    signed = weighted_maps(*learner, x, targets)
    cells, regions = tuple(signed.shape[-2:]), hasattr(network, "boxes")
    if regions:
        signed = on_boxes(signed, network.boxes, tuple(x.shape[-2:]))
    total = signed.abs().sum((1, 2))
    against = (-signed).relu().sum((1, 2)) / total  # 0 / 0 is not a number
    maps = signed.relu()
    return maps if regions else on_input(maps, network, x).relu(), against, cells
