"""Grad-CAM: which positions of a layer speak for a class.

R. R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", ICCV 2017, as equations (5) and (6) of R.
Wadhawan, T. K. Gandhi (:mod:`fer_lib.models.part_ensemble`).  The work is
captum's; here it fits the networks of the book.  Captum enlarges maps with
the nearest value by default, the Grad-CAM paper and this module bilinearly.
"""

from collections.abc import Iterable

import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models.network import Network, logits_of


def grad_cam(
    network: Network,
    x: Tensor,
    target: Tensor | int,
    layer: nn.Module | str | None = None,
    upsample: bool = True,
) -> Tensor:
    """Equations (5) and (6) of the part ensemble's paper.

    The network is put into evaluation mode.

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
    network.eval()
    if not isinstance(layer, nn.Module):
        layer = _named_layer(network, layer)
    cam = LayerGradCam(lambda faces: logits_of(network(faces)), layer)
    maps = cam.attribute(x, target, relu_attributions=True)  # [B, 1, h, w]
    if upsample:
        sides = tuple(x.shape[-2:])
        maps = LayerAttribution.interpolate(maps, sides, "bilinear")
    return maps[:, 0].detach()


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


def _named_layer(network: Network, name: str | None) -> nn.Module:
    layers = network.cam_layers()
    if name is None and len(layers) == 1:
        return next(iter(layers.values()))
    if name not in layers:
        raise FerError(
            f"{network.NAME}: layer '{name}' for Grad-CAM, expected one of "
            f"{', '.join(layers)}."
        )
    return layers[name]
