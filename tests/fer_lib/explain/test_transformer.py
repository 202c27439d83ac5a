"""The drawn window is where the grid really samples."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from known_networks import left_as_found, smoke, some_faces

from fer_lib.errors import FerError
from fer_lib.explain.transformer import (
    draw_sampled_windows,
    sampled_windows,
    sampling_window,
    window_area,
)


@pytest.mark.parametrize("align_corners", [True, False])
def test_corners_equal_the_grid(align_corners):
    torch.manual_seed(0)
    theta = torch.eye(2, 3)[None] + 0.2 * torch.randn(3, 2, 3)
    size = 21
    # An image of its own coordinates, sampled: what the network gets there.
    # 61 is wide enough to hold the largest of these windows.
    corners = sampling_window(theta, size, align_corners)
    grid = F.affine_grid(theta, [3, 1, size, size], align_corners=True)
    x = grid[:, [0, 0, -1, -1], [0, -1, -1, 0]]
    scale = (size - 1) / 2 if align_corners else size / 2
    assert np.allclose(corners, (x * scale + (size - 1) / 2).numpy(), atol=1e-4)


def test_identity_is_the_whole_face():
    corners = sampling_window(torch.eye(2, 3)[None], 48)
    assert corners[0].tolist() == [[0, 0], [47, 0], [47, 47], [0, 47]]


def test_area_equals_the_polygon():
    torch.manual_seed(1)
    theta = torch.eye(2, 3)[None] + 0.2 * torch.randn(5, 2, 3)
    x, y = np.moveaxis(sampling_window(theta, 48), -1, 0)
    polygon = 0.5 * abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1))
    assert np.allclose(window_area(theta), polygon / 47**2, atol=1e-5)


def moved(theta, variant="default"):
    """A network whose transformer always answers ``theta``."""
    network = smoke("deep_emotion", variant)
    with torch.no_grad():
        network.localisation[-1].weight.zero_()
        network.localisation[-1].bias.copy_(torch.tensor(theta))
    return network


def test_an_untrained_transformer_takes_the_whole_face():
    network, faces = smoke("deep_emotion"), some_faces(3)
    with left_as_found(network):
        found = sampled_windows(network, faces, batch_size=2)
    np.testing.assert_allclose(found.warped, faces / 255, atol=1e-5)
    np.testing.assert_allclose(found.areas, 1)
    corners = np.array([[0.5, 0.5], [47.5, 0.5], [47.5, 47.5], [0.5, 47.5]]) / 48
    np.testing.assert_allclose(found.corners, corners[None].repeat(3, 0), atol=1e-6)


def test_a_window_moved_by_whole_pixels():
    """Twelve pixels to the right; grey, the networks' zero, from outside."""
    network, faces = moved([1.0, 0, 24 / 47, 0, 1, 0]), some_faces(2)
    found = sampled_windows(network, faces)
    expected = np.full((2, 1, 48, 48), 0.5)
    expected[..., :36] = faces[..., 12:] / 255
    np.testing.assert_allclose(found.warped, expected, atol=1e-4)
    np.testing.assert_allclose(found.corners[:, 0], 2 * [[12.5 / 48, 0.5 / 48]], 1e-5)


def test_faces_of_another_size():
    network = moved([0.5, 0, 0, 0, 0.5, 0], "feature_warp")
    found = sampled_windows(network, some_faces(2, 96, 3))
    assert found.warped.shape == (2, 1, 48, 48)
    np.testing.assert_allclose(found.areas, 0.25)


def test_windows_drawn():
    network, faces = moved([0.5, 0, 0, 0, 0.5, 0]), some_faces(2)
    found = sampled_windows(network, faces)
    figure = draw_sampled_windows(found, faces, ["a", "b"])
    (polygon,) = figure.axes[0].patches
    np.testing.assert_allclose(polygon.get_xy()[:4], found.corners[0])
    assert "25 to 25 per cent" in figure.alt_text
    assert "is 0.00 per cent of the side" in figure.alt_text
    plt.close(figure)


def test_refuses_a_network_without_transformer():
    network = smoke("deep_emotion", "no_transformer")
    with pytest.raises(FerError, match="no theta"):
        sampled_windows(network, some_faces(1))
