"""Sub-images of a face, as boxes, and their pixels.

L. Cui, Y. Tian, "Facial Expression Recognition by Regional Attention and
Multi-task Learning", Engineering Letters 29(3), 2021: section III.C, Figures
2 and 3.  Four quadrants of 3/4 of the side and a centre of 0.8 make five
sub-images; the centre moved to the left and right edge makes seven, to the
upper and lower nine, and a random one ten.  The whole face comes first.

What the paper leaves open:

* "Moves from left to right" is read as two more boxes, not as one replaced.
* The size of the random box is not given: 3/4, anywhere with equal chance.
* The multiplier of Figure 3(b) scales the sides of all crops alike.
* Sides are rounded to whole pixels.  An odd rest puts the extra pixel to the
  right of, and below, a centred box: 22 and 23 around 179 of 224.
"""

import math

import torch
from torch import Tensor

from fer_lib.errors import FerError

CORNER, CENTRE = 0.75, 0.8  # shares of the side
# Share of the side, then where the box stands from left to right and from
# top to bottom: 0 at the first edge, 0.5 in the middle, 1 at the last edge,
# None anywhere.  The order is that of Figure 3(a)'s counts.
CROPS = {
    "upper left": (CORNER, 0, 0),
    "upper right": (CORNER, 1, 0),
    "lower left": (CORNER, 0, 1),
    "lower right": (CORNER, 1, 1),
    "centre": (CENTRE, 0.5, 0.5),
    "centre left": (CENTRE, 0, 0.5),
    "centre right": (CENTRE, 1, 0.5),
    "centre up": (CENTRE, 0.5, 0),
    "centre down": (CENTRE, 0.5, 1),
    "random": (CORNER, None, None),
}
COUNTS = (0, 4, 5, 7, 9, 10)  # Figure 3(a); 0, the whole face alone, is ours
SMALLEST = 8  # pixels of a side
SCALES = (0.5, 1 / CENTRE)  # from here until the centre is the whole face


def crop_names(count: int) -> tuple[str, ...]:
    """What the boxes of :func:`crop_boxes` show, the whole face first.

    Raises:
        FerError: when ``count`` is not one of :data:`COUNTS`.

    Example:
        >>> crop_names(4)[:3]
        ('whole face', 'upper left', 'upper right')
    """
    if count not in COUNTS:
        known = ", ".join(map(str, COUNTS))
        raise FerError(f"crops: count is {count}, expected one of {known}.")
    return ("whole face", *list(CROPS)[:count])


