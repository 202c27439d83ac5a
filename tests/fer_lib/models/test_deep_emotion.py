"""Deep-Emotion against the counts and readings of the paper."""

import pytest
import torch

from fer_lib.models import build


@pytest.mark.parametrize("warp", ["input", "features"])
def test_identity_transform_changes_nothing(warp):
    """At the start the transformer samples the whole face."""
    torch.manual_seed(0)
    network = build("deep_emotion", warp=warp).eval()
    plain = build("deep_emotion", warp="none").eval()
    plain.load_state_dict(network.state_dict(), strict=False)
    x = torch.rand(3, 1, 48, 48)
    assert torch.equal(network.theta(x)[1], torch.eye(3)[:2])
    torch.testing.assert_close(network(x), plain(x), atol=1e-5, rtol=0)


def test_transform_shifts_by_whole_pixels():
    """A shift by two pixels, written by hand, is what the grid samples."""
    network = build("deep_emotion")
    x = torch.rand(1, 1, 48, 48)
    shift = 2 * 2 / 47  # two of the 47 steps between the outer centres
    theta = torch.tensor([[[1.0, 0, shift], [0, 1, 0]]])
    moved = network.transform(x, theta)
    torch.testing.assert_close(moved[..., :46], x[..., 2:], atol=1e-4, rtol=0)
    assert torch.all(moved[..., 46:].abs() < 1e-4)  # zeros come from outside


def test_gaussian_start():
    """Weights start at the paper's standard deviation, biases at zero."""
    torch.manual_seed(0)
    network = build("deep_emotion", variant="paper_start")
    weight = network.fc1.weight
    assert weight.std().item() == pytest.approx(0.05, rel=0.02)
    assert not network.fc1.bias.any()
