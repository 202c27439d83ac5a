"""How often raters agree with each other: what a test score can mean.

From the ten votes that FER+ has for every face (Barsoum et al., 2016).
"""

import numpy as np

from fer_lib.expressions import FERPLUS_TO_BOOK

_CLASSES = len(FERPLUS_TO_BOOK)
_RATERS = 3  # one to be judged, and two whose opinion can be a majority


def leave_one_out(votes: np.ndarray) -> np.ndarray:
    """Chance that one rater names what most of a face's other raters name.

    Only votes for the eight expressions count.  One of them is drawn and set
    aside; where several expressions lead among the others, the drawn one
    agrees by its share of them (one half with two, if it is one of them).

    Args:
        votes: ``int [N, 10]`` in FER+'s column order.

    Returns:
        ``float64 [N]``, 0 to 1; not a number where fewer than three raters
        name an expression (one face of PublicTest changes by that).
    """
    counted = votes[:, :_CLASSES].astype(np.float64)
    total = counted.sum(1)
    agree = np.zeros(len(votes))
    for named in range(_CLASSES):
        others = counted.copy()
        others[:, named] -= 1
        leading = others == others.max(1, keepdims=True)
        agree += counted[:, named] * leading[:, named] / leading.sum(1)
    return np.where(total >= _RATERS, agree / np.maximum(total, 1), np.nan)


def plurality_share(votes: np.ndarray) -> np.ndarray:
    """Share of a face's expression votes that its leading expression has.

    Higher than :func:`leave_one_out`, since each vote takes part in choosing
    what it is compared with.

    Args:
        votes: ``int [N, 10]`` in FER+'s column order.

    Returns:
        ``float64 [N]``, 0 to 1; not a number without such a vote.
    """
    counted = votes[:, :_CLASSES]
    total = counted.sum(1)
    share = counted.max(1) / np.maximum(total, 1)
    return np.where(total > 0, share, np.nan)


def human_ceiling(votes: np.ndarray) -> float:
    """Mean of :func:`leave_one_out` over the faces that have one, 0 to 1.

    FER+ reaches 0.727 on Training, 0.756 on PublicTest and 0.737 on
    PrivateTest.  A network may pass it: it is compared with the majority of
    all raters, and may be more consistent than one.
    """
    found = leave_one_out(votes)
    found = found[~np.isnan(found)]
    return float(found.mean()) if len(found) else float("nan")
