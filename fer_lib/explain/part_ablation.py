"""Feature ablation by facial parts: how far the score falls without each.

Captum's FeatureAblation with polygons around landmarks as its features, and
each face's mean colour as its baseline; all faces and parts in few passes.
"""

import numpy as np
import torch
from PIL import Image, ImageDraw

from fer_lib.errors import optional
from fer_lib.explain.inputs import Images, from_pixels, ready, variants
from fer_lib.explain.occlusion import filling
from fer_lib.explain.shapley import checked_landmarks
from fer_lib.landmarks import interocular
from fer_lib.models.network import Network

# Landmarks of each polygon; later ones lie on top.  Left and right are the
# image's.  What is in none is a part, too.
POLYGONS = {
    "jaw": tuple(range(3, 14)),
    "nose": tuple(range(27, 36)),
    "mouth": tuple(range(48, 60)),
    "left eye": tuple(range(36, 42)),
    "right eye": tuple(range(42, 48)),
    "left brow": tuple(range(17, 22)),
    "right brow": tuple(range(22, 27)),
}
MARGIN = 0.1  # around the points, in distances of the outer corners of the eyes
_AROUND = np.exp(2j * np.pi * np.arange(8) / 8)


def part_polygons(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Which polygon each pixel belongs to, ``int64 [N, size, size]``.

    0 for none, else the place in :data:`POLYGONS` plus one: the convex hull of
    its landmarks ``[N, 68, 2]``, in pixels, with a margin.
    """
    hull = optional("scipy.spatial", "rendered").ConvexHull
    offsets = np.stack([_AROUND.real, _AROUND.imag], 1)
    found = np.zeros((len(landmarks), size, size), np.int64)
    reach = MARGIN * interocular(landmarks)
    for face, points in enumerate(landmarks):
        image = Image.new("L", (size, size))
        draw = ImageDraw.Draw(image)
        for part, chosen in enumerate(POLYGONS.values(), 1):
            wide = points[list(chosen), None] + reach[face] * offsets
            wide = wide.reshape(-1, 2)
            corners = wide[hull(wide).vertices]
            draw.polygon([tuple(map(float, corner)) for corner in corners], fill=part)
        found[face] = np.asarray(image)
    return found


def part_ablation(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """How far the score falls without each facial part, on all of its pixels.

    Signed.  Called as any :class:`~fer_lib.explain.methods.Method`; it needs
    landmarks.
    """
    size = network.input.size
    points = checked_landmarks(network, images, landmarks)
    parts = torch.as_tensor(part_polygons(points, size))
    unit, wanted = ready(network, images, targets)
    grounds, scores = filling(unit, "mean", size), from_pixels(network)
    parts, count, told = parts.to(unit.device), len(POLYGONS) + 1, []
    with torch.inference_mode():
        for face, part in variants(
            network, unit, count + 1
        ):  # the last one hides nothing
            gone = (parts[face] == part[:, None, None])[:, None]
            faces = torch.where(gone, grounds[face], unit[face])
            told.append(scores(faces).gather(1, wanted[face, None])[:, 0])
    said = torch.cat(told).view(len(unit), count + 1)
    falls = said[:, -1:] - said[:, :-1]
    return falls.gather(1, parts.flatten(1)).view(parts.shape).float().cpu().numpy()
