"""Landmark loss, equation (1) of the part-based ensemble."""

import pytest
import torch
import torch.nn.functional as F

from fer_lib.errors import FerError
from fer_lib.losses import landmark_l1


@pytest.mark.equation("part_ensemble", 1)
@pytest.mark.parametrize("outputs", [18, 136])
def test_landmark_loss_equals_a_loop(outputs):
    predicted, target = torch.rand(2, 5, outputs, dtype=torch.float64)
    total = 0.0
    for face, truth in zip(predicted.tolist(), target.tolist(), strict=True):
        total += sum(abs(y - x) for x, y in zip(face, truth, strict=True))
    mean = total / (5 * outputs)
    assert float(landmark_l1(predicted, target)) == pytest.approx(mean)


def test_limits():
    target = torch.rand(3, 20)
    assert landmark_l1(target, target) == 0
    shifted = landmark_l1(target + 0.25, target)
    torch.testing.assert_close(shifted, torch.tensor(0.25))
    other = torch.rand(3, 20)
    assert landmark_l1(other, target) == F.l1_loss(other, target)


def test_times_the_side_it_is_a_distance_in_pixels():
    target = torch.rand(2, 18, dtype=torch.float64)
    moved = target + 3 / 160  # three pixels of 160
    assert float(landmark_l1(moved, target)) * 160 == pytest.approx(3)


def test_gradient():
    predicted = torch.rand(3, 18, dtype=torch.float64, requires_grad=True)
    target = torch.rand(3, 18, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda p: landmark_l1(p, target), predicted)


def test_order_of_faces_does_not_matter():
    predicted, target = torch.rand(2, 6, 18, dtype=torch.float64)
    order = torch.randperm(6)
    moved = landmark_l1(predicted[order], target[order])
    torch.testing.assert_close(moved, landmark_l1(predicted, target))


@pytest.mark.parametrize("scale", [-1e4, 1e4])
def test_extreme_predictions(scale):
    predicted = torch.full((1, 18), scale, requires_grad=True)
    loss = landmark_l1(predicted, torch.zeros(1, 18))
    loss.backward()
    assert float(loss.detach()) == 1e4
    assert predicted.grad.isfinite().all()


@pytest.mark.parametrize(
    ("predicted", "target"),
    [((4, 18), (4, 1)), ((4, 18), (1, 18)), ((4, 9, 2), (4, 9, 2)), ((0, 18),) * 2],
)
def test_bad_shapes(predicted, target):
    """Torch would repeat the smaller one, with a warning at most."""
    with pytest.raises(FerError, match=r"has shape .* expected"):
        landmark_l1(torch.zeros(predicted), torch.zeros(target))
