"""Weight penalty against loops and finite differences."""

import torch

from fer_lib.losses.penalty import weight_penalty


def test_weight_penalty_equals_a_loop():
    weights = [torch.randn(3, 4), torch.randn(5)]
    total = sum(float(w) ** 2 for weight in weights for w in weight.flatten())
    assert abs(float(weight_penalty(weights)) - total) < 1e-4


def test_weight_penalty_is_the_norm_of_torch():
    weight = torch.randn(7, 50, dtype=torch.float64)
    norm = torch.linalg.vector_norm(weight) ** 2
    torch.testing.assert_close(weight_penalty([weight]), norm)


def test_weight_penalty_gradient():
    weights = [torch.randn(2, 3, dtype=torch.float64, requires_grad=True)]
    assert torch.autograd.gradcheck(lambda w: weight_penalty([w]), weights)
