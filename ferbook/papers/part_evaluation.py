"""What the part ensemble's sub-networks see and say, face by face.

For table I, which reports each sub-network, and figure 10, which shows what
fine-tuning does to the landmarks.
"""

import numpy as np
import torch
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import batches, device_of, evaluating
from fer_lib.models.part_ensemble import PartEnsemble, branch_cross_entropy
from fer_lib.models.part_network import landmark_targets
from ferbook.papers.part_heat import heat
from ferbook.papers.part_transfer import (
    Localisers,
    TransferEnsemble,
    annotated,
    landmarks_seen,
)


def views(network: TransferEnsemble, splits: Splits) -> dict[str, np.ndarray]:
    """Scores ``float32 [n, classes]`` of each sub-network alone.

    By ``member.<name>``, as run records call them.
    """
    scores = member_scores(network, splits.test.images).numpy()
    return {f"member.{name}": scores[:, i] for i, name in enumerate(network.members)}


def measures(network: TransferEnsemble, faces: FaceSet) -> dict[str, np.ndarray]:
    """What else is known of every face, ``float32 [n]``, by name.

    ``landmark_error.before.<name>`` and ``landmark_error.after.<name>``:
    mean error of a coordinate as a share of the side, with the same head
    (section IV-B); ``landmark_rise.<name>`` is their difference.  The
    Baseline has none of these.  :func:`~ferbook.papers.part_heat.heat`, too.
    """
    faces = annotated(faces)
    found = heat(network, faces)
    if not len(network.originals):
        return found
    before = landmark_errors(network.originals, faces)
    after = landmark_errors(network.tuned(), faces)
    for name, first, then in zip(network.members, before.T, after.T, strict=True):
        found[f"landmark_error.before.{name}"] = first
        found[f"landmark_error.after.{name}"] = then
        found[f"landmark_rise.{name}"] = then - first
    return found


def landmark_values(
    localisers: Localisers,
    names: tuple[str, ...],
    faces: FaceSet,
) -> dict[str, float]:
    """Means of :func:`landmark_errors` for the curve.

    As ``<split>_landmarks_<name>``, and their sum as ``<split>_landmarks``.
    """
    split = str(faces.splits[0])
    means = landmark_errors(localisers, faces).mean(0)
    found = {f"{split}_landmarks": float(means.sum())}
    for name, mean in zip(names, means, strict=True):
        found[f"{split}_landmarks_{name}"] = float(mean)
    return found


def expression_values(network: TransferEnsemble, faces: FaceSet) -> dict[str, float]:
    """What the sub-networks make of labelled faces, for the curve.

    As ``<split>_loss``, the sum of their cross-entropies,
    ``<split>_accuracy_<name>`` and, with the original heads on the present
    extractors, :func:`landmark_values`.
    """
    split = str(faces.splits[0])
    scores = member_scores(network, faces.images)
    labels = torch.as_tensor(faces.labels)
    right = (scores.argmax(2) == labels[:, None]).double().mean(0)
    found = {f"{split}_loss": float(branch_cross_entropy(scores, labels))}
    for name, share in zip(network.members, right, strict=True):
        found[f"{split}_accuracy_{name}"] = float(share)
    if not len(network.originals):
        return found
    drift = landmark_values(network.tuned(), network.members, faces)
    return found | drift


@torch.inference_mode()
def landmark_errors(localisers: Localisers, faces: FaceSet) -> np.ndarray:
    """Equation (1) of every face and localiser.

    Args:
        localisers: one or more; left in the mode that they were in.
        faces: a set with landmarks.

    Returns:
        ``float32 [n, localisers]``: mean error of a coordinate, as a share
        of the side of the face.
    """
    size, errors = localisers.input.size, []
    points = landmarks_seen(faces, size).to(device_of(localisers))
    with evaluating(localisers):
        for rows, unit in batches(localisers, faces.images):
            outputs = localisers(localisers.input.normalise(unit))
            parts = [one.part for one in localisers]
            wanted = [landmark_targets(points[rows], part, size) for part in parts]
            pairs = zip(outputs, wanted, strict=True)
            off = [(found - target).abs().mean(1) for found, target in pairs]
            errors.append(torch.stack(off, 1).cpu())
    return torch.cat(errors).numpy()


@torch.inference_mode()
def member_scores(network: PartEnsemble, images: np.ndarray) -> Tensor:
    """Scores of the sub-networks, ``[n, 5, classes]``, on the CPU.

    Args:
        network: left in the mode that it was in.
        images: ``uint8 [n, C, H, W]``.
    """
    found = []
    with evaluating(network):
        for _, unit in batches(network, images):
            output = network(network.input.normalise(unit))
            found.append(output.branches.float().cpu())
    return torch.cat(found)
