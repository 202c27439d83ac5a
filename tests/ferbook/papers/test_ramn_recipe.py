"""RAMN's recipe: the course of the rate, the three losses; what its records keep."""

import math

import numpy as np
import pytest
import torch
from recipe_runs import one_stage

from fer_lib.data.sources.rendered import wild
from fer_lib.models.ramn import RAMNOutput
from ferbook.papers import ramn
from ferbook.papers.ramn import PAPER
from ferbook.papers.ramn import principal_plane as plane
from ferbook.training.plan import Batch

SIXTHS = [0.9, 0.81, 0.729, 0.6561, 0.59049, 0.531441]


@pytest.mark.parametrize(
    ("variant", "after_30"),
    [
        ("default", SIXTHS),
        ("late_decay", [1.0, *SIXTHS[:5]]),
        ("decay_tenth", [0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6]),
    ],
)
def test_learning_rate_of_every_epoch(variant, after_30):
    config = PAPER.make_config("paper", variant)
    expected = [1.0] * 30 + [f for f in after_30 for _ in range(5)]
    found = [ramn.rate_factor(config, epoch) for epoch in range(60)]
    assert found == pytest.approx(expected, rel=1e-9)


def parts_by_hand(output, labels, centres, beta, omega):
    """Means of cross-entropy, equation (2) and the sum of (3) and (6)."""
    entropy = region = collaborative = 0.0
    for j, label in enumerate(labels):
        scores = output.logits[j].tolist()
        entropy += math.log(sum(map(math.exp, scores))) - scores[label]
        whole, *crops = output.weights[j].tolist()
        region += max(beta - (max(crops) - whole), 0)
        for i in range(7):
            y = int(i == label)
            x = output.expressions[j, i]
            own = float(((x - centres[i, y]) ** 2).sum())
            other = float(((x - centres[i, 1 - y]) ** 2).sum())
            collaborative += own + max(omega + own - other, 0)
    return [part / len(labels) for part in (entropy, region, collaborative)]


@pytest.mark.parametrize(
    ("variant", "weights"),
    [
        ("baseline", (1, 0, 0)),
        ("beta_0.04", (1, 1, 0)),
        ("omega_1", (1, 1, 0.01)),
        ("weights_1", (1, 1, 1)),
    ],
)
def test_loss_by_hand(variant, weights):
    torch.manual_seed(2)
    output = RAMNOutput(
        torch.randn(3, 7), torch.rand(3, 6), torch.randn(3, 7, 128) / 8, None
    )
    config, batch = PAPER.make_config("smoke", variant), Batch(torch.tensor([3, 0, 6]))
    loss = one_stage(PAPER, config).loss
    [centres] = list(loss.parameters()) or [torch.zeros(7, 2, 128)]
    assert bool(weights[2]) == bool(len(list(loss.parameters())))
    labels, centres = batch.labels.tolist(), centres.detach()
    parts = parts_by_hand(output, labels, centres, config.beta, config.omega)
    expected = sum(w * part for w, part in zip(weights, parts, strict=True))
    assert loss(None, output, batch).item() == pytest.approx(expected, rel=1e-5)


def test_attention_and_features_are_the_networks_own():
    faces = wild(train=0, public=0, private=12, seed=4, cached=False)
    network = PAPER.make_network(PAPER.make_config("smoke"), 7, seed=1)
    found = PAPER.measures(network.train(), faces)
    assert network.training
    network.eval()
    with torch.inference_mode():
        output = network(network.input(torch.as_tensor(faces.images)))
    weights = output.weights.numpy()
    np.testing.assert_allclose(found["attention.whole"], weights[:, 0], rtol=1e-5)
    best = [max(row[1:]) for row in weights]
    np.testing.assert_allclose(found["attention.best_crop"], best, rtol=1e-5)
    expected = plane(network.combined(output.expressions))
    got = np.stack([found["feature.first"], found["feature.second"]], 1)
    np.testing.assert_allclose(got, expected, atol=1e-4)
    alone = PAPER.make_network(PAPER.make_config("smoke", crops=0), 7, seed=1)
    assert set(PAPER.measures(alone, faces)) == {"feature.first", "feature.second"}


def test_the_plane_of_most_variance():
    draw = torch.Generator().manual_seed(0)
    turn, _ = torch.linalg.qr(torch.randn(6, 6, generator=draw))
    known = torch.randn(200, 6, generator=draw) * torch.tensor([9, 3, 0.1, 0.1, 0.1, 0])
    found = plane(known @ turn + 5)
    # The same places, but for direction and unit.
    for k in range(2):
        assert abs(np.corrcoef(found[:, k], known[:, k])[0, 1]) > 0.99
    spread = found.std(0, correction=0)
    assert abs(spread[0] - 1) < 1e-5 and 0.25 < spread[1] < 0.42
    assert torch.allclose(plane(3 * (known @ turn)), found, atol=1e-5)
    order = torch.randperm(200, generator=draw)
    assert torch.allclose(plane((known @ turn)[order]), found[order], atol=1e-4)
    assert torch.equal(plane(torch.ones(4, 3)), torch.zeros(4, 2))  # all alike
    assert plane(torch.tensor([[1.0], [2.0]])).shape == (2, 2)
