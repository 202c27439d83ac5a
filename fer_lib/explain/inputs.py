"""Faces, classes and maps, as every explanation takes them."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import (
    batches,
    device_of,
    evaluating,
    faces_together,
)
from fer_lib.models.network import Network, logits_of

Images = np.ndarray | Tensor  # [N, C, H, W], uint8 0..255 or floats 0..1


def from_pixels(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """Class scores as a function of pixels in 0..1, where zero is black.

    The network is evaluated, and left in the mode it was in.
    """

    def scores(unit: Tensor) -> Tensor:
        with evaluating(network):
            return logits_of(network(network.input.normalise(unit)))

    return scores


@torch.inference_mode()
def collected(
    network: nn.Module,
    images: Images,
    read: Callable[[Tensor, slice], tuple[Tensor, ...]],
) -> list[Tensor]:
    """What is read of a network while faces run through it, on the CPU.

    ``read`` makes tensors ``[B, ...]`` of a batch as the network takes it, and
    of the rows that it is.  The network is evaluated, and left in its mode.
    """
    found = []
    with evaluating(network):
        for rows, unit in batches(network, images):
            told = read(network.input.normalise(unit), rows)
            found.append([values.cpu() for values in told])
    return [torch.cat(values) for values in zip(*found, strict=True)]


def ready(
    network: Network,
    images: Images,
    targets: np.ndarray | Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Faces ``float32 [N, channels, size, size]`` in 0..1 and classes ``int64 [N]``,
    those predicted if None, where the network's weights lie."""
    if isinstance(images, np.ndarray):
        images = torch.as_tensor(np.ascontiguousarray(images))
    wanted = None if targets is None else torch.as_tensor(targets)
    fits = images.ndim == 4 and len(images)
    if not fits or (wanted is not None and wanted.shape != images.shape[:1]):
        classes = "none" if wanted is None else list(wanted.shape)
        raise FerError(
            f"explanation: faces of shape {list(images.shape)} and targets of shape "
            f"{classes}, expected [N, C, H, W] and [N], N one or more."
        )
    device = device_of(network)
    unit = network.input.to_unit(images.to(device))
    if wanted is None:
        scores = from_pixels(network)
        with torch.no_grad():
            wanted = torch.cat([scores(x).argmax(1) for (x,) in passes(network, unit)])
    return unit, wanted.to(device, torch.int64)


def together(network: nn.Module, unit: Tensor) -> int:
    """How many faces like these fit a pass of a network."""
    return faces_together(*unit.shape[1:3], getattr(network, "regions_per_face", 1))


def passes(
    network: nn.Module, unit: Tensor, *beside: Tensor
) -> Iterator[tuple[Tensor, ...]]:
    """Faces, and what belongs to each, as many as fit a pass."""
    count = together(network, unit)
    return zip(*(one.split(count) for one in (unit, *beside)), strict=True)


def variants(
    network: nn.Module, unit: Tensor, count: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Numbers ``int64 [B]`` of faces and of their K variants, as many as fit a pass.

    All variants of the first face come first: what is found views as ``[N, K]``.
    """
    flat = torch.arange(len(unit) * count, device=unit.device)
    for part in flat.split(together(network, unit)):
        yield part // count, part % count


def fitting(maps: np.ndarray, unit: Tensor) -> Tensor:
    """Maps ``float32 [N, H, W]`` beside their faces ``[N, C, H, W]``."""
    maps = torch.as_tensor(np.asarray(maps), device=unit.device)
    if maps.shape != (len(unit), *unit.shape[-2:]) or not maps.isfinite().all():
        raise FerError(
            f"explanation: maps of shape {list(maps.shape)} for faces of "
            f"{list(unit.shape)}, expected finite [N, H, W]."
        )
    return maps.float()
