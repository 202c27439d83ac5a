"""Where cells lie: by what they see, and equal to torch where nothing is cut."""

import pytest
import torch
from known_networks import smoke
from planted import set_window
from torch import nn

from fer_lib.explain.grad_cam import learners
from fer_lib.explain.placing import (
    CENTRES,
    Centres,
    enlarge,
    esr_place,
    on_input,
    placed,
)
from fer_lib.models.deep_emotion import affine_warp


def seen_by(network, layer, side):
    """First and last pixel of a column that each cell of a row can see.

    All weights are positive, and no ReLU, attention or maximum chooses, so a
    gradient reaches all that takes part.
    """
    for name, weight in network.named_parameters():
        if "localisation" not in name:
            nn.init.constant_(weight, 0.01)
    kept = []
    handle = layer.register_forward_hook(lambda module, _, out: kept.append(out))
    x = torch.ones(1, network.input.channels, side, side, requires_grad=True)
    network.features(x)
    handle.remove()
    found = []
    for cell in kept[0][0].sum(0)[0]:  # of the first row
        (gradient,) = torch.autograd.grad(cell, x, retain_graph=True)
        columns = gradient.abs().sum((0, 1, 2)).nonzero()[:, 0]
        found.append((int(columns[0]), int(columns[-1])))
    return found


@pytest.fixture
def means(monkeypatch):
    """Pooling by means, so that every input has a gradient."""
    monkeypatch.setattr(
        torch.nn.functional, "max_pool2d", torch.nn.functional.avg_pool2d
    )
    monkeypatch.setattr(nn, "MaxPool2d", nn.AvgPool2d)


@pytest.mark.parametrize("side", [48, 60])
def test_deep_emotion_lies_where_its_frame_says(means, side):
    network = smoke("deep_emotion", warp="none", input_size=side).eval()
    seen = seen_by(network, network.conv4, side)
    frame = CENTRES[type(network)]
    for cell, (first, last) in enumerate(seen):
        assert (first + last) / 2 == frame.first + frame.stride * cell
    assert len(seen) == (side - 4) // 2 - 4


@pytest.mark.parametrize("side", [192, 206])
def test_esr_lies_where_its_frame_says(means, side):
    network = smoke("diversified_esr", input_size=side, cbam=False).eval()
    network.active = 1
    _, layer = next(iter(learners(network).values()))
    seen = seen_by(network, layer, side)
    frame = CENTRES[type(network)]
    # What outer cells see is cut off, by the border or by the padding.
    whole = [k for k, (low, high) in enumerate(seen) if high - low == 69]
    assert len(whole) > 2
    for cell in whole[1:-1]:
        assert sum(seen[cell]) / 2 == frame.first + frame.stride * cell
    low, _, high, _ = esr_place(side)
    edges = (frame.first - 4, frame.first + 8 * len(seen) - 4)
    assert (low * side - 0.5, high * side - 0.5) == pytest.approx(edges)


@pytest.mark.parametrize(("cells", "step"), [(4, 8), (3, 16), (1, 48), (48, 1)])
def test_cells_that_fill_the_side_are_enlarged_as_torch_does(cells, step):
    maps = torch.rand(2, cells, cells)
    found = placed(maps, Centres((step - 1) / 2, step), (cells * step,) * 2)
    expected = enlarge(maps, (cells * step,) * 2)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_a_cell_shows_at_its_middle_and_nothing_where_no_cell_is():
    maps = torch.zeros(1, 3, 4)
    maps[0, 2, 1] = 5.0
    found = placed(maps, Centres(6, 4), (24, 28))
    assert found[0, 14, 10] == 5 and found.max() == 5
    assert found[0, 14, 12] == 2.5  # half way to the next
    assert found[0, 16, 10] == 5  # half a cell beyond the last row
    assert not found[0, 17:].any()
    expected = torch.zeros(1, 24, 28)
    expected[:, 4:17, 4:21] = 1
    ones = placed(torch.ones(1, 3, 4), Centres(6, 4), (24, 28))
    assert torch.equal(ones, expected)


def test_a_map_goes_back_through_the_transformer():
    """Turned by a quarter on the way in, and back on the way out."""
    network = smoke("deep_emotion").eval()
    set_window(network, [[0.0, -1, 0], [1, 0, 0]])
    maps, x = torch.rand(1, 18, 18), torch.rand(1, 1, 48, 48)
    theta = network.theta(x).detach()
    plain = placed(maps, CENTRES[type(network)], (48, 48))
    found = on_input(maps, network, x)
    assert not torch.allclose(found, plain, atol=0.05)
    again = affine_warp(found[:, None], theta, align_corners=True)[:, 0]
    torch.testing.assert_close(again, plain, rtol=0, atol=1e-4)
