"""What the part ensemble's sub-networks see and say, face by face.

For table I, which reports each sub-network, figure 10, which shows what
fine-tuning does to the landmarks, and figure 11, where they look.  The paper
shows maps; to count them, a part here is all that lies near its landmarks, and
a map is scaled to a mean of one, so that a network that looks everywhere alike
has one inside any part.
"""

import numpy as np
import torch
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.data.fitted_landmarks import annotated, landmarks_seen
from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import batches, device_of, evaluating
from fer_lib.explain.grad_cam import union, weighted_maps
from fer_lib.explain.placing import enlarge
from fer_lib.models.part_ensemble import (
    Localisers,
    PartEnsemble,
    branch_cross_entropy,
)
from fer_lib.models.part_network import PARTS, landmark_targets

NEAR = 0.06  # ours: share of the side; neighbours on the jaw are that far apart


def views(network: PartEnsemble, splits: Splits) -> dict[str, np.ndarray]:
    """Scores ``float32 [n, classes]`` of each sub-network alone.

    By ``member.<name>``, as run records call them.
    """
    scores = member_scores(network, splits.test.images).numpy()
    return {f"member.{name}": scores[:, i] for i, name in enumerate(network.members)}


def measures(network: PartEnsemble, faces: FaceSet) -> dict[str, np.ndarray]:
    """What else is known of every face, ``float32 [n]``, by name.

    ``landmark_error.before.<name>`` and ``landmark_error.after.<name>``:
    mean error of a coordinate as a share of the side, with the same head
    (section IV-B); ``landmark_rise.<name>`` is their difference.  The
    Baseline has none of these.  :func:`heat`, too.
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


def expression_values(network: PartEnsemble, faces: FaceSet) -> dict[str, float]:
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


def heat(network: PartEnsemble, faces: FaceSet) -> dict[str, np.ndarray]:
    """Mean heat of a pixel, ``float32 [n]``, for the class that is predicted.

    ``heat.parts`` is that of the union of the five maps near any landmark.
    Sub-networks of parts also have ``heat.own_part``, near their own
    landmarks, and ``heat.elsewhere``, away from them; means of the five.
    A map that is zero all over counts as zero.

    Args:
        network: left in the mode that it was in.
        faces: a set; landmarks that it lacks are fitted.
    """
    faces, size = annotated(faces), network.input.size
    points, rows = landmarks_seen(faces, size).to(device_of(network)), []
    for where, unit in batches(network, faces.images):
        x = network.input.normalise(unit)
        maps = [_heated(member, x) for member in network.sub_networks]
        rows.append(_inside(maps, points[where], network.parts))
    return {name: torch.cat([r[name] for r in rows]).numpy() for name in rows[0]}


def near(points: Tensor, size: int) -> Tensor:
    """Pixels ``bool [B, size, size]`` near any of the points ``[B, P, 2]``."""
    places = torch.arange(size, device=points.device, dtype=points.dtype)
    across, down = (points[..., axis, None] - places for axis in (0, 1))
    squares = down.square()[..., :, None] + across.square()[..., None, :]
    return squares.amin(1) <= (NEAR * size) ** 2


def _heated(member: torch.nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad(), evaluating(member):
        predicted = member(x).argmax(1)
        maps = weighted_maps(member, member.cam_layers()["last block"], x, predicted)
    return enlarge(maps.relu(), x.shape[-2:])


def _inside(
    maps: list[Tensor], points: Tensor, parts: tuple[str, ...]
) -> dict[str, Tensor]:
    """The measures of a batch, on the CPU."""
    size = maps[0].shape[-1]
    anywhere = near(points, size)
    found = {"heat.parts": _inside_mean(_scaled(union(maps)), anywhere)}
    if len(set(parts)) == len(maps):  # five parts, and not five whole faces
        regions = [near(points[:, slice(*PARTS[part])], size) for part in parts]
        pairs = list(zip(map(_scaled, maps), regions, strict=True))
        own = [_inside_mean(one, region) for one, region in pairs]
        rest = [_inside_mean(one, ~region) for one, region in pairs]
        found["heat.own_part"] = torch.stack(own).mean(0)
        found["heat.elsewhere"] = torch.stack(rest).mean(0)
    return {name: values.cpu() for name, values in found.items()}


def _scaled(maps: Tensor) -> Tensor:
    """Maps ``[B, H, W]`` with a mean of one, or of zero."""
    means = maps.mean((1, 2), keepdim=True)
    return torch.where(means > 0, maps / means, 0.0)


def _inside_mean(maps: Tensor, region: Tensor) -> Tensor:
    """Mean over a region, ``[B]``; zero where it has no pixel."""
    total = (maps * region).sum((1, 2))
    return total / region.sum((1, 2)).clamp(min=1)
