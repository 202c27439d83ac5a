"""Class scores of many faces, in batches."""

import numpy as np
import torch
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models.network import logits_of
from fer_lib.preprocessing import Preprocessing

PASSES = ("single", "flip")


@torch.inference_mode()
def predict(
    network: nn.Module,
    images: np.ndarray | Tensor,
    preprocessing: Preprocessing,
    *,
    tta: str = "single",
    batch_size: int = 512,
) -> np.ndarray:
    """Class scores of faces, on the device where the network is.

    Args:
        network: maps ``[B, C, H, W]`` to class scores ``[B, classes]``, or
            to a tuple with ``logits``; used, and left, in evaluation mode.
        images: ``uint8 [N, C, H, W]``.
        preprocessing: what the network was trained with.
        tta: ``"single"`` for one pass; ``"flip"`` for test-time
            augmentation: the logarithm of the mean probability of a face
            and its mirror image.
        batch_size: faces in one pass; the result does not depend on it.

    Returns:
        ``float32 [N, classes]``, scores before (``"single"``) or
        logarithms after (``"flip"``) the softmax.
    """
    if tta not in PASSES:
        raise FerError(f"tta is '{tta}', expected one of {', '.join(PASSES)}.")
    if not len(images):
        raise FerError("no faces to predict: the split is empty.")
    device = next(network.parameters()).device
    network.eval()
    scores = []
    for start in range(0, len(images), batch_size):
        batch = torch.as_tensor(images[start : start + batch_size])
        faces = preprocessing(batch.to(device))
        faces = faces.contiguous(memory_format=torch.channels_last)
        out = logits_of(network(faces))
        if tta == "flip":
            mirrored = logits_of(network(faces.flip(-1))).softmax(1)
            out = ((out.softmax(1) + mirrored) / 2).log()
        scores.append(out.float().cpu())
    return torch.cat(scores).numpy()
