"""Boxes of the sub-images, and their pixels against slice and resize."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_lib.crops import (
    COUNTS,
    coverage,
    crop_boxes,
    crop_names,
    crop_regions,
)
from fer_lib.errors import FerError

# Section III.C at 224 pixels: 3/4 is 168, 0.8 is 179 with 22 before it.
AT_224 = {
    "whole face": (0, 0, 224, 224),
    "upper left": (0, 0, 168, 168),
    "upper right": (56, 0, 224, 168),
    "lower left": (0, 56, 168, 224),
    "lower right": (56, 56, 224, 224),
    "centre": (22, 22, 201, 201),
    "centre left": (0, 22, 179, 201),
    "centre right": (45, 22, 224, 201),
    "centre up": (22, 0, 201, 179),
    "centre down": (22, 45, 201, 224),
}
SIZES = st.integers(8, 300)
SCALES = st.floats(0.5, 1.25)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def slice_and_resize(x, boxes, size):
    """What :func:`crop_regions` must equal, box by box."""
    regions = [
        F.interpolate(x[:, :, top:bottom, left:right], (size, size), mode="bilinear")
        for left, top, right, bottom in boxes.tolist()
    ]
    return torch.stack(regions, 1)


@pytest.mark.parametrize("count", [0, 4, 5, 7, 9])
def test_exact_boxes_at_224(count):
    boxes = crop_boxes(count, 224)
    expected = list(AT_224.items())[: count + 1]
    found = zip(crop_names(count), map(tuple, boxes.tolist()), strict=True)
    assert list(found) == expected
    assert boxes.dtype == torch.int64


@given(SIZES, SCALES, st.sampled_from(COUNTS), st.integers(0, 2**32))
def test_boxes_at_every_size_and_scale(size, scale, count, seed):
    """Square, inside the face, at their corner or in the middle."""
    boxes = crop_boxes(count, size, scale=scale, generator=seeded(seed))
    assert boxes.shape == (count + 1, 4)
    for name, box in zip(crop_names(count), boxes.tolist(), strict=True):
        left, top, right, bottom = box
        assert 0 <= left < right <= size and 0 <= top < bottom <= size
        assert right - left == bottom - top
        share = 1 if name == "whole face" else 0.75 * scale
        if "centre" in name:
            share = 0.8 * scale
        assert abs(right - left - share * size) <= 0.5 + 1e-9
        words = name.split()
        assert "left" not in words or left == 0
        assert "right" not in words or right == size
        assert not {"upper", "up"} & {*words} or top == 0
        assert not {"lower", "down"} & {*words} or bottom == size
        if "centre" in words and not {"left", "right"} & {*words}:
            assert 0 <= (size - right) - left <= 1
        if "centre" in words and not {"up", "down"} & {*words}:
            assert 0 <= (size - bottom) - top <= 1


def test_tenth_box_comes_from_the_generator():
    first, again, other = (crop_boxes(10, 224, generator=seeded(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert torch.equal(first[:10], other[:10])
    assert not torch.equal(first[10], other[10])
    torch.manual_seed(1)  # without a generator, torch's own
    assert torch.equal(crop_boxes(10, 224), first)


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 60), st.integers(1, 70), SCALES, st.integers(0, 2**32))
def test_regions_equal_slice_and_resize(side, size, scale, seed):
    x = torch.rand(2, 3, side, side, generator=seeded(seed), dtype=torch.float64)
    boxes = crop_boxes(10, side, scale=scale, generator=seeded(seed))
    regions = crop_regions(x, boxes, size)
    expected = slice_and_resize(x, boxes, size)
    torch.testing.assert_close(regions, expected, atol=1e-12, rtol=0)


def test_boxes_need_not_be_square_nor_shared():
    """A narrow face, and other boxes for each, down to one pixel."""
    x = torch.rand(2, 1, 20, 9)
    boxes = torch.tensor(
        [[[0, 0, 9, 20], [3, 4, 8, 6]], [[2, 19, 9, 20], [8, 0, 9, 1]]]
    )
    regions = crop_regions(x, boxes, 7)
    expected = [slice_and_resize(x[b : b + 1], boxes[b], 7) for b in range(2)]
    torch.testing.assert_close(regions, torch.cat(expected), atol=1e-5, rtol=0)


def test_whole_face_and_boxes_of_the_asked_size_are_exact():
    x = torch.randn(2, 3, 224, 224)
    boxes = crop_boxes(5, 224)
    assert torch.equal(crop_regions(x, boxes[:1], 224)[:, 0], x)
    assert torch.equal(crop_regions(x, boxes, 168)[:, 4], x[..., 56:, 56:])


@given(st.integers(8, 40), SCALES, st.sampled_from(COUNTS), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_flip_commutes(side, scale, count, seed):
    """Crops of the mirror image are mirror images of the crops."""
    x = torch.rand(1, 2, side, side + 3, generator=seeded(seed))
    boxes = crop_boxes(count, side, scale=scale, generator=seeded(seed))
    left, top, right, bottom = boxes.unbind(-1)
    mirrored = torch.stack([side + 3 - right, top, side + 3 - left, bottom], -1)
    found = crop_regions(x.flip(-1), mirrored, 24)
    expected = crop_regions(x, boxes, 24).flip(-1)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_gradients_reach_the_face():
    x = torch.rand(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    boxes = crop_boxes(5, 8)
    assert torch.autograd.gradcheck(lambda x: crop_regions(x, boxes, 5), x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays(dtype):
    x = torch.rand(1, 1, 48, 48)
    boxes = crop_boxes(5, 48)
    regions = crop_regions(x.to(dtype), boxes, 48)
    assert regions.dtype == dtype
    expected = crop_regions(x, boxes, 48)
    torch.testing.assert_close(regions.float(), expected, atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: crop_boxes(6, 224), "count is 6, expected one of 0, 4, 5"),
        (lambda: crop_names(11), "count is 11"),
        (lambda: crop_boxes(5, 7), "size is 7, expected 8"),
        (lambda: crop_boxes(5, 224, scale=1.3), r"scale is 1.3, expected 0.5 to 1.25"),
        (lambda: crop_boxes(5, 224, scale=float("nan")), "scale is nan"),
        (
            lambda: crop_regions(torch.rand(3, 8, 8), crop_boxes(4, 8), 8),
            r"\[3, 8, 8\]",
        ),
        (
            lambda: crop_regions(torch.ones(1, 1, 8, 8).byte(), crop_boxes(4, 8), 8),
            "found torch.uint8",
        ),
        (
            lambda: crop_regions(torch.rand(2, 1, 8, 8), crop_boxes(4, 8)[None], 8),
            r"boxes of 2 faces .* found torch.int64 \[1, 5, 4\]",
        ),
        (
            lambda: crop_regions(torch.rand(1, 1, 8, 8), crop_boxes(4, 8) / 8, 8),
            "found torch.float32",
        ),
    ],
)
def test_refusals(call, words):
    with pytest.raises(FerError, match=words):
        call()


def test_coverage_counts_the_boxes_of_each_pixel():
    boxes, size = crop_boxes(9, 40)[1:], 40
    counts = coverage(boxes, size)
    for y, x in [(0, 0), (20, 20), (39, 0), (9, 35), (30, 12)]:
        inside = [a <= x < c and b <= y < d for a, b, c, d in boxes.tolist()]
        assert counts[y, x] == sum(inside)
    assert counts[20, 20] == 9 and counts[0, 0] == 1
