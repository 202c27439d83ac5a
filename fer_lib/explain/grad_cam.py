"""Grad-CAM: which positions of a layer speak for a class.

R. R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", ICCV 2017, as equations (5) and (6) of R.
Wadhawan, T. K. Gandhi (:mod:`fer_lib.models.part_ensemble`).  The work is
captum's; here it fits the networks of the book.  Captum enlarges maps with
the nearest value by default, the Grad-CAM paper and this module bilinearly.
"""

from collections.abc import Callable, Iterable

import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import evaluating
from fer_lib.models.network import Network, logits_of


def grad_cam(
    network: Network,
    x: Tensor,
    target: Tensor | int,
    layer: nn.Module | str | None = None,
    upsample: bool = True,
) -> Tensor:
    """Equations (5) and (6) of the part ensemble's paper.

    The network is evaluated, and left in the mode it was in.

    Args:
        network: one of the book's.
        x: faces ``[B, C, H, W]``, as the network takes them.
        target: the class whose score before softmax is explained, one for
            all or ``int64 [B]``.
        layer: whose output maps are weighted: a module, or a name among
            ``network.cam_layers()``; None where there is only one.
        upsample: whether to enlarge the maps to ``[B, H, W]``, bilinearly.

    Returns:
        ``[B, H, W]``, or ``[B, h, w]`` as the layer has them, zero or more,
        in units of the score times the layer's.  A map is zero all over
        where nothing in the layer speaks for the class.

    Raises:
        FerError: when no layer, or an unknown one, is named.
    """
    if not isinstance(layer, nn.Module):
        layer = named_layer(network, layer)
    with evaluating(network):
        maps = signed_cam(lambda faces: logits_of(network(faces)), layer, x, target)
    maps = maps.relu()
    return enlarge(maps, tuple(x.shape[-2:])) if upsample else maps


def signed_cam(
    scores: Callable[[Tensor], Tensor],
    layer: nn.Module,
    x: Tensor,
    target: Tensor | int,
) -> Tensor:
    """The sum of equation (6), before its ReLU takes the negative away.

    Args:
        scores: class scores ``[B, num_classes]`` of faces, in which the
            layer takes part, in evaluation mode.
        layer: whose output maps are weighted.
        x: faces, as ``scores`` takes them.
        target: as of :func:`grad_cam`.

    Returns:
        ``[B, h, w]``, negative where a position speaks against the class.
    """
    cam = LayerGradCam(scores, layer)
    return cam.attribute(x, target, relu_attributions=False)[:, 0].detach()


def enlarge(maps: Tensor, sides: tuple[int, int]) -> Tensor:
    """Maps ``[B, h, w]`` as ``[B, H, W]``, bilinearly."""
    return LayerAttribution.interpolate(maps[:, None], sides, "bilinear")[:, 0]


def union(maps: Iterable[Tensor]) -> Tensor:
    """One map of several, as for five models of equal standing.

    The paper does not say how it unites; here each map of a face is divided
    by its own maximum, and the largest value of a position stays.

    Args:
        maps: each ``[B, H, W]``, zero or more.

    Returns:
        ``[B, H, W]`` in 0..1; zero where all maps are.
    """
    stacked = torch.stack(list(maps))  # [M, B, H, W]
    largest = stacked.amax((-2, -1), keepdim=True)
    scaled = torch.where(largest > 0, stacked / largest, 0.0)
    return scaled.amax(0)


def named_layer(network: Network, name: str | None) -> nn.Module:
    """A layer among ``network.cam_layers()``; None for the only one.

    Raises:
        FerError: when no layer, or an unknown one, is named.
    """
    layers = network.cam_layers()
    if name is None and len(layers) == 1:
        return next(iter(layers.values()))
    if name not in layers:
        raise FerError(
            f"{network.NAME}: layer '{name}' for Grad-CAM, expected one of "
            f"{', '.join(layers)}."
        )
    return layers[name]
