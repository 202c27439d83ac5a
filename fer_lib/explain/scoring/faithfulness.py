"""Whether what a heat map marks is what the network goes by.

No truth is needed: the network itself answers, with pixels taken away, put
back or changed.  Faces without some pixels are none that it ever saw, which
is why :func:`deletion_agreement` takes changes of re-rendered faces.

References:

1. V. Petsiuk, A. Das, K. Saenko, "RISE: Randomized Input Sampling for
   Explanation of Black-box Models", BMVC 2018, arXiv:1806.07421: deletion and
   insertion.
2. A. Chattopadhay, A. Sarkar, P. Howlader, V. N. Balasubramanian,
   "Grad-CAM++: Generalized Gradient-Based Visual Explanations for Deep
   Convolutional Networks", WACV 2018, arXiv:1710.11063: average drop and
   increase in confidence.

Infidelity and sensitivity are in :mod:`fer_lib.explain.scoring.infidelity`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.explain.calls import fitting, ready, variants
from fer_lib.explain.covering import filling
from fer_lib.explain.occlusion import from_pixels
from fer_lib.explain.scoring.agreement import correlate
from fer_lib.models.network import Network


class Curves(NamedTuple):
    """What :func:`deletion` and :func:`insertion` return; N faces, S steps.

    Attributes:
        shares: ``float64 [S + 1]``, 0..1, of the pixels taken away or put in.
        probability: ``float64 [N, S + 1]``, of the class.
        area: ``float64 [N]``, 0..1, below each curve.
    """

    shares: np.ndarray
    probability: np.ndarray
    area: np.ndarray


@torch.inference_mode()
def deletion(
    network: Network,
    unit: Tensor,
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
        network: one of the book's; left as it was.
        unit: faces ``[N, C, H, W]``, pixels in 0..1.
        targets: ``int64 [N]``.
        maps: ``[N, H, W]``.
        fill: what is left; black (``"zero"``), ``"blur"``, by a Gaussian of
            an eighth of the side, or another of
            :func:`fer_lib.explain.covering.filling`.
        steps: S, each takes as many pixels.
        seed: of the order of pixels that tie.

    Raises:
        FerError: when maps and faces do not fit.
    """
    unit, wanted = ready(network, unit, targets)
    place = _places(fitting(maps, unit), seed)
    other = filling(unit, fill, unit.shape[-1] // 4)
    shares = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    taken = (shares * place[0].numel()).round().to(unit.device)
    probability, found = _probability(network), []
    for face, step in variants(unit, steps + 1):
        gone = place[face] < taken[step, None, None]
        faces = torch.where(gone[:, None], other[face], unit[face])
        found.append(probability(faces, wanted[face]))
    values = torch.cat(found).view(len(unit), -1).double().cpu().numpy()
    area = (values[:, 1:] + values[:, :-1]).mean(1) / 2  # trapezia, equal steps
    return Curves(shares.numpy(), values, area)


def insertion(
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    maps: np.ndarray,
    *,
    fill: float | str = "blur",
    steps: int = 24,
    seed: int = 0,
) -> Curves:
    """Class probability while the largest pixels come back first; [1].

    More area is better.  Arguments and errors are those of :func:`deletion`.
    """
    options = {"fill": fill, "steps": steps, "seed": seed}
    # What comes back first is what would go last.
    turned = -np.asarray(maps, np.float32)
    gone = deletion(network, unit, targets, turned, **options)
    return gone._replace(probability=gone.probability[:, ::-1])


def _places(maps: Tensor, seed: int) -> Tensor:
    """Place of each pixel ``[N, H, W]`` from the largest, 0, to the smallest.

    A map may be even over many pixels.  From left to right they would be an
    order that faces are not indifferent to, so they are drawn.
    """
    flat = maps.flatten(1)
    order = np.random.default_rng(seed).permutation(flat.shape[1])
    drawn = torch.as_tensor(order, device=maps.device)
    within = flat[:, drawn].argsort(dim=1, descending=True, stable=True)
    return drawn[within].argsort(1).view_as(maps)


class Kept(NamedTuple):
    """What :func:`average_drop` returns of N faces.

    Attributes:
        drop: ``float64 [N]``, 0..1, share of the class probability that is
            lost; less is better.
        increase: ``float64 [N]``, one where it rose; more is better.
    """

    drop: np.ndarray
    increase: np.ndarray


@torch.inference_mode()
def average_drop(
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    maps: np.ndarray,
) -> Kept:
    """What is left of a class when only what the map marks is shown; [2].

    Each face is multiplied by its map, of which what is above zero is
    divided by its maximum.  A map of ones loses nothing: the score is for
    maps of the same size of what they mark.  Arguments and errors are those
    of :func:`deletion`.

    Returns:
        Drop and increase of each face, not numbers where nothing in the map
        is above zero; their means are the paper's.
    """
    unit, wanted = ready(network, unit, targets)
    marked = fitting(maps, unit).clamp(min=0)
    largest = marked.amax((1, 2), keepdim=True)
    share = marked / torch.where(largest > 0, largest, 1.0)
    probability, pairs = _probability(network), []
    for face, shown in variants(unit, 2):
        seen = torch.where(shown.bool()[:, None, None], share[face], 1.0)
        pairs.append(probability(unit[face] * seen[:, None], wanted[face]))
    whole, masked = torch.cat(pairs).view(-1, 2).double().cpu().numpy().T
    empty = (largest <= 0).flatten().cpu().numpy()
    drop = np.maximum(whole - masked, 0) / whole
    return Kept(np.where(empty, np.nan, drop), np.where(empty, np.nan, masked > whole))


def deletion_agreement(
    mass_by_unit: np.ndarray, change_by_unit: np.ndarray
) -> np.ndarray:
    """Whether maps weigh action units as the network does.

    Deletion on faces that exist: a unit is removed by rendering the face
    again without it, not by painting over its pixels.

    Args:
        mass_by_unit: ``[N, U]``, what a map gives to the pixels of each unit;
            not a number for a unit that a face does not show.
        change_by_unit: ``[N, U]``, how the class score falls without it.

    Returns:
        ``float64 [N]``, Spearman's correlation over the units of a face,
        -1..1; not a number for fewer than three units, or where one side is
        the same for all.

    Raises:
        FerError: when the shapes differ.
    """
    mass, change = np.asarray(mass_by_unit), np.asarray(change_by_unit)
    if mass.shape != change.shape or mass.ndim != 2:
        raise FerError(
            f"deletion: masses of shape {list(mass.shape)} and changes of "
            f"{list(change.shape)}, expected [N, U] for both."
        )
    return np.array([correlate(a, b) for a, b in zip(mass, change, strict=True)])


def _probability(network: Network) -> Callable[[Tensor, Tensor], Tensor]:
    """Probability of each face's class, from pixels 0..1."""
    scores = from_pixels(network)
    return lambda x, wanted: scores(x).softmax(1).gather(1, wanted[:, None])[:, 0]
