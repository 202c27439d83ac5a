"""Centres of the collaborative loss, which are trained."""

import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.losses import CollaborativeLoss, collaborative_loss


def draw(faces=6, tasks=3, size=4):
    features = torch.randn(faces, tasks, size)
    return features, torch.randint(tasks, (faces,))


@pytest.mark.parametrize("normalise", [False, True])
def test_module_equals_function(normalise):
    features, labels = draw()
    options = {"omega": 1.0, "intra_weight": 0.1, "inter_weight": 2.0}
    module = CollaborativeLoss(3, 4, normalise=normalise, **options)
    expected = collaborative_loss(
        features, labels, module.centres, normalise=normalise, **options
    )
    assert torch.equal(module(features, labels), expected)


def test_trained_centres_are_parameters():
    features, labels = draw()
    module = CollaborativeLoss(7, 128)
    assert sum(p.numel() for p in module.parameters()) == 1_792
    module = CollaborativeLoss(3, 4)
    optimiser = torch.optim.SGD(module.parameters(), lr=0.1)
    before = module(features, labels)
    before.backward()
    assert module.centres.grad.abs().sum((1, 2)).all()
    optimiser.step()
    assert module(features, labels) < before


@pytest.mark.parametrize("size", [4, 512])
def test_centres_start_two_apart(size):
    torch.manual_seed(0)
    centres = CollaborativeLoss(500, size).centres.detach()
    apart = (centres[:, 0] - centres[:, 1]).square().sum(-1)
    assert float(apart.mean()) == pytest.approx(2, rel=0.1)


def test_equal_centres_give_features_no_pull_apart():
    """Why the centres do not start at zero."""
    features, labels = draw()
    features.requires_grad_()
    options = {"intra_weight": 0.0}
    loss = collaborative_loss(features, labels, torch.zeros(3, 2, 4), **options)
    loss.backward()
    assert not features.grad.any()


@pytest.mark.parametrize(
    "options",
    [{"omega": -1.0}, {"intra_weight": -1.0}],
)
def test_bad_options(options):
    (name,) = options
    with pytest.raises(FerError, match=f"{name} is .*, expected 0"):
        CollaborativeLoss(3, 4, **options)
