"""Maps, pictures and numbers as short text, for modules that draw them."""

import base64

import matplotlib
import numpy as np
import torch
from matplotlib.colors import to_hex
from PIL import Image
from torch import Tensor

from fer_lib.errors import FerError
from ferbook.widgets.crops import data_address

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LARGEST = len(_LETTERS) ** 2 - 1
_SHOWN = 64  # pixels along a side of a face on a page; larger ones are reduced


def colour_stops(name: str, count: int = 21) -> list[str]:
    """Colours of one of matplotlib's maps, between which a page mixes."""
    colours = matplotlib.colormaps[name]
    return [to_hex(colours(share)) for share in np.linspace(0, 1, count)]


def per_mille(probabilities: np.ndarray) -> np.ndarray:
    """Probabilities ``[..., classes]`` as whole per mille, ``int64``.

    Where rounding would make another class the largest, or an earlier one as
    large, the predicted class gets one more: labels never change.
    """
    said = probabilities.argmax(-1, keepdims=True)
    found = np.rint(1000 * probabilities).astype(np.int64)
    lost = found.argmax(-1, keepdims=True) != said
    raised = np.where(lost, found.max(-1, keepdims=True) + 1, 0)
    own = np.maximum(np.take_along_axis(found, said, -1), raised)
    np.put_along_axis(found, said, own, -1)
    return found


def packed(values: np.ndarray) -> str:
    """Whole numbers 0 to 4095 as two letters each, in their order.

    Raises:
        FerError: for other numbers.
    """
    flat = np.asarray(values).ravel()
    if flat.dtype.kind not in "iu" or flat.min() < 0 or flat.max() > _LARGEST:
        raise FerError(
            f"packed numbers: found {flat.dtype} from {flat.min()} to {flat.max()}, "
            f"expected whole numbers from 0 to {_LARGEST}; round or scale them."
        )
    letters = np.frombuffer(_LETTERS, np.uint8)
    pairs = np.stack(np.divmod(flat, len(letters)), 1)
    return letters[pairs].tobytes().decode()


def squeezed(values: np.ndarray, low: float, high: float) -> str:
    """Numbers from ``low`` to ``high``, others as the nearer, as bytes; base64."""
    reach = high - low or 1.0
    shares = ((np.asarray(values, np.float64) - low) / reach).clip(0, 1)
    return base64.b64encode(np.rint(255 * shares).astype(np.uint8)).decode()


def address_of(unit: Tensor) -> str:
    """A face ``[C, H, W]``, pixels in 0..1, as an address of its picture."""
    pixels = (255 * unit).round().to(torch.uint8).cpu().numpy()
    if pixels.shape[-1] > _SHOWN:
        planes = [Image.fromarray(plane).resize((_SHOWN, _SHOWN)) for plane in pixels]
        pixels = np.stack([np.asarray(plane) for plane in planes])
    return data_address(pixels)
