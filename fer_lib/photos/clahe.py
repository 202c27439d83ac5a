"""Contrast-limited adaptive histogram equalisation (CLAHE).

K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics
Gems IV, 1994.  kornia does the work.
"""

import numpy as np
import torch
from kornia.enhance import equalize_clahe

from fer_lib.errors import FerError

CLIP, TILES = 2.0, 8  # the part ensemble's


def equalise(
    images: np.ndarray, *, clip: float = CLIP, tiles: int = TILES
) -> np.ndarray:
    """Equalise the histogram of every tile, with limited contrast.

    Each channel is treated alone: grey repeated three times stays grey.
    Against OpenCV's ``createCLAHE(2.0, (8, 8))`` the result is at most 2
    grey levels off at 300 x 300 pixels, and 22 at 48 x 48: kornia measures
    from the centres of the tiles, OpenCV from half a pixel beside them.

    Args:
        images: ``uint8 [N, C, H, W]``, sides longer than ``tiles`` pixels.
        clip: largest height of a tile's histogram, in multiples of an even
            one.
        tiles: tiles along each side.

    Returns:
        ``uint8 [N, C, H, W]``.

    Raises:
        FerError: for other arrays, smaller images or impossible options.
    """
    if images.dtype != np.uint8 or images.ndim != 4:
        raise FerError(
            "CLAHE: images must be uint8 [N, C, H, W], found "
            f"{images.dtype} {list(images.shape)}."
        )
    if not (clip > 0 and 2 <= tiles < min(images.shape[2:])):
        raise FerError(
            f"CLAHE: clip {clip} and {tiles} tiles a side do not fit images of "
            f"{images.shape[3]} x {images.shape[2]} pixels; expected clip above 0 "
            "and 2 tiles or more, fewer than pixels a side."
        )
    unit = torch.tensor(images).float() / 255
    with torch.inference_mode():
        equal = equalize_clahe(unit, float(clip), (tiles, tiles))
    return (equal * 255).round().byte().numpy()
