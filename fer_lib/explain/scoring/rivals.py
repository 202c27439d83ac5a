"""What a map is held against: a ceiling made of the truth, and floors.

The floors know where faces are, from training faces, and nothing of the
network: a blob, and the parts of a mean face.
"""

import numpy as np

from fer_lib.explain.methods import Method
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.landmarks import interocular

CEILING = "truth"
_INNER = slice(17, 68)  # points of brows, nose, eyes and mouth
_REACH = 0.15  # of a point, in distances of the outer corners of the eyes


def fitted_decoys(landmarks: np.ndarray, size: int) -> dict[str, Method]:
    """Decoys that know training faces: ``[N, 68, 2]``, in pixels of ``size``.

    ``fitted_blob``: a Gaussian with the mean and the spread of their points.
    ``mean_parts``: a spot around each mean point of brows, eyes, nose and mouth.
    """
    points = (np.asarray(landmarks, float) + 0.5) / size  # shares of the side
    mean = points.mean(0)
    every = points.reshape(-1, 2)
    spread = np.linalg.inv(np.cov(every.T))
    reach = _REACH * interocular(mean[None])[0]

    def blob(place: np.ndarray) -> np.ndarray:
        away = place - every.mean(0)
        return np.exp(-0.5 * np.einsum("hwi,ij,hwj->hw", away, spread, away))

    def parts(place: np.ndarray) -> np.ndarray:
        away = np.linalg.norm(place[:, :, None] - mean[_INNER], axis=-1)
        return np.exp(-0.5 * (away / reach) ** 2).max(-1)

    return {"fitted_blob": _same(blob), "mean_parts": _same(parts)}


def _same(draw) -> Method:
    """The same map for all faces, drawn of each pixel's place in shares 0..1."""

    def decoy(network, images, targets=None, *, landmarks=None, seed=0):
        height, width = images.shape[-2:]
        rows, columns = np.mgrid[:height, :width] + 0.5
        found = draw(np.stack([columns / width, rows / height], -1))
        return np.repeat(found[None].astype(np.float32), len(images), 0)

    return decoy


def constant(
    network, images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """The same value everywhere: a map that says nothing."""
    return np.ones((len(images), *images.shape[-2:]), np.float32)


FLOORS: dict[str, Method] = {**DECOYS, "constant": constant}
