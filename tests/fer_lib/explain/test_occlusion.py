"""Occlusion: windows and fills, loops, captum, known pixels, few passes."""

import numpy as np
import pytest
import torch
from captum.attr import Occlusion
from hypothesis import given
from hypothesis import strategies as st
from known_networks import OnePixel, smoke, some_faces

from fer_lib.errors import FerError
from fer_lib.explain.inputs import from_pixels
from fer_lib.explain.occlusion import (
    covers,
    filling,
    label_flip,
    occlude,
    occlusion,
    pixel_means,
    window_starts,
)
from fer_lib.models import logits_of

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 50))
BRIGHT = np.full((2, 1, 9, 9), 204, np.uint8)  # 0.8: class 1
TOGETHER = "fer_lib.evaluation.inference.VALUES_TOGETHER"


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


@pytest.mark.parametrize(("window", "stride"), [(0, 1), (10, 1), (3, 0)])
def test_windows_that_do_not_fit_are_refused(window, stride):
    with pytest.raises(FerError, match="do not fit a side of 9"):
        window_starts(9, window, stride)


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
    means = filling(image[None, None], "mean", window)
    torch.testing.assert_close(means[0, 0], image.mean() + 0 * image)


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


@pytest.mark.parametrize("fill", ["zero", "mean", "blur", 0.4])
def test_equals_a_loop(fill):
    network, faces, labels = smoke("deep_emotion").eval(), some_faces(2), [0, 4]
    window, stride = 20, 9
    starts = window_starts(48, window, stride)
    unit = network.input.to_unit(torch.tensor(faces))
    paint = filling(unit, fill, window)

    @torch.no_grad()
    def scores(pixels):
        return logits_of(network(network.input.normalise(pixels)))

    drops, misled = np.zeros((2, 48, 48)), np.zeros((2, 48, 48))
    plain = scores(unit)
    over = np.zeros((48, 48))
    for top in starts:
        for left in starts:
            area = np.s_[:, top : top + window, left : left + window]
            for i, label in enumerate(labels):
                covered = unit[i].clone()
                covered[area] = paint[i][area]
                said = scores(covered[None])[0]
                drops[i][area[1:]] += float(plain[i, label] - said[label])
                misled[i][area[1:]] += float(said.argmax() != label)
            over[area[1:]] += 1
    found = occlude(network, faces, labels, window=window, stride=stride, fill=fill)
    np.testing.assert_allclose(found.drops, drops / over, atol=1e-5)
    np.testing.assert_allclose(found.misled, misled / over, atol=1e-6)


def test_equals_captum_where_the_stride_fits():
    network, faces = smoke("deep_emotion"), some_faces(2)
    found = occlude(network, faces, [1, 2], window=16, stride=8, fill="mean")
    unit = network.input.to_unit(torch.tensor(faces))
    drops = Occlusion(from_pixels(network)).attribute(
        unit, (1, 16, 16), (1, 8, 8), filling(unit, "mean", 16), torch.tensor([1, 2])
    )
    np.testing.assert_allclose(found.drops, drops[:, 0].detach(), atol=1e-5)


def test_ten_thousand_windows_in_a_few_passes(monkeypatch):
    monkeypatch.setattr(TOGETHER, 1000 * 40**2)
    network = OnePixel(20, 11, size=40)
    faces = np.full((8, 1, 40, 40), 204, np.uint8)
    found = occlude(network, faces, np.ones(8, int), window=4)
    assert 8 * len(window_starts(40, 4, 1)) ** 2 == 10_952
    assert network.calls == 11 + 1  # and one of the uncovered faces
    assert (found.drops.reshape(8, -1).argmax(1) == 40 * 20 + 11).all()


def test_squares_of_the_methods():
    """A sixth of the side, moved by a twelfth; grey, or black."""
    network = OnePixel(6, 2, size=24)
    unit = torch.rand(3, 1, 24, 24)
    unit[:, 0, 6, 2] = torch.tensor([0.9, 0.8, 0.2])
    targets, pixels = np.array([1, 1, 0]), {"window": 4, "stride": 2}
    grey = occlude(network, unit, targets, fill="mean", **pixels)
    assert np.array_equal(occlusion(network, unit, targets), grey.drops)
    black = occlude(network, unit, targets, fill="zero", **pixels)
    flips = label_flip(network, unit, targets)
    assert np.array_equal(flips, black.misled)
    assert flips[:2, 6, 2].tolist() == [1, 1] and not flips[2].any()


def test_covers():
    found = covers(OnePixel(6, 2), BRIGHT[0], window=3)
    assert found.faces.shape == (9, 1, 9, 9)
    for i, (top, left) in enumerate((t, s) for t in (0, 3, 6) for s in (0, 3, 6)):
        expected = np.full((9, 9), 0.8, np.float32)
        expected[top : top + 3, left : left + 3] = 0
        assert np.array_equal(found.faces[i, 0], expected)
    assert found.probabilities.argmax(1).tolist() == [1] * 6 + [0, 1, 1]
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-6)
