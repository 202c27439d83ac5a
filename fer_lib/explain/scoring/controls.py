"""What a method must beat: decoys, and its own maps spoilt.

Decoys never ask the network; a method that does not beat them tells nothing
about it.  They are called like the methods (see
:class:`fer_lib.explain.methods.Method`), with faces of the network's size.  A
network whose weights were drawn anew (:mod:`fer_lib.explain.scoring.randomised`)
must get another map, and a map that was broken on purpose must score lower.
"""

import numpy as np
import torch
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.explain.inputs import Images
from fer_lib.explain.methods import Method
from fer_lib.models.network import Network

BROKEN = ("shift", "flip", "shuffle")
SPREAD = 0.2  # standard deviation of the blob, as a share of the side


def edges(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """Sobel's gradient of each face's light."""
    from kornia.filters import sobel  # takes half a second

    return sobel(_light(images)[:, None], eps=0.0)[:, 0].numpy()


def mean_face(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """How far a face's light is from the mean of all given faces.

    It depends on the other faces, and is zero for one face alone.
    """
    light = _light(images)
    return (light - light.mean(0)).abs().numpy()


def centre_blob(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """A Gaussian in the middle of the picture, the same for all faces."""
    height, width = images.shape[-2:]
    rows, columns = np.mgrid[:height, :width]
    away = ((rows + 0.5) / height - 0.5) ** 2 + ((columns + 0.5) / width - 0.5) ** 2
    blob = np.exp(-away / (2 * SPREAD**2)).astype(np.float32)
    return np.repeat(blob[None], len(images), 0)


def noise(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """Even noise 0..1 from the seed: chance."""
    shape = (len(images), *images.shape[-2:])
    return np.random.default_rng(seed).random(shape, np.float32)


def _light(images: Images) -> Tensor:
    """Mean of the channels, ``[N, H, W]``."""
    return torch.as_tensor(images).float().cpu().mean(1)


DECOYS: dict[str, Method] = {
    "edges": edges,
    "mean_face": mean_face,
    "centre_blob": centre_blob,
    "noise": noise,
}


def broken(maps: np.ndarray, how: str, *, pixels: int = 10) -> np.ndarray:
    """Maps ``[N, H, W]`` spoilt on purpose, with the values of each as they were.

    Args:
        maps: of any method.
        how: ``"shift"``, to the right and down, what leaves on one side coming
            in on the other; ``"flip"``, left to right, which spares what is
            symmetric; ``"shuffle"``, all maps in the same drawn order.
        pixels: of the shift.
    """
    if how == "shift":
        return np.roll(maps, (pixels, pixels), (1, 2))
    if how == "flip":
        return maps[:, :, ::-1].copy()
    if how == "shuffle":
        order = np.random.default_rng(0).permutation(maps[0].size)
        return maps.reshape(len(maps), -1)[:, order].reshape(maps.shape)
    raise FerError(f"broken: '{how}', expected one of {', '.join(BROKEN)}.")
