"""Region loss, equation (2) of RAMN."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.errors import FerError
from fer_lib.losses import region_loss
from fer_lib.losses.region import region_pull


@pytest.mark.equation("ramn", 2)
@pytest.mark.parametrize("beta", [0.0, 0.02, 0.5])
def test_region_loss_equals_a_loop(beta):
    weights = torch.rand(9, 6, dtype=torch.float64)
    total = 0.0
    for face in weights.tolist():
        whole, crops = face[0], face[1:]
        total += max(beta - (max(crops) - whole), 0.0)
    assert float(region_loss(weights, beta)) == pytest.approx(total / 9)


def test_limits():
    """Zero once a crop leads by beta; beta if all weights are the same."""
    assert region_loss(torch.tensor([[0.1, 0.9, 0.2]]), 0.79) == 0
    torch.testing.assert_close(region_loss(torch.full((4, 6), 0.3)), torch.tensor(0.02))


def test_whole_face_is_no_candidate_of_the_maximum():
    """Else a leading whole face would cost beta and get no gradient."""
    weights = torch.tensor([[0.9, 0.2, 0.3]], requires_grad=True)
    loss = region_loss(weights)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.62)
    assert weights.grad.tolist() == [[1.0, 0.0, -1.0]]


def test_gradient():
    weights = torch.rand(5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w: region_loss(w, 0.5), weights)


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


def test_softmax_weights_have_a_fifth_of_the_range():
    """The docstring's scale trap, at the end points of the sigmoid."""
    ends = torch.eye(6, dtype=torch.float64)[:, None]  # one region at 1
    softmax = torch.cat([ends, 1 - ends]).softmax(-1)
    assert float(softmax.min()) == pytest.approx(1 / (1 + 5 * math.e))
    assert float(softmax.max()) == pytest.approx(0.352, abs=5e-4)
    lead = ends[1].softmax(-1)  # a crop leads by all it can
    assert float(region_loss(lead, 0.222)) == 0
    assert float(region_loss(lead, 0.224)) > 0
    assert float(region_loss(ends[1], 1.0)) == 0


@pytest.mark.parametrize("scale", [-1e4, 1e4])
def test_extreme_weights(scale):
    weights = torch.tensor([[scale, -scale]], requires_grad=True)
    loss = region_loss(weights)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(max(0.02 + 2 * scale, 0))
    assert weights.grad.isfinite().all()


def test_small_margins_survive_bfloat16():
    """The margin is added in float32: 0.02 in bfloat16 is 0.020020."""
    weights = torch.full((1, 2), 0.5, dtype=torch.bfloat16)
    assert float(region_loss(weights)) == pytest.approx(0.02, rel=1e-6)


@pytest.mark.parametrize("shape", [(4,), (4, 1), (0, 6), (2, 3, 4)])
def test_bad_shapes(shape):
    with pytest.raises(FerError, match=r"weights has shape .* expected \[B, 1"):
        region_loss(torch.zeros(shape))


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


def test_the_slope_does_not_depend_on_the_margin_until_it_ends():
    scores = torch.tensor([0.0, 0.02, -1.0])  # a lead of 0.005
    pulls = [region_pull(scores, beta) for beta in (0.001, 0.01, 0.04)]
    assert not pulls[0].any() and pulls[1].any()
    torch.testing.assert_close(pulls[1], pulls[2])
