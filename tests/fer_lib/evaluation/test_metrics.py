"""Metrics against scikit-learn, loops and simulations."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

from fer_lib.errors import FerError
from fer_lib.evaluation import metrics
from fer_lib.evaluation.intervals import wilson_interval


@pytest.fixture(scope="module")
def predictions():
    rng = np.random.default_rng(0)
    labels = rng.choice(7, 400, p=[0.1, 0.02, 0.15, 0.3, 0.15, 0.1, 0.18])
    logits = rng.normal(size=(400, 7)) + 1.5 * np.eye(7)[labels]
    return logits.astype(np.float16), labels


@pytest.mark.parametrize("classes", [range(7), [0, 2, 3, 4, 5, 6]])
def test_equal_to_scikit_learn(predictions, classes):
    """A class that neither occurs nor is predicted does not count."""
    rows = np.isin(predictions[1], classes)
    logits, labels = (part[rows] for part in predictions)
    logits[:, ~np.isin(range(7), classes)] = -100
    found, guess = metrics.summarize(logits, labels), logits.argmax(1)
    assert found["n"] == rows.sum()
    assert found["accuracy"] == np.mean(guess == labels)
    recall = balanced_accuracy_score(labels, guess)
    assert found["mean_class_accuracy"] == pytest.approx(recall)
    assert found["macro_f1"] == pytest.approx(f1_score(labels, guess, average="macro"))
    expected = confusion_matrix(labels, guess, labels=range(7))
    assert np.array_equal(found["confusion"], expected)


def test_calibration_error_equals_a_loop(predictions):
    logits, labels = predictions
    scores = np.exp(logits.astype(np.float64))
    scores /= scores.sum(1, keepdims=True)
    sure, hit = scores.max(1), scores.argmax(1) == labels
    error = 0.0
    for k in range(15):
        rows = (sure > k / 15) & (sure <= (k + 1) / 15)
        if rows.any():
            error += rows.mean() * abs(sure[rows].mean() - hit[rows].mean())
    found = metrics.summarize(logits, labels)["calibration_error"]
    assert found == pytest.approx(error, abs=1e-3)


def test_bootstrap_equals_resampling_faces(predictions):
    """Multinomial draws of cells agree with drawing single faces."""
    logits, labels = predictions
    guess = logits.argmax(1)
    rng = np.random.default_rng(2)
    drawn = []
    for _ in range(1500):
        rows = rng.integers(0, len(labels), len(labels))
        drawn.append(balanced_accuracy_score(labels[rows], guess[rows]))
    expected = np.percentile(drawn, [2.5, 97.5])
    found = metrics.summarize(logits, labels)["mean_class_accuracy_ci95"]
    assert np.allclose(found, expected, atol=0.02)


@pytest.mark.parametrize(
    ("logits", "labels", "words"),
    [
        (np.zeros((3, 7)), [0, 1], "do not fit"),
        (np.zeros((0, 7)), [], "do not fit"),
        (np.zeros((2, 7)), [0, 7], "expected 0 to 6"),
        (np.full((2, 7), np.nan), [0, 1], "prediction 0 of 2 is not finite"),
    ],
)
def test_refusals(logits, labels, words):
    with pytest.raises(FerError, match=words):
        metrics.summarize(logits, np.array(labels, int))


def test_faces_that_stand_in_training_are_left_out():
    """By hand: two of five are copies, one right and one wrong."""
    logits = np.eye(3)[[0, 1, 2, 0, 1]]
    labels, copies = np.array([0, 1, 0, 1, 1]), np.array([1, 0, 0, 1, 0])
    found = metrics.summarize(logits, labels, copies)
    assert found["accuracy"] == 3 / 5
    assert (found["unseen_n"], found["unseen_accuracy"]) == (3, 2 / 3)
    assert found["unseen_accuracy_ci95"] == list(wilson_interval(2, 3))
    assert metrics.summarize(logits, labels).keys() == {
        k for k in found if "unseen" not in k
    }
    with pytest.raises(FerError, match="every reported face"):
        metrics.summarize(logits, labels, np.ones(5))
