"""Whether a map predicts what a change of the pixels does, and stays put.

Reference:

1. C.-K. Yeh, C.-Y. Hsieh, A. S. Suggala, D. I. Inouye, P. Ravikumar, "On the
   (In)fidelity and Sensitivity of Explanations", NeurIPS 2019,
   arXiv:1901.09392.  Captum has both; its scaling of a map may turn the map
   round, so that the opposite of a good map would be called good, and it does
   not divide by what a map of zeros gets.
"""

import numpy as np
import torch
from torch import Tensor

from fer_lib.explain.calls import Method, fitting, ready, variants
from fer_lib.explain.covering import cover, filling
from fer_lib.explain.occlusion import from_pixels
from fer_lib.models.network import Network


@torch.inference_mode()
def infidelity(
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    maps: np.ndarray,
    *,
    samples: int = 32,
    window: float = 0.25,
    seed: int = 0,
) -> np.ndarray:
    """How badly a map says by how much a square lowers the score; [1].

    Squares of each face's mean colour, at places that are drawn, the same
    for all faces.  A map's sum over a square predicts the fall of the score.
    Maps have no common unit, so each is scaled to fit best, but never turned
    round, and the mean squared error is divided by that of a map of zeros.

    Args:
        network: and so on, as of :func:`.faithfulness.deletion`.
        samples: squares.
        window: side of the square as a share of the face's.
        seed: of their places.

    Returns:
        ``float64 [N]``, 0..1, less is better: 0 for a map that is right up to
        its scale, 1 for one that says nothing or the opposite; not a number
        where no square changes the score.

    Raises:
        FerError: when maps and faces do not fit.
    """
    unit, wanted = ready(network, unit, targets)
    heat, side = fitting(maps, unit)[:, None].double(), unit.shape[-1]
    square = max(1, round(window * side))
    places = np.random.default_rng(seed).integers(0, side - square + 1, (2, samples))
    tops, lefts = torch.as_tensor(places, device=unit.device)
    scores, found = from_pixels(network), []
    fillings = filling(unit, "mean", square)
    for face, one in variants(unit, samples):
        at = (tops[one], lefts[one], square)
        covered = scores(cover(unit[face], fillings[face], *at))
        said = (heat[face] - cover(heat[face], 0 * heat[face], *at)).sum((1, 2, 3))
        found.append(torch.stack([covered.gather(1, wanted[face, None])[:, 0], said]))
    after, said = torch.cat(found, 1).view(2, len(unit), samples)
    plain = torch.cat([scores(x) for x in unit.split(samples)])
    falls = plain.gather(1, wanted[:, None]) - after
    return _misfit(said.cpu().numpy(), falls.double().cpu().numpy())


def _misfit(said: np.ndarray, falls: np.ndarray) -> np.ndarray:
    """Squared error ``[N]`` of what was said of falls ``[N, K]``, as a share.

    What was said is first multiplied by the factor of zero or more that
    makes the error smallest.
    """
    along, square = (said * falls).sum(1).clip(min=0), (said**2).sum(1)
    factor = along / np.where(square > 0, square, 1)
    error = ((factor[:, None] * said - falls) ** 2).sum(1)
    worst = (falls**2).sum(1)
    return np.where(worst > 0, error / np.where(worst > 0, worst, 1), np.nan)


def sensitivity_max(
    method: Method,
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    landmarks: np.ndarray | None = None,
    *,
    radius: float = 0.02,
    samples: int = 8,
    seed: int = 0,
) -> np.ndarray:
    """How far a map moves at most when the pixels hardly do; [1].

    Args:
        method: any of :data:`fer_lib.explain.methods.METHODS`.
        network: and so on, as the method takes them.
        radius: each pixel moves by less than this, evenly drawn.
        samples: changed copies of each face, changed alike.
        seed: of the changes, and given to the method.

    Returns:
        ``float64 [N]``, zero and more, less is steadier: the largest distance
        to the map of the face as it is, over this map's length; not a number
        where this map is zero.
    """
    generator = torch.Generator().manual_seed(seed)
    shape = (samples, *unit.shape[1:])
    changes = (2 * torch.rand(shape, generator=generator) - 1) * radius
    rest = (targets, landmarks, seed)
    base = method(network, unit, *rest).astype(float)
    moved = np.zeros(len(base))
    for change in changes.to(unit):
        away = method(network, unit + change, *rest) - base
        moved = np.maximum(moved, np.sqrt((away**2).sum((1, 2))))
    length = np.sqrt((base**2).sum((1, 2)))
    return np.where(length > 0, moved / np.where(length > 0, length, 1), np.nan)
