"""Centres of the collaborative loss: trained, or moved by their faces."""

import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.losses import CollaborativeLoss, collaborative_loss, updated_centres


def draw(faces=6, tasks=3, size=4):
    features = torch.randn(faces, tasks, size)
    return features, torch.randint(tasks, (faces,))


def test_update_equals_a_loop():
    features, labels = draw()
    centres = torch.randn(3, 2, 4)
    moved = updated_centres(features, labels, centres, 0.5)
    for task in range(3):
        for side in (0, 1):
            centre = centres[task, side]
            step, count = torch.zeros(4), 0
            for x, label in zip(features, labels.tolist(), strict=True):
                if (label == task) == bool(side):
                    step, count = step + centre - x[task], count + 1
            wanted = centre - 0.5 * step / (1 + count)
            torch.testing.assert_close(moved[task, side], wanted)


def test_update_leaves_centres_without_faces():
    features, _ = draw()
    centres = torch.randn(3, 2, 4)
    moved = updated_centres(features, torch.zeros(6).long(), centres)
    kept = torch.isclose(moved, centres).all(-1)
    assert kept.tolist() == [[True, False], [False, True], [False, True]]
    assert torch.equal(
        updated_centres(features, torch.zeros(6).long(), centres, 0), centres
    )


def test_update_stops_at_the_faces():
    """Features that do not change are where their centres end."""
    x = torch.randn(1, 1, 4).expand(8, -1, -1)
    centres = torch.zeros(1, 2, 4)
    for _ in range(60):
        centres = updated_centres(x, torch.zeros(8).long(), centres)
    torch.testing.assert_close(centres[0, 1], x[0, 0])


@pytest.mark.parametrize("rate", [None, 0.5])
@pytest.mark.parametrize("normalise", [False, True])
def test_module_equals_function(rate, normalise):
    features, labels = draw()
    options = {"omega": 1.0, "intra_weight": 0.1, "inter_weight": 2.0}
    module = CollaborativeLoss(
        3, 4, normalise=normalise, update_rate=rate, **options
    ).eval()
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


def test_updated_centres_are_buffers_that_move_in_training_only():
    features, labels = draw()
    features.requires_grad_()
    module = CollaborativeLoss(3, 4, update_rate=0.5)
    assert not list(module.parameters())
    start = module.centres.clone()
    module.eval()(features, labels)
    assert torch.equal(module.centres, start)
    loss = module.train()(features, labels)
    wanted = updated_centres(features, labels, start)
    torch.testing.assert_close(module.centres, wanted)
    assert not module.centres.requires_grad
    torch.testing.assert_close(loss, collaborative_loss(features, labels, start))
    loss.backward()  # the centres moved after the loss had used them
    features.grad, grad = None, features.grad
    collaborative_loss(features, labels, start).backward()
    torch.testing.assert_close(features.grad, grad)
    assert "centres" in module.state_dict()


def test_normalised_updates_stay_on_the_scale_of_the_sphere():
    features, labels = draw()
    module = CollaborativeLoss(3, 4, normalise=True, update_rate=0.5)
    for _ in range(20):
        module(1e4 * features, labels)
    assert module.centres.norm(dim=-1).max() < 2


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
    [{"omega": -1.0}, {"intra_weight": -1.0}, {"update_rate": 1.5}],
)
def test_bad_options(options):
    (name,) = options
    with pytest.raises(FerError, match=f"{name} is .*, expected 0"):
        CollaborativeLoss(3, 4, **options)
