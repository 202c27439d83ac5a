"""Region, landmark and penalised losses of three papers."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.errors import FerError
from fer_lib.losses import landmark_l1, penalised_cross_entropy, region_loss
from fer_lib.losses.region import region_pull
from fer_lib.models import build


@pytest.mark.equation("ramn", 2)
@pytest.mark.parametrize("beta", [0.0, 0.02, 0.5])
def test_region_loss_equals_a_loop(beta):
    weights = torch.rand(9, 6, dtype=torch.float64)
    total = 0.0
    for face in weights.tolist():
        whole, crops = face[0], face[1:]
        total += max(beta - (max(crops) - whole), 0.0)
    assert float(region_loss(weights, beta)) == pytest.approx(total / 9)


def test_whole_face_is_no_candidate_of_the_maximum():
    """Else a leading whole face would cost beta and get no gradient."""
    weights = torch.tensor([[0.9, 0.2, 0.3]], requires_grad=True)
    loss = region_loss(weights)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.62)
    assert weights.grad.tolist() == [[1.0, 0.0, -1.0]]


def test_tied_crops_share_the_gradient():
    weights = torch.full((1, 5), 0.5, requires_grad=True)
    region_loss(weights).backward()
    assert weights.grad.tolist() == [[1.0, -0.25, -0.25, -0.25, -0.25]]


def test_order_of_faces_and_crops_does_not_matter():
    weights = torch.rand(8, 6, dtype=torch.float64)
    loss = region_loss(weights)
    faces, crops = torch.randperm(8), 1 + torch.randperm(5)
    torch.testing.assert_close(region_loss(weights[faces]), loss)
    moved = torch.cat([weights[:, :1], weights[:, crops]], 1)
    torch.testing.assert_close(region_loss(moved), loss)


@pytest.mark.parametrize(
    ("loss", "shapes"),
    [
        *((region_loss, [shape]) for shape in ((4,), (4, 1), (0, 6), (2, 3, 4))),
        # Torch would repeat the smaller one, with a warning at most.
        (landmark_l1, [(4, 18), (4, 1)]),
        (landmark_l1, [(4, 18), (1, 18)]),
        (landmark_l1, [(4, 9, 2), (4, 9, 2)]),
        (landmark_l1, [(0, 18), (0, 18)]),
    ],
)
def test_bad_shapes(loss, shapes):
    with pytest.raises(FerError, match=r"has shape .* expected"):
        loss(*map(torch.zeros, shapes))


@pytest.mark.parametrize("beta", [-0.01, float("nan")])
def test_bad_margin(beta):
    with pytest.raises(FerError, match=r"beta is .* expected 0 or more"):
        region_loss(torch.rand(2, 3), beta)


@given(st.lists(st.floats(-3, 3, width=32), min_size=3, max_size=6), st.floats(0, 0.1))
def test_the_closed_slope_is_the_gradient_of_the_loss(scores, beta):
    x = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    theta = x.sigmoid()
    crops = theta[1:].detach()
    if abs(crops.max() - theta[0].detach() - beta) < 1e-6:
        return  # at the bend there is no slope
    if (crops == crops.max()).sum() > 1:
        return  # crops that tie share the slope
    (slope,) = torch.autograd.grad(region_loss(theta[None], beta), x)
    found = region_pull(x.detach(), beta)
    torch.testing.assert_close(found, slope.to(found.dtype), atol=1e-6, rtol=1e-5)


@pytest.mark.equation("part_ensemble", 1)
@pytest.mark.parametrize("outputs", [18, 136])
def test_landmark_loss_equals_a_loop(outputs):
    predicted, target = torch.rand(2, 5, outputs, dtype=torch.float64)
    total = 0.0
    for face, truth in zip(predicted.tolist(), target.tolist(), strict=True):
        total += sum(abs(y - x) for x, y in zip(face, truth, strict=True))
    mean = total / (5 * outputs)
    assert float(landmark_l1(predicted, target)) == pytest.approx(mean)


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
