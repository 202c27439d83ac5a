"""What the Residual Masking Network's maps prefer, and its random passes.

For figures 1 and 6, which show maps; to count them, they are scaled to a
mean of one over the picture, and a part is all that lies near its landmarks.
"""

import numpy as np
import torch
from scipy.spatial import ConvexHull
from skimage.draw import polygon2mask
from torch import Tensor

from fer_lib.data.augment import augmentation, seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import batches, device_of, evaluating
from fer_lib.explain.grad_cam import weighted_maps
from fer_lib.explain.placing import enlarge
from fer_lib.models.network import Scores, logits_of
from fer_lib.models.part_network import PARTS
from fer_lib.models.residual_masking import ResidualMaskingNetwork
from ferbook.papers.part_heat import near
from ferbook.papers.part_transfer import annotated, landmarks_seen

PASSES = 10  # the authors' tta_size while training; their results take 8


def views(network: ResidualMaskingNetwork, splits: Splits) -> dict[str, np.ndarray]:
    """Scores after test-time augmentation as the authors' code has it.

    ``random10``: the logarithm of the mean probability over ten passes
    through the augmentation of the training, mirror images and rotations by
    up to 30 degrees, drawn from one seed.  The paper does not mention it.
    """
    change, found = augmentation(flip=0.5, degrees=30.0), []
    with torch.inference_mode(), evaluating(network), seeded(0, 3):
        # What is drawn depends on how many faces go together.
        for _, unit in batches(network, splits.test.images, 256):
            seen = [network.input.normalise(change(unit)) for _ in range(PASSES)]
            shares = [logits_of(network(x)).softmax(1) for x in seen]
            found.append(torch.stack(shares).mean(0).log().float().cpu())
    return {"random10": torch.cat(found).numpy()}


def measures(network: ResidualMaskingNetwork, faces: FaceSet) -> dict[str, np.ndarray]:
    """How hot maps are in and out of parts of the face, ``float32 [n]``.

    ``mask3.eyes_nose_mouth`` and ``mask3.elsewhere``: mean of the refined
    maps of layer 3 (figure 1, fourth column) near these landmarks, and in
    the rest of the face, which is the hull of its landmarks.
    ``grad_cam.eyes_mouth`` and ``grad_cam.elsewhere``: of Grad-CAM for the
    predicted class (figure 6) near the eyes or the mouth, and in the rest of
    the picture.  All are shares of the mean over the picture.

    Args:
        network: left in the mode that it was in.
        faces: a set; landmarks that it lacks are fitted.
    """
    faces, size = annotated(faces), network.input.size
    points, rows = landmarks_seen(faces, size).to(device_of(network)), []
    with evaluating(network):
        for where, unit in batches(network, faces.images):
            x = network.input.normalise(unit)
            rows.append(_measured(network, x, points[where], size))
    return {name: torch.cat([r[name] for r in rows]).numpy() for name in rows[0]}


def _measured(
    network: ResidualMaskingNetwork, x: Tensor, points: Tensor, size: int
) -> dict[str, Tensor]:
    with torch.no_grad():
        refined = enlarge(network.stages(x)[2].after.mean(1), (size, size))
        predicted = logits_of(network(x)).argmax(1)
    [layer] = network.cam_layers().values()
    heat = weighted_maps(Scores(network), layer, x, predicted).relu()
    heat, face = enlarge(heat, (size, size)), _hulls(points, size)
    central = _near(points, size, "eyes", "nose", "mouth")
    hot = _near(points, size, "eyes", "mouth")
    return {
        "mask3.eyes_nose_mouth": _mean(refined, central),
        "mask3.elsewhere": _mean(refined, face & ~central),
        "grad_cam.eyes_mouth": _mean(heat, hot),
        "grad_cam.elsewhere": _mean(heat, ~hot),
    }


def _near(points: Tensor, size: int, *parts: str) -> Tensor:
    chosen = [points[:, slice(*PARTS[part])] for part in parts]
    return near(torch.cat(chosen, 1), size)


def _hulls(points: Tensor, size: int) -> Tensor:
    """Pixels ``bool [B, size, size]`` inside the hull of the landmarks."""
    hulls = []
    for one in points.cpu().numpy():
        corners = one[ConvexHull(one).vertices][:, ::-1]  # row, column
        hulls.append(polygon2mask((size, size), corners))
    return torch.as_tensor(np.stack(hulls), device=points.device)


def _mean(maps: Tensor, region: Tensor) -> Tensor:
    """Mean over a region by the mean of the map, ``[B]``; 0 for no heat."""
    whole = maps.mean((1, 2))
    inside = (maps * region).sum((1, 2)) / region.sum((1, 2)).clamp(min=1)
    return torch.where(whole > 0, inside / whole, 0.0).cpu()
