"""Deep-Emotion's equation (1): cross-entropy plus lambda times squared weights."""

import pytest
import torch
import torch.nn.functional as F

from fer_lib.losses import penalised_cross_entropy
from fer_lib.models import build

SCORES, LABELS = torch.randn(5, 7), torch.tensor([0, 1, 2, 3, 4])


@pytest.mark.equation("deep_emotion", 1)
def test_equation_1_by_hand():
    network = build("deep_emotion")
    squares = sum(
        float(w) ** 2
        for layer in (network.fc1, network.fc2)
        for w in layer.weight.detach().flatten()
    )
    expected = F.cross_entropy(SCORES, LABELS).item() + 0.001 * squares
    weights = network.penalised_weights()
    found = penalised_cross_entropy(SCORES, LABELS, weights)
    assert found.item() == pytest.approx(expected, rel=1e-5)
    without = penalised_cross_entropy(SCORES, LABELS, weights, 0.0)
    assert torch.equal(without, F.cross_entropy(SCORES, LABELS))


def test_the_penalty_moves_only_the_last_two_layers():
    network = build("deep_emotion")
    weights = network.penalised_weights()
    penalised_cross_entropy(SCORES, LABELS, weights, 1.0).backward()
    moved = {name for name, p in network.named_parameters() if p.grad is not None}
    assert moved == {"fc1.weight", "fc2.weight"}


def test_gradient():
    scores = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda s, w: penalised_cross_entropy(s, LABELS[:3], [w], 0.3), (scores, weight)
    )
