"""What the part ensemble's sub-networks see and say, face by face.

For table I, which reports each sub-network, figure 10, which shows what
fine-tuning does to the landmarks, and figure 11, where they look.  The paper
shows maps; to count them, a part here is all that lies near its landmarks, and
a map is scaled to a mean of one, so that a network that looks everywhere alike
has one inside any part.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.data.fitted_landmarks import annotated, landmarks_seen
from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import batches, device_of, evaluating, predict
from fer_lib.explain.grad_cam import union, weighted_maps
from fer_lib.explain.placing import enlarge
from fer_lib.models.network import Network
from fer_lib.models.part_ensemble import (
    Localisers,
    PartEnsemble,
    branch_cross_entropy,
)
from fer_lib.models.part_network import PARTS, landmark_targets

# Section V-C and Figure 11: where Full Transfer Learning looks, and the rest.
LOOKED_AT = (
    *("eyes_eyebrows_jaw", "nose_mouth"),  # surprise
    *("eyes_nose", "eyebrows_mouth_jaw"),  # disgust
    *("eyes_mouth", "eyebrows_nose_jaw"),  # happiness
)
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


def landmark_errors(localisers: Localisers, faces: FaceSet) -> np.ndarray:
    """Equation (1) of every face and localiser, ``float32 [n, localisers]``.

    Mean error of a coordinate, as a share of the side of the face.
    """
    size, errors = localisers[0].input.size, []
    points = landmarks_seen(faces, size)
    for one in localisers:
        wanted = landmark_targets(points, one.part, size).numpy()
        errors.append(np.abs(predict(one, faces.images) - wanted).mean(1))
    return np.stack(errors, 1)


@torch.inference_mode()
def member_scores(network: PartEnsemble, images: np.ndarray) -> Tensor:
    """Scores of the sub-networks, ``[n, 5, classes]``, on the CPU."""
    with evaluating(network):
        found = [
            network(network.input.normalise(unit)).branches.float().cpu()
            for _, unit in batches(network, images)
        ]
    return torch.cat(found)


def heat(network: PartEnsemble, faces: FaceSet) -> dict[str, np.ndarray]:
    """Mean heat of a pixel, ``float32 [n]``, for the class that is predicted.

    ``heat.parts`` is that of the union of the five maps near any landmark, and
    ``heat.eyes_nose`` and so on that near those of some parts: of those that
    section V-C names and of the others.  Sub-networks of parts also have
    ``heat.own_part``, near their own landmarks, ``heat.own_part_by_others``,
    there in the maps of the four others, and ``heat.elsewhere``, away from
    them; means of the five.  A map that is zero all over counts as zero.
    """

    def measured(x: Tensor, points: Tensor) -> dict[str, Tensor]:
        maps = [_heated(member, x) for member in network.sub_networks]
        size, whole = network.input.size, union(maps)
        found = {"heat.parts": share_inside(whole, near(points, size))}
        for name in LOOKED_AT:
            region = near_parts(points, size, *name.split("_"))
            found[f"heat.{name}"] = share_inside(whole, region)
        if network.kind != "parts":
            return found
        own = [near_parts(points, size, part) for part in network.parts]
        pairs = {
            "own_part": zip(maps, own, strict=True),
            "own_part_by_others": (
                (map_, region)
                for i, region in enumerate(own)
                for map_ in (*maps[:i], *maps[i + 1 :])
            ),
            "elsewhere": ((map_, ~one) for map_, one in zip(maps, own, strict=True)),
        }
        for name, both in pairs.items():
            shares = [share_inside(*pair) for pair in both]
            found[f"heat.{name}"] = torch.stack(shares).mean(0)
        return found

    return by_batch(network, faces, measured)


def by_batch(
    network: Network, faces: FaceSet, measured: Callable
) -> dict[str, np.ndarray]:
    """Measures ``[n]`` of all faces, from those of (input, landmarks) of some.

    Args:
        network: left in the mode that it was in.
        faces: a set; landmarks that it lacks are fitted.
        measured: gives a dictionary of tensors ``[B]``.
    """
    faces = annotated(faces)
    points = landmarks_seen(faces, network.input.size).to(device_of(network))
    with evaluating(network):
        rows = [
            measured(network.input.normalise(unit), points[where])
            for where, unit in batches(network, faces.images)
        ]
    return {name: torch.cat([r[name] for r in rows]).numpy() for name in rows[0]}


def near_parts(points: Tensor, size: int, *parts: str) -> Tensor:
    """Pixels ``bool [B, size, size]`` near the landmarks of some parts."""
    chosen = [points[:, slice(*PARTS[part])] for part in parts]
    return near(torch.cat(chosen, 1), size)


def hulls(points: Tensor, size: int) -> Tensor:
    """Pixels ``bool [B, size, size]`` inside the hull of the landmarks."""
    from scipy.spatial import ConvexHull  # slow to import
    from skimage.draw import polygon2mask

    found = []
    for one in points.cpu().numpy():
        corners = one[ConvexHull(one).vertices][:, ::-1]  # row, column
        found.append(polygon2mask((size, size), corners))
    return torch.as_tensor(np.stack(found), device=points.device)


def near(points: Tensor, size: int) -> Tensor:
    """Pixels ``bool [B, size, size]`` near any of the points ``[B, P, 2]``."""
    places = torch.arange(size, device=points.device, dtype=points.dtype)
    across, down = (points[..., axis, None] - places for axis in (0, 1))
    squares = down.square()[..., :, None] + across.square()[..., None, :]
    return squares.amin(1) <= (NEAR * size) ** 2


def _heated(member: Network, x: Tensor) -> Tensor:
    with torch.no_grad():
        predicted = member(x).argmax(1)
    maps = weighted_maps(member, member.cam_layers()["last block"], x, predicted)
    return enlarge(maps.relu(), x.shape[-2:])


def share_inside(maps: Tensor, region: Tensor) -> Tensor:
    """Mean of maps ``[B, H, W]`` over a region by that of the map, ``[B]``.

    Zero where the region has no pixel or the map no heat.
    """
    whole = maps.mean((1, 2))
    inside = (maps * region).sum((1, 2)) / region.sum((1, 2)).clamp(min=1)
    return torch.where(whole > 0, inside / whole, 0.0).cpu()
