"""A temperature and a threshold against grids, loops and limit cases."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from known_networks import smoke, some_faces

from fer_lib.errors import FerError
from fer_lib.evaluation.calibration import (
    MAJORITY,
    sure_from,
    temperature,
    threshold_of,
)
from fer_lib.evaluation.inference import predict, probabilities
from fer_lib.evaluation.metrics import summarize
from fer_lib.models.saved import load


def drawn(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that are drawn from just their softmax."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(n, 7))
    return logits, (logits + rng.gumbel(size=(n, 7))).argmax(1)


def likelihood(logits, labels, value: float) -> float:
    """Mean negative log-likelihood, by torch's own."""
    scores = torch.tensor(logits) / value
    return float(torch.nn.functional.cross_entropy(scores, torch.tensor(labels)))


def test_no_temperature_of_a_grid_fits_better():
    logits, labels = drawn(300)
    found = temperature(3 * logits, labels)
    grid = np.geomspace(1 / 60, 60, 3001)
    best = min(grid, key=lambda value: likelihood(3 * logits, labels, value))
    assert found == pytest.approx(best, rel=0.003)
    assert likelihood(3 * logits, labels, found) <= likelihood(3 * logits, labels, best)


def test_what_is_calibrated_stays_and_what_is_scaled_is_scaled_back():
    logits, labels = drawn()
    plain = temperature(logits, labels)
    assert plain == pytest.approx(1, abs=0.06)
    for factor in (0.25, 1.7, 8):
        assert temperature(factor * logits, labels) == pytest.approx(factor * plain)
    # What is the same for all classes of a face says nothing.
    shifted = logits + np.arange(len(logits))[:, None] % 50
    assert temperature(shifted, labels) == pytest.approx(plain)


def test_probabilities_come_to_agree_with_counts():
    logits, labels = drawn()
    too_sure = 3 * logits
    error = [
        summarize(scores, labels)["calibration_error"]
        for scores in (too_sure, too_sure / temperature(too_sure, labels))
    ]
    assert error[1] < 0.03 < 0.15 < error[0]


@pytest.mark.parametrize(
    ("logits", "labels", "words"),
    [
        (np.eye(7), np.arange(7), "7 answers of which 7 are right"),
        (np.eye(7), np.arange(7)[::-1], "of which 1 are right"),
        (np.zeros((3, 7)), [0, 1], "do not fit"),
        (np.full((2, 7), np.inf), [0, 1], "prediction 0 of 2 is not finite"),
    ],
)
def test_what_no_temperature_fits_is_refused(logits, labels, words):
    with pytest.raises(FerError, match=words):
        temperature(logits, np.array(labels))


def test_a_network_of_temperature_one_gives_the_plain_softmax():
    network, faces = smoke("deep_emotion"), some_faces(5)
    scores = torch.tensor(predict(network, faces))
    assert network.temperature == 1
    np.testing.assert_array_equal(probabilities(network, faces), scores.softmax(1))
    said, before = scores.argmax(1), 2.0
    for value in (0.1, 1, 10, 1e4):
        network.temperature = value
        shares = probabilities(network, faces)
        np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
        np.testing.assert_array_equal(shares.argmax(1), said)
        assert shares.max(1).mean() < before
        before = shares.max(1).mean()
    np.testing.assert_allclose(shares, 1 / 7, atol=1e-3)
    np.testing.assert_array_equal(predict(network, faces), scores)


@pytest.mark.parametrize("right", [0.5, 0.7, 0.85])
@pytest.mark.parametrize("digits", [1, 8])
def test_no_lower_threshold_makes_as_many_right(right, digits):
    """All thresholds tried, with ties and without."""
    logits, labels = drawn(400)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    shares = shares.round(digits).astype(np.float32)
    top, hit = shares.max(1), shares.argmax(1) == labels
    found = sure_from(shares, labels, right)
    fits = [t for t in np.unique(top) if hit[top >= t].mean() >= right]
    assert found["threshold"] == min(fits)
    sure = top >= found["threshold"]
    assert found["right"] == pytest.approx(hit[sure].mean()) and found["n"] == 400
    assert found["share"] == pytest.approx(sure.mean())


def test_the_page_on_calibration_runs_as_it_stands(root, tmp_path, monkeypatch):
    """Of a network that is right where it is surest, and on half of the rest."""
    monkeypatch.chdir(tmp_path)
    network, images = smoke("deep_emotion").eval(), some_faces(40)
    logits = predict(network, images)
    labels = logits.argmax(1)
    unsure = np.argsort(logits.max(1))[:20]
    labels[unsure[::2]] = logits.argmin(1)[unsure[::2]]
    text = (root / "book" / "how_to_run.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [code] = [block for block in blocks if "temperature" in block]
    exec(
        code,
        {"network": network, "faces": SimpleNamespace(images=images, labels=labels)},
    )
    back = load("mine.safetensors.gz")
    assert back.temperature == network.temperature != 1
    assert threshold_of(back) == back.about["sure"]["threshold"] != MAJORITY
    assert threshold_of(smoke("deep_emotion")) == MAJORITY


def test_a_threshold_that_there_is_not_is_refused():
    shares = np.array([[0.9, 0.1], [0.8, 0.2]])
    with pytest.raises(FerError, match=r"85 % .*n = 2, at most 50 %"):
        sure_from(shares, np.array([1, 0]))
