"""What RAMN's attention and features say of each face, for its sweeps.

Beta moves the weights of regions apart, omega the features of expressions;
beside the accuracy, a run keeps what shows whether they did.
"""

import numpy as np
import torch
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.models.ramn import RAMN


@torch.inference_mode()
def measures(network: RAMN, faces: FaceSet) -> dict[str, np.ndarray]:
    """Attention and the plane of most variance, ``float32 [n]`` each.

    ``attention.whole`` and ``attention.best_crop``: theta of the whole face
    and the largest of the sub-images, 0 to 1, whose difference equation (2)
    compares with beta; without sub-images neither.  ``feature.first`` and
    ``feature.second``: what the classifier sees, see :func:`plane`.

    Args:
        network: left in the mode that it was in.
        faces: two or more.
    """
    found = []
    with evaluating(network):
        for _, unit in batches(network, faces.images):
            output = network(network.input.normalise(unit))
            seen = network.combined(output.expressions)
            found.append((output.weights.float().cpu(), seen.float().cpu()))
    weights, seen = map(torch.cat, zip(*found, strict=True))
    first, second = plane(seen).T.numpy()
    told = {"feature.first": first, "feature.second": second}
    if weights.shape[1] > 1:
        told["attention.whole"] = weights[:, 0].numpy()
        told["attention.best_crop"] = weights[:, 1:].amax(1).numpy()
    return told


def plane(features: Tensor) -> Tensor:
    """The first two principal components of features.

    Args:
        features: ``[n, D]``, n of 2 or more.

    Returns:
        ``[n, 2]``, in standard deviations of the first component, so that
        networks of different scales can be drawn side by side; of either
        component, the direction in which the feature with the largest share
        grows.
    """
    centred = (features - features.mean(0)).double()
    _, _, axes = torch.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    found = centred @ (axes * largest.sign()).T
    scale = found[:, 0].std(correction=0)
    found = torch.where(scale > 0, found / scale, torch.zeros_like(found))
    return torch.nn.functional.pad(found, (0, 2 - found.shape[1])).float()
