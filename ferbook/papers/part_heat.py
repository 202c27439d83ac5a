"""Where the part ensemble's sub-networks look (section V-C, figure 11).

The paper shows maps; to count them, a part here is all that lies near its
landmarks, and a map is scaled to a mean of one, so that a network that looks
everywhere alike has one inside any part.
"""

import numpy as np
import torch
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.inference import batches, device_of, evaluating
from fer_lib.explain.grad_cam import union, weighted_maps
from fer_lib.explain.placing import enlarge
from fer_lib.models.part_network import PARTS
from ferbook.papers.part_transfer import (
    TransferEnsemble,
    annotated,
    landmarks_seen,
)

NEAR = 0.06  # ours: share of the side; neighbours on the jaw are that far apart


def heat(network: TransferEnsemble, faces: FaceSet) -> dict[str, np.ndarray]:
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
    found = {"heat.parts": _mean(_scaled(union(maps)), anywhere)}
    if len(set(parts)) == len(maps):  # five parts, and not five whole faces
        regions = [near(points[:, slice(*PARTS[part])], size) for part in parts]
        pairs = list(zip(map(_scaled, maps), regions, strict=True))
        own = [_mean(one, region) for one, region in pairs]
        rest = [_mean(one, ~region) for one, region in pairs]
        found["heat.own_part"] = torch.stack(own).mean(0)
        found["heat.elsewhere"] = torch.stack(rest).mean(0)
    return {name: values.cpu() for name, values in found.items()}


def _scaled(maps: Tensor) -> Tensor:
    """Maps ``[B, H, W]`` with a mean of one, or of zero."""
    means = maps.mean((1, 2), keepdim=True)
    return torch.where(means > 0, maps / means, 0.0)


def _mean(maps: Tensor, region: Tensor) -> Tensor:
    """Mean over a region, ``[B]``; zero where it has no pixel."""
    total = (maps * region).sum((1, 2))
    return total / region.sum((1, 2)).clamp(min=1)
