"""A classifier that trains in a second, for experiments about data.

Histograms of oriented gradients (N. Dalal and B. Triggs, CVPR 2005) and
ridge regression on the classes.  Networks do better; the traps of a data
set are the same for both.
"""

import numpy as np
from skimage.feature import hog
from tqdm.auto import tqdm

from fer_lib.preprocessing import Preprocessing

SIDE = 48  # pixels
_HOG = {"orientations": 8, "pixels_per_cell": (6, 6), "cells_per_block": (2, 2)}


def features(images: np.ndarray) -> np.ndarray:
    """Histograms of gradients ``float32 [N, 1568]`` of faces at 48 pixels."""
    grey = Preprocessing(size=SIDE).to_unit(images)[:, 0].numpy()
    bar = tqdm(grey, desc="describing faces", unit="face")
    return np.stack([hog(face, **_HOG) for face in bar])


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Targets ``float64 [N, classes]`` of labels ``int [N]``."""
    return np.eye(classes)[labels]


def ridge(
    known: np.ndarray,
    targets: np.ndarray,
    asked: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    strength: float = 1.0,
) -> np.ndarray:
    """Class scores ``[M, C]`` of ``asked`` by linear regression with a penalty.

    ``known`` are features ``[N, D]``, ``targets`` ``[N, C]`` with rows that sum to 1,
    ``weights`` ``[N]`` count the rows; the penalty is in mean squared lengths of the
    centred rows.
    """
    share = np.ones(len(known)) if weights is None else weights
    centre = share @ known / share.sum()
    mean = share @ targets / share.sum()
    root = np.sqrt(share)[:, None]
    x, y = root * (known - centre), root * (targets - mean)
    penalty = strength * (x**2).sum() / len(x)
    rows, columns = x.shape
    if rows < columns:  # the same solution by the smaller system
        inner = x @ x.T + penalty * np.eye(rows)
        solution = x.T @ np.linalg.solve(inner, y)
    else:
        inner = x.T @ x + penalty * np.eye(columns)
        solution = np.linalg.solve(inner, x.T @ y)
    return (asked - centre) @ solution + mean


def nearest(known: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The target of the most similar known row: memory, and nothing else."""
    apart = (known**2).sum(1) - 2 * asked @ known.T
    return targets[apart.argmin(1)]
