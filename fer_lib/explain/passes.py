"""How an explanation runs a network, and leaves it as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.preprocessing import Preprocessing

# Values of pixels in one pass: 1,024 grey faces of 48 pixels, or 15 colour
# faces of 224.  Larger passes are no faster on a CPU.
VALUES_TOGETHER = 1024 * 48 * 48


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, afterwards every module's own mode again.

    A module that ``eval()`` does not reach (a flaw that ESR can be asked
    for) would go on adapting its statistics: these are put back, too.
    """
    modes = {module: module.training for module in network.modules()}
    network.eval()
    adapting = [module for module in network.modules() if module.training]
    kept = [
        (buffer, buffer.clone())
        for module in adapting
        for buffer in module.buffers(recurse=False)
    ]
    try:
        yield
    finally:
        for buffer, value in kept:
            buffer.copy_(value)
        for module, mode in modes.items():
            module.training = mode  # train() would reach the modules below


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights lie."""
    return next(network.parameters()).device


def faces_together(channels: int, size: int) -> int:
    """Faces ``[channels, size, size]`` in one pass, at least one."""
    return max(1, VALUES_TOGETHER // (channels * size**2))


def passes(
    network: nn.Module,
    images: np.ndarray,
    preprocessing: Preprocessing,
    batch_size: int | None = None,
) -> Iterator[tuple[slice, Tensor]]:
    """Rows, and pixels 0..1 as the network's preprocessing sizes them.

    Args:
        network: says where to put them.
        images: ``uint8 [N, C, H, W]``.
        preprocessing: what the network expects; see
            :meth:`~fer_lib.preprocessing.Preprocessing.normalise`.
        batch_size: faces in one pass; by their size if None.

    Raises:
        FerError: when there is no face.
    """
    if not len(images):
        raise FerError("explanation: found no face, expected one or more.")
    count = batch_size or faces_together(preprocessing.channels, preprocessing.size)
    starts = range(0, len(images), count)
    bar = tqdm(starts, unit="pass", leave=False, disable=len(starts) < 8)
    for start in bar:
        rows = slice(start, start + count)
        pixels = torch.as_tensor(np.ascontiguousarray(images[rows]))
        yield rows, preprocessing.to_unit(pixels.to(device_of(network)))
