"""The drawn window is where the grid really samples."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fer_lib.explain.transformer import sampling_window, window_area


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
