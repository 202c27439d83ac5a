"""Whether what a heat map marks is what the network goes by.

No truth is needed: the network itself answers, with pixels taken away, put
back or changed.  Faces without some pixels are none that it ever saw: where
faces can be rendered again, :func:`~.rerendering.unit_order` shows it faces alone.

References:

1. V. Petsiuk, A. Das, K. Saenko, "RISE: Randomized Input Sampling for
   Explanation of Black-box Models", BMVC 2018, arXiv:1806.07421: deletion and
   insertion.
2. A. Chattopadhay, A. Sarkar, P. Howlader, V. N. Balasubramanian,
   "Grad-CAM++: Generalized Gradient-Based Visual Explanations for Deep
   Convolutional Networks", WACV 2018, arXiv:1710.11063: average drop.
3. C.-K. Yeh, C.-Y. Hsieh, A. S. Suggala, D. I. Inouye, P. Ravikumar, "On the
   (In)fidelity and Sensitivity of Explanations", NeurIPS 2019,
   arXiv:1901.09392.  Captum has it; its scaling of a map may turn the map
   round, so that the opposite of a good map would be called good, and it does
   not divide by what a map of zeros gets.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fer_lib.explain.inputs import (
    Images,
    fitting,
    from_pixels,
    passes,
    ready,
    variants,
)
from fer_lib.explain.occlusion import cover, filling
from fer_lib.models.network import Network


class Curves(NamedTuple):
    """Probability ``float64 [N, S + 1]`` of the class, from no pixel changed to all
    of them in S steps, and the area ``float64 [N]``, 0..1, below each curve."""

    probability: np.ndarray
    area: np.ndarray


@torch.inference_mode()
def deletion(
    network: Network,
    images: Images,
    targets: np.ndarray,
    maps: np.ndarray,
    *,
    fill: float | str = "zero",
    steps: int = 24,
    seed: int = 0,
) -> Curves:
    """Class probability while the largest pixels go first; [1].

    Less area is better.

    Args:
        network: and so on, as of :class:`fer_lib.explain.methods.Method`.
        maps: ``[N, size, size]``, in the size that the network takes.
        fill: what is left, as of :func:`fer_lib.explain.occlusion.filling`; a
            blur is by a Gaussian of an eighth of the side.
        steps: S, each takes as many pixels.
        seed: of the order of pixels that tie.
    """
    unit, wanted = ready(network, images, targets)
    place = _places(fitting(maps, unit), seed)
    other = filling(unit, fill, unit.shape[-1] // 4)
    shares = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    taken = (shares * place[0].numel()).round().to(unit.device)
    scores, found = from_pixels(network), []
    for face, step in variants(network, unit, steps + 1):
        gone = place[face] < taken[step, None, None]
        faces = torch.where(gone[:, None], other[face], unit[face])
        found.append(_probability(scores(faces), wanted[face]))
    values = torch.cat(found).view(len(unit), -1).double().cpu().numpy()
    area = (values[:, 1:] + values[:, :-1]).mean(1) / 2  # trapezia, equal steps
    return Curves(values, area)


def insertion(
    network: Network,
    images: Images,
    targets: np.ndarray,
    maps: np.ndarray,
    *,
    fill: float | str = "blur",
    **options: int,
) -> Curves:
    """Class probability while the largest pixels come back first; [1].

    More area is better.  Arguments and errors are those of :func:`deletion`.
    """
    opposite = -np.asarray(maps, np.float32)  # what comes back first would go last
    gone = deletion(network, images, targets, opposite, fill=fill, **options)
    return gone._replace(probability=gone.probability[:, ::-1])


def _places(maps: Tensor, seed: int) -> Tensor:
    """Place of each pixel ``[N, H, W]`` from the largest, 0, to the smallest."""
    # Of an even map, pixels from left to right would be no even order.
    flat = maps.flatten(1)
    order = np.random.default_rng(seed).permutation(flat.shape[1])
    drawn = torch.as_tensor(order, device=maps.device)
    within = flat[:, drawn].argsort(dim=1, descending=True, stable=True)
    return drawn[within].argsort(1).view_as(maps)


def _probability(scores: Tensor, wanted: Tensor) -> Tensor:
    return scores.softmax(1).gather(1, wanted[:, None])[:, 0]


@torch.inference_mode()
def average_drop(
    network: Network,
    images: Images,
    targets: np.ndarray,
    maps: np.ndarray,
) -> np.ndarray:
    """How much of a class is lost when only what the map marks is shown; [2].

    Each face is multiplied by its map, of which what is above zero is
    divided by its maximum.  A map of ones loses nothing: the score is for maps
    of the same size of what they mark.  Arguments are those of :func:`deletion`.

    Returns:
        ``float64 [N]``, 0..1, the share of the class probability that is
        lost, less is better; not a number where nothing in the map is above
        zero.  Its mean is the paper's.
    """
    unit, wanted = ready(network, images, targets)
    marked = fitting(maps, unit).clamp(min=0)
    largest = marked.amax((1, 2), keepdim=True)
    share = marked / torch.where(largest > 0, largest, 1.0)
    scores, pairs = from_pixels(network), []
    for face, shown in variants(network, unit, 2):
        seen = torch.where(shown.bool()[:, None, None], share[face], 1.0)
        pairs.append(_probability(scores(unit[face] * seen[:, None]), wanted[face]))
    whole, masked = torch.cat(pairs).view(-1, 2).double().cpu().numpy().T
    lost = np.maximum(whole - masked, 0) / whole
    return np.where(largest.flatten().cpu() > 0, lost, np.nan)


@torch.inference_mode()
def infidelity(
    network: Network,
    images: Images,
    targets: np.ndarray,
    maps: np.ndarray,
    *,
    samples: int = 32,
) -> np.ndarray:
    """How badly a map says by how much a square lowers the score; [3].

    Squares of a quarter of the side and of each face's mean colour, at as many
    places as there are ``samples``, drawn once for all faces.  A map's sum over
    a square predicts the fall of the score.  Maps have no common unit, so each
    is scaled to fit best, but never turned round, and the mean squared error is
    divided by that of a map of zeros.  Arguments are those of :func:`deletion`.

    Returns:
        ``float64 [N]``, 0..1, less is better: 0 for a map that is right up to
        its scale, 1 for one that says nothing or the opposite; not a number
        where no square changes the score.
    """
    unit, wanted = ready(network, images, targets)
    heat, side = fitting(maps, unit)[:, None].double(), unit.shape[-1]
    square = max(1, round(side / 4))
    places = np.random.default_rng(0).integers(0, side - square + 1, (2, samples))
    tops, lefts = torch.as_tensor(places, device=unit.device)
    scores, found = from_pixels(network), []
    fillings = filling(unit, "mean", square)
    for face, one in variants(network, unit, samples):
        at = (tops[one], lefts[one], square)
        covered = scores(cover(unit[face], fillings[face], *at))
        said = (heat[face] - cover(heat[face], 0 * heat[face], *at)).sum((1, 2, 3))
        found.append(torch.stack([covered.gather(1, wanted[face, None])[:, 0], said]))
    after, said = torch.cat(found, 1).view(2, len(unit), samples)
    plain = torch.cat([scores(x) for (x,) in passes(network, unit)])
    falls = (plain.gather(1, wanted[:, None]) - after).double()
    # The factor of zero or more that makes the error smallest.
    along, square = (said * falls).sum(1).clamp(min=0), (said**2).sum(1)
    factor = torch.where(square > 0, along / square, 0.0)
    error = ((factor[:, None] * said - falls) ** 2).sum(1)
    return (error / (falls**2).sum(1)).cpu().numpy()  # 0 / 0 is not a number
