"""Grad-CAM of any network of the book, learner by learner.

Residual Masking Network, Figure 6, and part ensemble, Figure 11.  What the
equations are is in :mod:`fer_lib.explain.grad_cam`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.explain.frames import on_input
from fer_lib.explain.grad_cam import named_layer, signed_cam, union
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.network import Network, logits_of
from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.ramn import RAMN

Learner = tuple[Callable[[Tensor], Tensor], nn.Module]  # scores, layer


class ClassMaps(NamedTuple):
    """What :func:`class_maps` returns; L learners, N faces.

    Attributes:
        names: of the learners; one for most networks.
        maps: ``float32 [L, N, H, W]``, zero or more, where the layer's cells
            lie on the face (:mod:`fer_lib.explain.frames`), bilinear between.
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


def learners(network: Network) -> dict[str, Learner]:
    """Scores and layer to explain them by, for each part of a network.

    A branch of ESR and a sub-network of the part ensemble are asked for
    their own scores: through the ensemble's, a gradient also weighs how sure
    the others are.
    """
    names = network.cam_layers()
    if isinstance(network, PartEnsemble):
        members = network.sub_networks
        own = [(member, named_layer(member, None)) for member in members]
    elif isinstance(network, DiversifiedESR):
        branches = network.branches[: network.active]
        own = [(_branch_scores(network, one), one.maps) for one in branches]
    else:
        own = [(lambda x: logits_of(network(x)), layer) for layer in names.values()]
    return dict(zip(names, own, strict=True))


def class_maps(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray | None = None,
    *,
    batch_size: int | None = None,
) -> ClassMaps:
    """Grad-CAM on the layers that the network names for it.

    RAMN sees regions: their maps are put where the regions are, and added.
    Those of Deep-Emotion and ESR, which do not pad, leave the border empty.

    Args:
        network: one of the book's; left as it was.
        images: ``uint8 [N, C, H, W]``.
        targets: ``int64 [N]``, classes to explain; None for the network's
            own predictions.
        batch_size: faces in one pass; by their size if None.
    """
    asked, found = learners(network), []
    with evaluating(network):
        for rows, unit in batches(network, images, batch_size):
            x = network.input.normalise(unit)
            wanted = _targets(network, x, targets, rows)
            told = [_explained(network, one, x, wanted) for one in asked.values()]
            maps, against, cells = zip(*told, strict=True)
            found.append((torch.stack(maps), torch.stack(against), wanted))
    maps, against, wanted = zip(*found, strict=True)
    maps = torch.cat(maps, 1)
    return ClassMaps(
        tuple(asked),
        maps.cpu().numpy(),
        union(maps).cpu().numpy(),
        torch.cat(wanted).cpu().numpy(),
        torch.cat(against, 1).cpu().numpy(),
        cells,
    )


def _branch_scores(network: DiversifiedESR, branch: nn.Module) -> Callable:
    return lambda x: branch(network.base(x)).logits


def _targets(
    network: Network, x: Tensor, targets: np.ndarray | None, rows: slice
) -> Tensor:
    if targets is not None:
        return torch.as_tensor(np.asarray(targets)[rows], device=x.device)
    with torch.no_grad():
        return logits_of(network(x)).argmax(1)


def _explained(
    network: Network, learner: Learner, x: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """Maps ``[B, H, W]``, how much speaks against ``[B]``, and the cells."""
    signed = signed_cam(*learner, x, targets)
    cells, sides = tuple(signed.shape[-2:]), tuple(x.shape[-2:])
    if isinstance(network, RAMN):
        signed = on_face(signed, network.boxes, sides)
    total = signed.abs().sum((1, 2))
    against = (-signed).relu().sum((1, 2)) / total  # 0 / 0 is not a number
    if not isinstance(network, RAMN):
        signed = on_input(signed.relu(), network, x)
    return signed.relu(), against, cells


def on_face(maps: Tensor, boxes: Tensor, sides: tuple[int, int]) -> Tensor:
    """Maps of regions, each enlarged over its box, and added.

    Args:
        maps: ``[B R, h, w]``, all regions of the first face first.
        boxes: ``int64 [R, 4]``: left, top, right, bottom in pixels.
        sides: height and width of the face in pixels.

    Returns:
        ``[B, H, W]``.
    """
    regions = maps.unflatten(0, (-1, len(boxes)))  # [B, R, h, w]
    face = regions.new_zeros(len(regions), *sides)
    for r, (left, top, right, bottom) in enumerate(boxes.tolist()):
        box = (bottom - top, right - left)
        enlarged = F.interpolate(regions[:, r, None], box, mode="bilinear")[:, 0]
        face[:, top:bottom, left:right] += enlarged
    return face
