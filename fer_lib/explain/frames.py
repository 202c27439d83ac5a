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

from fer_lib.explain.grad_cam import enlarge
from fer_lib.explain.transformer import unwarped
from fer_lib.models.deep_emotion import DeepEmotion
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.network import Network


class Frame(NamedTuple):
    """Places of a layer's cells along a side, in pixels of the input.

    Attributes:
        first: the middle of what the first cell sees; pixel centres are
            whole numbers.
        step: from one cell to the next.
    """

    first: float
    step: float


# 3 x 3 convolutions move the first middle by their cells' distance, 2 x 2
# pooling by half of it and doubles it: 1 + 1, 0.5, 2 + 2; and 2 + 1, 0.5,
# 2 + 2, 1, 4 + 4, 2, 8, then a padded one that moves nothing.
FRAMES = {DeepEmotion: Frame(6.5, 2), DiversifiedESR: Frame(26.5, 8)}


def esr_place(side: int) -> tuple[float, float, float, float]:
    """What the cells of ESR's last layer span of a face.

    Args:
        side: of the face in pixels.

    Returns:
        Left, top, right and bottom, as shares of the side.
    """
    cells = side - 6
    for _ in range(2):
        cells = cells // 2 - 4
    frame, cells = FRAMES[DiversifiedESR], cells // 2 - 2
    low = (frame.first - frame.step / 2 + 0.5) / side
    high = low + frame.step * cells / side
    return low, low, high, high


def on_input(maps: Tensor, network: Network, x: Tensor) -> Tensor:
    """Maps of the layer for Grad-CAM, put where its cells lie on the face.

    Deep-Emotion's cells see the face through the transformer, and are put
    back through it.

    Args:
        maps: ``[B, h, w]``.
        network: any but RAMN, whose cells lie on regions.
        x: the faces ``[B, C, H, W]``, as the network takes them.

    Returns:
        ``[B, H, W]``, between the cells bilinear, zero where there are none.
    """
    sides, frame = tuple(x.shape[-2:]), FRAMES.get(type(network))
    if frame is None:
        return enlarge(maps, sides)
    found = placed(maps, frame, sides)
    if not isinstance(network, DeepEmotion) or network.warp != "input":
        return found
    with torch.no_grad():
        return unwarped(found, network.theta(x), network.align_corners)


def placed(maps: Tensor, frame: Frame, sides: tuple[int, int]) -> Tensor:
    """Maps in a frame: bilinear between cells, the nearest half a cell beyond.

    Args:
        maps: ``[B, h, w]``.
        frame: the same along both sides.
        sides: height and width of the face in pixels.

    Returns:
        ``[B, H, W]``, zero farther out.
    """
    cells = maps.shape[-2:]
    at = [
        (torch.arange(side, device=maps.device) - frame.first) / frame.step
        for side in sides
    ]
    rows, columns = (
        2 * where / max(count - 1, 1) - float(count > 1)
        for where, count in zip(at, cells, strict=True)
    )
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)
    grid = grid.to(maps.dtype).expand(len(maps), -1, -1, -1)
    options = {"padding_mode": "border", "align_corners": True}
    found = F.grid_sample(maps[:, None], grid, **options)[:, 0]
    inside = [
        (where >= -0.5) & (where <= count - 0.5)
        for where, count in zip(at, cells, strict=True)
    ]
    return found * (inside[0][:, None] & inside[1])
