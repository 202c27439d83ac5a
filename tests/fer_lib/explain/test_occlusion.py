"""Occlusion against loops, and on networks that look at known pixels."""

import numpy as np
import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.explain import occlusion


def mouth_only(unit):
    """Two classes, told by the brightness of rows 6-7, columns 2-5."""
    light = unit[:, 0, 6:8, 2:6].mean((1, 2))
    return torch.stack([0.3 - light, light - 0.3], 1)


@pytest.fixture(scope="module")
def unit():
    torch.manual_seed(0)
    return torch.rand(3, 1, 9, 9) / 2 + 0.5  # bright: all are class 1


LABELS = torch.ones(3, dtype=torch.int64)


@pytest.mark.parametrize(("window", "stride"), [(3, 1), (4, 2), (9, 1), (2, 3)])
def test_flips_equal_a_loop(unit, window, stride):
    starts = occlusion.window_starts(9, window, stride)
    expected = np.zeros((3, len(starts), len(starts)), bool)
    for face in range(3):
        for row, top in enumerate(starts):
            for column, left in enumerate(starts):
                covered = unit[face : face + 1].clone()
                covered[..., top : top + window, left : left + window] = 0
                expected[face, row, column] = mouth_only(covered).argmax() != 1
    options = {"window": window, "stride": stride}
    for batch_size in (1, 7, 1024):
        found = occlusion.label_flips(
            mouth_only, unit, LABELS, batch_size=batch_size, **options
        )
        assert np.array_equal(found, expected)


def test_flip_map_equals_a_loop():
    rng = np.random.default_rng(0)
    window, stride, size = 3, 2, 8
    starts = occlusion.window_starts(size, window, stride)
    assert starts.tolist() == [0, 2, 4, 5]
    flips = rng.random((4, 4)) < 0.5
    expected = np.zeros((size, size))
    for y in range(size):
        for x in range(size):
            over = [
                flips[r, c]
                for r, top in enumerate(starts)
                for c, left in enumerate(starts)
                if top <= y < top + window and left <= x < left + window
            ]
            expected[y, x] = np.mean(over)
    found = occlusion.flip_map(flips, size, window, stride)
    assert np.allclose(found, expected)


def test_marks_only_what_the_network_looks_at(unit):
    flips = occlusion.label_flips(mouth_only, unit, LABELS, window=4)
    shown = occlusion.flip_map(flips, 9, 4, 1)
    assert shown[:, 6:8, 2:6].min() > 0
    assert shown[:, :3].max() == 0  # no window that reaches there flips


def test_drops_equal_a_loop(unit):
    window, stride = 3, 2
    drops = occlusion.score_drops(
        mouth_only, unit, LABELS, window=window, stride=stride
    )
    total, cover = np.zeros((3, 9, 9)), np.zeros((9, 9))
    for top in range(0, 7, stride):
        for left in range(0, 7, stride):
            area = np.s_[..., top : top + window, left : left + window]
            covered = unit.clone()
            covered[area] = 0
            drop = (mouth_only(unit) - mouth_only(covered))[:, 1].numpy()
            total[area] += drop[:, None, None]
            cover[area] += 1
    assert np.allclose(drops, total / cover, atol=1e-5)


def test_drops_do_not_depend_on_the_batch(unit):
    one, other = (
        occlusion.score_drops(
            mouth_only, unit, LABELS, window=2, windows_per_pass=number
        )
        for number in (1, 50)
    )
    assert np.allclose(one, other, atol=1e-6)


def test_class_means():
    maps = np.arange(4.0).reshape(4, 1, 1)
    means = occlusion.class_means(maps, np.array([0, 0, 2, 2]), 3)
    assert means[[0, 2]].ravel().tolist() == [0.5, 2.5]
    assert np.isnan(means[1]).all()


@pytest.mark.parametrize(("window", "stride"), [(0, 1), (10, 1), (3, 0)])
def test_refusals(window, stride):
    with pytest.raises(FerError, match="do not fit a side of 9"):
        occlusion.window_starts(9, window, stride)


def test_refuses_flips_of_other_windows():
    with pytest.raises(FerError, match="expected \\[7, 7\\] for 9 x 9 pixels"):
        occlusion.flip_map(np.zeros((3, 3), bool), 9, 3, 1)
