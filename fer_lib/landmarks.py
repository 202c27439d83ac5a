"""The 68 landmarks of the head, in the order of iBUG 300-W.

Sagonas et al., "300 Faces In-The-Wild Challenge", 2016.  Left and right in
the comments are the image's: points 0-7 lie on the subject's right cheek.

The vertices were chosen once: of all skin vertices, those that lay closest
on average to dlib's points on 180 frontal renderings, the same for both
sides; jaw and brows then by hand along the bone and the drawn brow.
"""

import numpy as np

# Vertex id of each landmark in the asset.
LANDMARKS = np.array([
    870, 2313, 1648, 1792, 1790, 915, 917, 1842,        # jaw, left
    1846,                                               # chin
    4078, 3184, 3182, 4029, 4031, 3893, 4540, 3140,     # jaw, right
    261, 232, 222, 223, 228,                            # brow, left
    2566, 2562, 2561, 2570, 2595,                       # brow, right
    132, 131, 164, 294,                                 # bridge of the nose
    344, 313, 317, 2641, 2670,                          # below the nose
    2345, 0, 54, 2329, 1562, 41,                        # eye, left
    4556, 2403, 2349, 4572, 2390, 3810,                 # eye, right
    429, 1901, 450, 466, 2775, 4133, 2754,              # upper lip, outside
    2804, 2806, 492, 486, 484,                          # lower lip, outside
    437, 472, 474, 2793, 2762,                          # upper lip, inside
    2807, 494, 487,                                     # lower lip, inside
])  # fmt: skip

# Where each point comes from when an image is flipped left to right:
# points[IBUG_FLIP] are the mirrored points in iBUG order again.
IBUG_FLIP = np.array([
    *range(16, -1, -1),
    *range(26, 16, -1),
    27, 28, 29, 30,
    35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46,
    39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48,
    59, 58, 57, 56, 55,
    64, 63, 62, 61, 60,
    67, 66, 65,
])  # fmt: skip

# Half-open ranges of the five parts that the part ensemble learns from (Wadhawan
# and Gandhi, "Landmark-Aware and Part-based Ensemble Transfer Learning", 2022).
FIVE_PARTS = {
    "jaw": (0, 17),
    "eyebrows": (17, 27),
    "nose": (27, 36),
    "eyes": (36, 48),
    "mouth": (48, 68),
}


def interocular(points: np.ndarray) -> np.ndarray:
    """Distance between the outer corners of the eyes, as 300-W measures.

    Args:
        points: ``[..., 68, 2]``.

    Returns:
        ``[...]``, in the unit of the points.
    """
    return np.linalg.norm(points[..., 45, :] - points[..., 36, :], axis=-1)


def eye_centres(points: np.ndarray) -> np.ndarray:
    """Mean of the six points of each eye, the image's left one first.

    Args:
        points: ``[..., 68, 2]``.

    Returns:
        ``[..., 2, 2]``.
    """
    eyes = points[..., slice(*FIVE_PARTS["eyes"]), :]
    return np.stack([eyes[..., :6, :].mean(-2), eyes[..., 6:, :].mean(-2)], -2)


def normalised_error(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Distance of each point from the truth, by the inter-ocular distance.

    The usual measure of 300-W; a mean above 0.08 counts as a failure.

    Args:
        found: ``[..., 68, 2]``.
        truth: ``[..., 68, 2]``, in the same unit; gives the scale.

    Returns:
        ``[..., 68]``, a share of the distance between the outer corners of
        the eyes (points 36 and 45); not a number where they coincide.
    """
    scale = interocular(truth)[..., None]
    distance = np.linalg.norm(found - truth, axis=-1)
    return distance / np.where(scale > 0, scale, np.nan)


def part_means(values: np.ndarray) -> dict[str, np.ndarray]:
    """Mean over each of the five parts.

    Args:
        values: ``[..., 68]``, for example of :func:`normalised_error`.

    Returns:
        ``[...]`` by the names of :data:`FIVE_PARTS`.
    """
    return {
        part: values[..., slice(*place)].mean(-1) for part, place in FIVE_PARTS.items()
    }
