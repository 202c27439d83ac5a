"""Probabilities that can be taken at their word, and from where on to believe them.

Both are fitted on faces that neither trained the network nor are reported.
"""

import numpy as np
import torch

from fer_lib.errors import FerError
from fer_lib.evaluation.metrics import check_predictions
from fer_lib.models.network import Network

RIGHT = 0.85  # share of the sure answers that shall be right
# Rule of a network whose file has none: likelier than all other classes together.
MAJORITY = 0.5
_LEAST, _MOST = 1 / 64, 64.0  # temperatures that are looked at


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature whose probabilities fit the labels best.

    ``softmax(logits / temperature)`` has the least mean negative log-likelihood
    (C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section
    4.2).  That is convex in ``1 / temperature``: its slope is bisected.  Which class
    is the most probable stays as it is.

    Args:
        logits: ``[n, classes]``, class scores before the softmax.
        labels: ``int [n]``, 0 to classes - 1.

    Returns:
        Above 1 where the network is too sure of itself, below where it is not
        sure enough.

    Raises:
        FerError: when shapes or values do not fit, or no temperature from 1/64 to 64
            is the best: all answers are right, or no better than chance.
    """
    scores = torch.as_tensor(np.asarray(logits, np.float64))
    truth = torch.as_tensor(np.asarray(labels, np.int64))
    check_predictions(scores, truth)
    own = scores.gather(1, truth[:, None])[:, 0]

    def slope(sharpness: float) -> float:
        """Of the mean negative log-likelihood along ``1 / temperature``."""
        expected = ((scores * sharpness).softmax(1) * scores).sum(1)
        return float((expected - own).mean())

    low, high = 1 / _MOST, 1 / _LEAST
    if slope(low) >= 0 or slope(high) <= 0:
        right = int((scores.argmax(1) == truth).sum())
        raise FerError(
            f"temperature: none fits {len(truth)} answers of which {right} are right, "
            "expected some right ones and some wrong ones; take more faces that the "
            "network has not learned from, or a network that learned something."
        )
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 1 / (low * high) ** 0.5


def sure_from(
    probabilities: np.ndarray, labels: np.ndarray, right: float = RIGHT
) -> dict[str, float]:
    """The lowest threshold from which on enough answers are right.

    A face whose most probable class reaches the threshold is *sure*.  Stored as
    ``network.about["sure"]``, it is the network's own rule.

    Args:
        probabilities: calibrated, ``[n, classes]``.
        labels: ``int [n]``, 0 to classes - 1.
        right: share of the sure faces whose class shall be right.

    Returns:
        ``threshold``, 0..1; ``right``, the share that it attains; ``share``, of the
        faces that are sure; ``n``, of all faces.

    Raises:
        FerError: when shapes or values do not fit, or no threshold attains it.
    """
    shares = torch.as_tensor(np.asarray(probabilities, np.float32))
    truth = torch.as_tensor(np.asarray(labels, np.int64))
    check_predictions(shares, truth)
    top, said = shares.max(1)
    top, order = top.sort(descending=True, stable=True)
    hits = (said == truth)[order].double().cumsum(0)
    attained = hits / torch.arange(1, len(top) + 1)
    last = torch.ones(len(top), dtype=bool)
    last[:-1] = top[1:] < top[:-1]  # equal ones are sure together
    enough = (last & (attained >= right)).nonzero()
    if not len(enough):
        raise FerError(
            f"sure: no threshold makes {100 * right:g} % of the answers right "
            f"(n = {len(top)}, at most {100 * attained[last].max():.0f} %); "
            "ask for less, or for a better network."
        )
    at = int(enough[-1])
    return {
        "threshold": float(top[at]),
        "right": float(attained[at]),
        "share": (at + 1) / len(top),
        "n": len(top),
    }


def threshold_of(network: Network) -> float:
    """Probability from which on a network's answer is sure.

    That of ``network.about["sure"]``, see :func:`sure_from`; :data:`MAJORITY`, likelier
    than all other classes together, where there is none.
    """
    return network.about.get("sure", {}).get("threshold", MAJORITY)
