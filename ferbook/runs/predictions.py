"""From networks to stored predictions, and from these to metrics."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from torch import nn

from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import in_parts
from fer_lib.evaluation.inference import PASSES, predict
from fer_lib.evaluation.metrics import summarize

STEP = 1 / 8  # of stored scores


def accuracy(network: nn.Module, part: FaceSet) -> dict[str, float]:
    """Single-pass accuracy on a part, as ``<split>_accuracy``, 0 to 1."""
    right = predict(network, part.images).argmax(1) == part.labels
    return {f"{part.splits[0]}_accuracy": float(right.mean())}


def storable(scores: np.ndarray) -> np.ndarray:
    """Class scores as records keep them: less than the best one, in steps.

    The best is 0 and, so that rounding changes no prediction, alone there; the
    others are negative multiples of the step.  In eighths a probability is off
    by 6 % of itself, and a file less than half as long as with all digits.

    Args:
        scores: ``[n, classes]``, logits or logarithms of probabilities.

    Returns:
        ``float16 [n, classes]``, at least -60,000, as float16 ends at 65,504.
    """
    scores = np.asarray(scores, np.float64)
    best = scores.argmax(1)[:, None]
    below = np.round((scores - np.take_along_axis(scores, best, 1)) / STEP)
    below = np.minimum(below, -1)
    np.put_along_axis(below, best, 0, 1)
    return np.maximum(below * STEP, -60000).astype(np.float16)


def face_ids(faces: FaceSet) -> np.ndarray:
    """``uint32 [n]`` from each image's pixels, wherever it stands in its set."""
    digests = (
        hashlib.sha256(image.tobytes()).digest()[:4]
        for part in in_parts(faces.images)
        for image in part
    )
    return np.frombuffer(b"".join(digests), "<u4")


def last_logits(
    network: nn.Module,
    parts: Sequence[FaceSet],
    copies: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Logits of the last weights, labels, and which faces were trained on."""
    found = {}
    for part in parts:
        name = str(part.splits[0])
        scores = predict(network, part.images)
        found[f"last/{name}/single/logits"] = storable(scores)
        found[f"{name}/labels"] = part.labels.astype(np.int8)
        found[f"{name}/in_training"] = copies[name].astype(np.int8)
    return found


def selected_logits(network: nn.Module, test: FaceSet) -> dict[str, np.ndarray]:
    """Labels, faces and, for every view, logits of the selected weights."""
    name = str(test.splits[0])
    found = {f"{name}/labels": test.labels.astype(np.int8)}
    found[f"{name}/faces"] = face_ids(test)
    for view in PASSES:
        scores = predict(network, test.images, tta=view)
        found[f"selected/{name}/{view}/logits"] = storable(scores)
    return found


def results_of(predictions: dict[str, np.ndarray]) -> dict:
    """Metrics of every set of logits, nested as the keys are.

    Args:
        predictions: logits by ``checkpoint/split/view/logits``, labels by
            ``split/labels``, and where known which faces stand in training,
            too, by ``split/in_training``.

    Returns:
        ``results[checkpoint][split][view]``, each of
        :func:`fer_lib.evaluation.metrics.summarize`.
    """
    results: dict = {}
    for key, logits in predictions.items():
        if key.endswith("/logits"):
            checkpoint, part, view, _ = key.split("/")
            known = predictions.get(f"{part}/in_training")
            metrics = summarize(logits, predictions[f"{part}/labels"], known)
            results.setdefault(checkpoint, {}).setdefault(part, {})[view] = metrics
    return results
