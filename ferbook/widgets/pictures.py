"""Faces, maps and numbers as short text, for modules that draw them."""

import base64
import io
from collections.abc import Sequence

import matplotlib
import numpy as np
import torch
from matplotlib.colors import to_hex
from PIL import Image
from skimage.data import astronaut
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.photos.detection import crop_face, find_face
from fer_lib.preprocessing import Preprocessing

ASTRONAUT = "Astronaut: skimage.data.astronaut(), NASA, public domain."
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LARGEST = len(_LETTERS) ** 2 - 1
_SHOWN = 64  # pixels along a side of a face on a page; larger ones are reduced


def astronaut_face(size: int = 96) -> np.ndarray:
    """The face of scikit-image's astronaut, ``uint8 [3, size, size]``."""
    photo = astronaut()
    # A copy, as torch warns of arrays that cannot be written.
    return np.array(crop_face(photo, find_face(photo), size, margin=0.1))


def alike(how: Preprocessing, images: Sequence[np.ndarray]) -> Tensor:
    """Faces of any size and channels as one network sees them, pixels in 0..1."""
    return torch.cat([how.to_unit(np.array(image)[None]) for image in images])


def data_address(image: np.ndarray) -> str:
    """A face ``uint8 [C, H, W]`` as an address that holds its PNG file."""
    pixels = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(written, "png")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"


def address_of(unit: Tensor) -> str:
    """A face ``[C, H, W]``, pixels in 0..1, as an address of its picture."""
    pixels = (255 * unit).round().to(torch.uint8).cpu().numpy()
    if pixels.shape[-1] > _SHOWN:
        planes = [Image.fromarray(plane).resize((_SHOWN, _SHOWN)) for plane in pixels]
        pixels = np.stack([np.asarray(plane) for plane in planes])
    return data_address(pixels)


def titled(unit: Tensor, titles: Sequence[str]) -> list[dict]:
    """Faces with their titles, as modules choose between them."""
    return [
        {"title": title.replace("\n", ", "), "image": address_of(face)}
        for title, face in zip(titles, unit, strict=True)
    ]


def colour_stops(name: str) -> list[str]:
    """Colours of one of matplotlib's maps, between which a page mixes."""
    return [
        to_hex(matplotlib.colormaps[name](share)) for share in np.linspace(0, 1, 21)
    ]


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
