"""How good predictions are, each figure with its n and 95 % interval."""

import numpy as np
import torch

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval

RESAMPLES = 2000  # bootstrap draws behind the two intervals without formula


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Share of all faces on the diagonal, of matrices ``[..., C, C]``."""
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    return hits / confusion.sum(axis=(-2, -1))


def mean_class_accuracy(confusion: np.ndarray) -> np.ndarray:
    """Mean recall over the classes that occur, of ``[..., C, C]``."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    faces = confusion.sum(axis=-1)
    recall = hits / np.maximum(faces, 1)
    return recall.sum(-1) / (faces > 0).sum(-1)


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that occur or are predicted."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    both = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return (2 * hits / np.maximum(both, 1)).sum(-1) / (both > 0).sum(-1)


def calibration_error(
    scores: torch.Tensor, truth: torch.Tensor, bins: int = 15
) -> float:
    """Mean difference of confidence and accuracy, over bins of equal width.

    C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017,
    equation (3): 0 to 1, of scores ``[n, classes]`` before the softmax and
    labels ``int64 [n]``.
    """
    confidence, said = scores.softmax(1).max(1)
    edges = torch.linspace(0, 1, bins + 1)
    places = torch.bucketize(confidence, edges[1:-1], right=True)
    gaps = (said == truth).double() - confidence.double()
    return float(places.bincount(gaps, bins).abs().sum() / len(truth))


def bootstrap_interval(
    statistic, confusion: np.ndarray, *, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval over resampled faces.

    Drawing n faces with replacement is drawing their cells of the confusion
    matrix from a multinomial distribution, which is much faster.
    """
    n = int(confusion.sum())
    draws = np.random.default_rng(seed).multinomial(
        n, confusion.ravel() / n, size=RESAMPLES
    )
    values = statistic(draws.reshape(-1, *confusion.shape))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def summarize(
    logits: np.ndarray, labels: np.ndarray, in_training: np.ndarray | None = None
) -> dict:
    """All metrics of one set of predictions.

    Args:
        logits: ``[n, classes]``, class scores before the softmax.  They are
            rounded to float16 first, the precision in which they are
            stored, so that metrics computed from a stored record agree.
        labels: ``int [n]``, 0 to classes - 1.
        in_training: ``[n]``, not zero for faces that stand in training, too,
            see :func:`fer_lib.data.audit.duplicates.leaked`.

    Returns:
        ``n``; ``accuracy`` (Wilson interval), ``mean_class_accuracy`` and
        ``macro_f1`` (bootstrap intervals), each in 0..1 with a second key
        ``..._ci95``; ``calibration_error`` (15 equal bins); ``confusion``
        (rows true, columns predicted).  With ``in_training`` also
        ``unseen_n`` and ``unseen_accuracy``, of the other faces alone.
    """
    scores = torch.as_tensor(np.asarray(logits, np.float16)).float()
    truth = torch.as_tensor(np.asarray(labels, np.int64))
    check_predictions(scores, truth)
    classes = scores.shape[1]
    cells = classes * truth + scores.argmax(1)
    confusion = cells.bincount(minlength=classes**2).reshape(classes, -1).numpy()
    hits, n = int(np.trace(confusion)), len(truth)
    found = {
        "n": n,
        "accuracy": hits / n,
        "accuracy_ci95": list(wilson_interval(hits, n)),
        "mean_class_accuracy": float(mean_class_accuracy(confusion)),
        "mean_class_accuracy_ci95": list(
            bootstrap_interval(mean_class_accuracy, confusion)
        ),
        "macro_f1": float(macro_f1(confusion)),
        "macro_f1_ci95": list(bootstrap_interval(macro_f1, confusion)),
        "calibration_error": calibration_error(scores, truth),
        "confusion": confusion.tolist(),
    }
    if in_training is not None:
        right = (scores.argmax(1) == truth).numpy()[np.asarray(in_training) == 0]
        if not (unseen := len(right)):
            raise FerError("every reported face stands in training, too.")
        hits = int(right.sum())
        found |= {
            "unseen_n": unseen,
            "unseen_accuracy": hits / unseen,
            "unseen_accuracy_ci95": list(wilson_interval(hits, unseen)),
        }
    return found


def check_predictions(scores: torch.Tensor, truth: torch.Tensor) -> None:
    """Refuse all but finite scores ``[n, classes]`` with their labels ``[n]``."""
    if scores.ndim != 2 or len(scores) != len(truth) or not len(truth):
        raise FerError(
            f"predictions {list(scores.shape)} and labels {list(truth.shape)} "
            "do not fit, expected [n, classes] and [n] with n of 1 or more."
        )
    if int(truth.min()) < 0 or int(truth.max()) >= scores.shape[1]:
        raise FerError(
            f"labels run from {int(truth.min())} to {int(truth.max())}, "
            f"expected 0 to {scores.shape[1] - 1}."
        )
    bad = ~torch.isfinite(scores).all(1)
    if bad.any():
        row = int(bad.nonzero()[0])
        raise FerError(f"prediction {row} of {len(truth)} is not finite.")