def crop_boxes(
    count: int,
    size: int,
    *,
    scale: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Boxes of the whole face and of its ``count`` sub-images.

    Args:
        count: number of sub-images, one of :data:`COUNTS`.
        size: height and width of the face in pixels, 8 or more.
        scale: multiplies the sides of the crops, 0.5 to 1.25 (Figure 3(b):
            0.7 to 1.2); the whole face stays.
        generator: of the CPU, draws the place of the tenth box; None for
            torch's own.

    Returns:
        ``int64 [count + 1, 4]``: left, top, right, bottom in pixels, right
        and bottom excluded, named by :func:`crop_names`.

    Raises:
        FerError: for an unknown count, too small faces or such a scale.

    Example:
        >>> crop_boxes(5, 224)[[1, 5]].tolist()
        [[0, 0, 168, 168], [22, 22, 201, 201]]
    """
    names = crop_names(count)
    if size < SMALLEST:
        raise FerError(
            f"crops: size is {size}, expected {SMALLEST} pixels or more; resize first."
        )
    if not SCALES[0] <= scale <= SCALES[1]:
        raise FerError(
            f"crops: scale is {scale}, expected {SCALES[0]} to {SCALES[1]}, "
            "where the centre crop is the whole face."
        )
    boxes = [(0, 0, size, size)]
    for name in names[1:]:
        share, *places = CROPS[name]
        side = math.floor(share * scale * size + 0.5)  # halves up
        left, top = (_start(size - side, at, generator) for at in places)
        boxes.append((left, top, left + side, top + side))
    return torch.tensor(boxes)


def _start(rest: int, at: float | None, generator) -> int:
    """Pixels before a box that leaves ``rest`` pixels free."""
    if at is not None:
        return math.floor(at * rest)
    # On the CPU, so that a seed means the same box on every device.
    return int(torch.randint(rest + 1, (), generator=generator, device="cpu"))


def coverage(boxes: Tensor, size: int) -> Tensor:
    """How many boxes hold each pixel.

    Args:
        boxes: ``int64 [R, 4]``, as of :func:`crop_boxes`.
        size: height and width of the face in pixels.

    Returns:
        ``int64 [size, size]``.
    """
    counts = torch.zeros(size, size, dtype=torch.int64)
    for left, top, right, bottom in boxes.tolist():
        counts[top:bottom, left:right] += 1
    return counts


def crop_regions(x: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Cut all boxes out of all faces and resize them, in one call.

    The pixels are those of slicing a box and then ``F.interpolate`` with
    ``mode="bilinear"``: nothing outside a box leaks in.  A box of ``size``
    pixels comes out as it is.  Gradients reach ``x``.

    Args:
        x: faces ``[B, C, H, W]``, floating point.
        boxes: integers, ``[R, 4]`` the same for all faces or ``[B, R, 4]``,
            as of :func:`crop_boxes`; inside the faces, one pixel or more.
        size: height and width of the result in pixels.

    Returns:
        ``[B, R, C, size, size]``.

    Raises:
        FerError: for other shapes or kinds of numbers.
    """
    _check_regions(x, boxes)
    boxes = boxes if boxes.ndim == 3 else boxes[None]
    left, top, right, bottom = boxes[:, :, None].unbind(-1)  # [B, R, 1]
    columns = _resample(x[:, None].transpose(-1, -2), top, bottom, size)
    return _resample(columns.transpose(-1, -2), left, right, size)


def _resample(x: Tensor, first: Tensor, end: Tensor, size: int) -> Tensor:
    """Linear interpolation along the last dimension, for each region.

    Positions are whole multiples of 1 / (2 size): integers, so that no
    rounding moves a pixel.

    Args:
        x: ``[B, R, C, H, W]``, R or 1 for all regions.
        first: first pixel of each box, ``[B, R, 1]``, or 1 for all faces.
        end: pixel after its last, likewise.
        size: pixels of the result.

    Returns:
        ``[B, R, C, H, size]``.
    """
    length, unit = end - first, 2 * size
    # Pixels are squares: centre i stands at (i + 1/2) length / size - 1/2.
    place = length * (2 * torch.arange(size, device=x.device) + 1) - size
    place = place.clamp(min=0)
    low = first + place // unit  # [B, R, size]
    high = torch.minimum(low + 1, end - 1)  # nothing from outside the box
    share = (place % unit).to(x.dtype) / unit
    share = share[:, :, None, None]
    return torch.lerp(_pixels(x, low), _pixels(x, high), share)


def _pixels(x: Tensor, index: Tensor) -> Tensor:
    """Pixels ``index`` ``[B, R, size]`` along the last dimension of ``x``."""
    faces, regions = x.shape[0], index.shape[1]
    index = index[:, :, None, None].expand(faces, -1, *x.shape[2:4], -1)
    # take_along_dim would do this, but its export fixes the batch size.
    return x.expand(-1, regions, -1, -1, -1).gather(-1, index)


def _check_regions(x: Tensor, boxes: Tensor) -> None:
    if x.ndim != 4 or not x.is_floating_point():
        raise FerError(
            "crops: faces must be floating point [B, C, H, W], found "
            f"{x.dtype} {list(x.shape)}."
        )
    shape = tuple(boxes.shape)
    fits = len(shape) == 2 or (len(shape) == 3 and shape[0] == x.shape[0])
    if not fits or shape[-1] != 4 or boxes.is_floating_point():
        raise FerError(
            f"crops: boxes of {x.shape[0]} faces must be integers [R, 4] or "
            f"[{x.shape[0]}, R, 4], found {boxes.dtype} {list(shape)}."
        )
