"""Windows, what shows in them, and means over them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.errors import FerError
from fer_lib.explain.covering import cover, filling, pixel_means, window_starts

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 50))


@given(SIZES)
def test_windows_reach_every_pixel_and_stay_inside(sizes):
    side, window, stride = sizes[0], min(sizes[:2]), sizes[2]
    starts = window_starts(side, window, stride)
    assert starts[0] == 0 and starts[-1] == side - window
    steps = np.diff(starts)
    assert (steps > 0).all() and (steps[:-1] == stride).all()
    if stride <= window:  # else the gaps are asked for
        reached = {p for start in starts for p in range(start, start + window)}
        assert reached == set(range(side))


def test_cover_equals_slicing():
    torch.manual_seed(0)
    unit, paint = torch.rand(4, 3, 7, 9), torch.rand(4, 3, 7, 9)
    tops, lefts = torch.tensor([0, 4, 2, 1]), torch.tensor([6, 0, 3, 5])
    expected = unit.clone()
    for i, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        area = np.s_[i, :, top : top + 3, left : left + 3]
        expected[area] = paint[area]
    assert torch.equal(cover(unit, paint, tops, lefts, 3), expected)


def test_fillings():
    torch.manual_seed(0)
    unit = torch.rand(2, 3, 9, 9)
    assert not filling(unit, "zero", 3).any() and not filling(unit, 0, 3).any()
    assert torch.equal(filling(unit, 0.5, 3), torch.full_like(unit, 0.5))
    means = filling(unit, "mean", 3)
    for face in range(2):
        for channel in range(3):
            own = unit[face, channel].mean()
            torch.testing.assert_close(means[face, channel], own.expand(9, 9))


def test_blur_by_hand():
    """A Gaussian of half a window, the border's pixels repeated outside."""
    window, image = 4, torch.rand(7, 7, generator=torch.manual_seed(0)).double()
    at = torch.arange(-window, window + 1)
    bell = torch.exp(-0.5 * (at / (window / 2)) ** 2).double()
    kernel = torch.outer(bell, bell) / bell.sum() ** 2
    rows = (3 + at).clamp(0, 6)
    expected = (kernel * image[rows][:, rows]).sum()
    found = filling(image[None, None], "blur", window)[0, 0]
    torch.testing.assert_close(found[3, 3], expected)
    grey = torch.full((1, 1, 7, 7), 0.3)
    torch.testing.assert_close(filling(grey, "blur", 7), grey)


@pytest.mark.parametrize("fill", ["black", -0.1, 1.5, float("nan")])
def test_refuses_fills(fill):
    with pytest.raises(FerError, match=r"expected zero, mean, blur or a value"):
        filling(torch.rand(1, 1, 5, 5), fill, 3)


def test_means_over_windows_of_a_face_that_is_no_square():
    rng = np.random.default_rng(0)
    height, width, window, stride = 8, 11, 3, 2
    tops, lefts = (window_starts(s, window, stride) for s in (height, width))
    values = rng.normal(size=(2, len(tops), len(lefts)))
    expected = np.zeros((2, height, width))
    for y in range(height):
        for x in range(width):
            over = [
                values[:, i, j]
                for i, top in enumerate(tops)
                for j, left in enumerate(lefts)
                if top <= y < top + window and left <= x < left + window
            ]
            expected[:, y, x] = np.mean(over, 0)
    found = pixel_means(values, (height, width), window, stride)
    np.testing.assert_allclose(found, expected)
