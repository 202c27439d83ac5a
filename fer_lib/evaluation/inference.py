"""How a network is run on many faces, and left as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fer_lib.device import all_digits
from fer_lib.errors import FerError
from fer_lib.models.network import Network, logits_of, memory_format

PASSES = ("single", "flip")
# Values of pixels in one pass: 1,024 grey faces of 48 pixels, or 15 colour
# faces of 224.  Larger passes are no faster on a CPU, and with a gradient
# these take up to 4 GiB.
VALUES_TOGETHER = 1024 * 48 * 48


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, afterwards every module's own mode again.

    A module that ``eval()`` does not reach (a flaw that ESR can be asked
    for) would go on adapting its statistics: inside it adapts copies, so that
    gradients can still be taken afterwards.
    """
    modes = {module: module.training for module in network.modules()}
    network.eval()
    adapting = (module for module in modes if module.training)
    kept = [(m, dict(m._buffers)) for m in adapting if m._buffers]
    for module, buffers in kept:
        copies = {k: b.clone() for k, b in buffers.items() if b is not None}
        module._buffers.update(copies)
    try:
        with all_digits():
            yield
    finally:
        for module, buffers in kept:
            module._buffers.update(buffers)
        for module, mode in modes.items():
            module.training = mode  # train() would reach the modules below


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights lie."""
    return next(network.parameters()).device


def faces_together(channels: int, size: int, regions: int = 1) -> int:
    """Faces ``[channels, size, size]`` in one pass, at least one.

    ``regions``: pictures of that size that the network makes of one face.
    """
    return max(1, VALUES_TOGETHER // (channels * size**2 * regions))


def batches(
    network: Network, images: np.ndarray | Tensor, batch_size: int | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """Rows of images ``[N, C, H, W]``, and their pixels 0..1 as the network's input
    sizes them; ``batch_size`` in one pass, by their size if None."""
    if not len(images):
        raise FerError("found no face, expected one or more: the set is empty.")
    wanted, device = network.input, device_of(network)
    kind = next(network.parameters()).dtype
    face = wanted.channels, wanted.size, network.regions_per_face
    count = batch_size or faces_together(*face)
    starts = range(0, len(images), count)
    # Saying "not disabled" would overrule TQDM_DISABLE.
    short = {"disable": True} if len(starts) < 8 else {}
    for start in tqdm(starts, unit="pass", leave=False, **short):
        rows = slice(start, start + count)
        part = images[rows]
        if isinstance(part, np.ndarray):
            part = np.ascontiguousarray(part)
        yield rows, wanted.to_unit(torch.as_tensor(part).to(device)).to(kind)


def probabilities(
    network: Network, images: np.ndarray | Tensor, batch_size: int | None = None
) -> np.ndarray:
    """Calibrated probabilities of the classes, of faces as for :func:`predict`.

    Returns:
        ``float32 [N, classes]``, the softmax of the class scores over the
        network's ``temperature``; each row sums to 1.
    """
    scores = predict(network, images, batch_size=batch_size)
    return torch.as_tensor(scores / network.temperature).softmax(1).numpy()


@torch.inference_mode()
def predict(
    network: Network,
    images: np.ndarray | Tensor,
    *,
    tta: str = "single",
    batch_size: int | None = None,
) -> np.ndarray:
    """Class scores of faces, on the device where the network is.

    Args:
        network: evaluated, and left in the mode that it was in.
        images: ``[N, C, H, W]``, uint8 0-255 or floating point 0..1.
        tta: ``"single"`` for one pass; ``"flip"`` for test-time
            augmentation: the logarithm of the mean probability of a face
            and its mirror image.
        batch_size: faces in one pass, by their size if None.

    Returns:
        ``float32 [N, classes]``, scores before (``"single"``) or
        logarithms after (``"flip"``) the softmax.
    """
    if tta not in PASSES:
        raise FerError(f"tta is '{tta}', expected one of {', '.join(PASSES)}.")
    scores = []
    with evaluating(network):
        for _, unit in batches(network, images, batch_size):
            x = network.input.normalise(unit)
            low = torch.is_autocast_enabled(x.device.type)
            form = memory_format(x.device, "auto" if low else "float32")
            x = x.contiguous(memory_format=form)
            out = logits_of(network(x)).float()
            if tta == "flip":
                mirrored = logits_of(network(x.flip(-1))).float().softmax(1)
                out = ((out.softmax(1) + mirrored) / 2).log()
            scores.append(out.cpu())
    return torch.cat(scores).numpy()
