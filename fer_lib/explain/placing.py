"""Where the cells of a layer lie on the face.

A convolution without padding has no output whose middle is at the border, so
the cells of Deep-Emotion and of ESR lie in the middle of the face: of 48
pixels they span 36, of 96 pixels 48.  Their maps are put there; enlarged over
the whole face, as is usual, they would show things in the wrong place.  The
other networks pad, and their maps are enlarged over all of it.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_lib.models.deep_emotion import DeepEmotion, affine_warp
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.network import Network

Place = tuple[float, float, float, float]  # left, top, right, bottom; shares of a side
WHOLE: Place = (0.0, 0.0, 1.0, 1.0)


class Centres(NamedTuple):
    """Centre of the first cell's receptive field along a side, in pixels whose
    centres are whole numbers, and the step from one cell to the next."""

    first: float
    stride: float


# 3 x 3 convolutions move the first centre by their cells' distance, 2 x 2
# pooling by half of it and doubles it: 1 + 1, 0.5, 2 + 2; and 2 + 1, 0.5,
# 2 + 2, 1, 4 + 4, 2, 8, then a padded one that moves nothing.
CENTRES = {DeepEmotion: Centres(6.5, 2), DiversifiedESR: Centres(26.5, 8)}


def esr_place(side: int) -> Place:
    """What the cells of ESR's last layer span of a face of ``side`` pixels."""
    cells = side - 6
    for _ in range(2):
        cells = cells // 2 - 4
    first, stride = CENTRES[DiversifiedESR]
    low = (first - stride / 2 + 0.5) / side
    high = low + stride * (cells // 2 - 2) / side
    return low, low, high, high


def enlarge(maps: Tensor, sides: tuple[int, int]) -> Tensor:
    """Maps ``[B, h, w]`` as ``[B, H, W]``, bilinearly."""
    return F.interpolate(maps[:, None], tuple(sides), mode="bilinear")[:, 0]


def on_input(maps: Tensor, network: Network, x: Tensor) -> Tensor:
    """Maps ``[B, h, w]`` of the layer for Grad-CAM, put where its cells lie.

    On faces ``[B, C, H, W]`` as the network takes them; between the cells
    bilinear, zero where there are none.  Deep-Emotion's cells see the face
    through the transformer, and are put back through it.
    """
    sides, centres = tuple(x.shape[-2:]), CENTRES.get(type(network))
    if centres is None:
        return enlarge(maps, sides)
    found = placed(maps, centres, sides)
    if not isinstance(network, DeepEmotion) or network.warp != "input":
        return found
    with torch.no_grad():
        return unwarped(found, network.theta(x), network.align_corners)


def placed(maps: Tensor, centres: Centres, sides: tuple[int, int]) -> Tensor:
    """Maps ``[B, h, w]`` as ``[B, H, W]``: bilinear between the centres, the
    nearest cell half a stride beyond them, zero farther out."""
    positions, inside = [], []
    for side, cells in zip(sides, maps.shape[-2:], strict=True):
        at = torch.arange(side, device=maps.device) - centres.first
        at = at / centres.stride  # in cells
        positions.append(2 * at / max(cells - 1, 1) - float(cells > 1))
        inside.append((at >= -0.5) & (at <= cells - 0.5))
    grid = torch.stack(torch.meshgrid(*positions[::-1], indexing="xy"), -1)
    grid = grid.to(maps.dtype).expand(len(maps), -1, -1, -1)
    options = {"padding_mode": "border", "align_corners": True}
    found = F.grid_sample(maps[:, None], grid, **options)[:, 0]
    return found * (inside[0][:, None] & inside[1])


def unwarped(maps: Tensor, theta: Tensor, align_corners: bool = True) -> Tensor:
    """Maps ``[N, H, W]`` of what a spatial transformer saw, put back on the face.

    ``theta [N, 2, 3]`` leads from positions of the map to those of the face.  Zero
    where the transformer did not look; a window without area has no inverse,
    and what it gives means nothing.
    """
    last = theta.new_tensor([0.0, 0, 1]).expand(len(theta), 1, 3)
    # Positions of the face back to those of the map.
    back = torch.linalg.pinv(torch.cat([theta, last], 1))[:, :2]
    return affine_warp(maps[:, None], back, align_corners=align_corners)[:, 0]


def on_boxes(maps: Tensor, boxes: Tensor, sides: tuple[int, int]) -> Tensor:
    """Maps ``[B R, h, w]`` of R regions, each enlarged over its box, and added.

    All regions of the first face come first; boxes ``int64 [R, 4]`` are left,
    top, right and bottom in pixels.
    """
    regions = maps.unflatten(0, (-1, len(boxes)))  # [B, R, h, w]
    face = regions.new_zeros(len(regions), *sides)
    for r, (left, top, right, bottom) in enumerate(boxes.tolist()):
        box = (bottom - top, right - left)
        face[:, top:bottom, left:right] += enlarge(regions[:, r], box)
    return face


def mean_on_boxes(maps: Tensor, boxes: Tensor, sides: tuple[int, int]) -> Tensor:
    """Mean ``[N, H, W]``, at each pixel, of the maps ``[N, R, h, w]`` whose
    boxes hold it."""
    held = on_boxes(torch.ones_like(maps[0]), boxes, sides)
    return on_boxes(maps.flatten(0, 1), boxes, sides) / held.clamp(min=1)
