"""How every method that explains a network is called."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import device_of, faces_together
from fer_lib.models.network import Network


class Method(Protocol):
    """A heat map a face, larger where a pixel speaks more for the class."""

    def __call__(
        self,
        network: Network,
        unit: Tensor,
        targets: np.ndarray,
        landmarks: np.ndarray | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """Explain each face's class.

        Args:
            network: one of the book's; left as it was.
            unit: faces ``float32 [N, C, H, W]``, pixels in 0..1, as
                :meth:`~fer_lib.preprocessing.Preprocessing.to_unit` makes
                them.
            targets: ``int64 [N]``, the classes to explain.
            landmarks: ``[N, 68, 2]``, x and y in pixels of ``unit``, pixel
                centres at whole numbers; for methods about facial parts.
            seed: for methods that draw numbers.

        Returns:
            ``float32 [N, H, W]``, finite; signed where the method is.

        Raises:
            FerError: when the network or the landmarks lack what the method
                needs, or targets do not fit the faces.
        """
        ...


def ready(
    network: Network, unit: Tensor, targets: np.ndarray | Tensor
) -> tuple[Tensor, Tensor]:
    """Faces and classes where the network's weights lie.

    Raises:
        FerError: for no face, or other than one class a face.
    """
    unit, wanted = torch.as_tensor(unit), torch.as_tensor(targets)
    if unit.ndim != 4 or not len(unit) or wanted.shape != unit.shape[:1]:
        raise FerError(
            f"explanation: faces of shape {list(unit.shape)} and targets of shape "
            f"{list(wanted.shape)}, expected [N, C, H, W] and [N], N one or more."
        )
    device = device_of(network)
    return unit.to(device), wanted.to(device, torch.int64)


def variants(unit: Tensor, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """All pairs of a face and one of its variants, as many as fit a pass.

    Args:
        unit: faces ``[N, C, H, W]``.
        count: K, variants of each.

    Yields:
        Numbers of faces and of variants, ``int64 [B]`` each; all variants of
        the first face first, so that what is found views as ``[N, K]``.
    """
    flat = torch.arange(len(unit) * count, device=unit.device)
    for part in flat.split(faces_together(unit.shape[1], unit.shape[-1])):
        yield part // count, part % count


def fitting(maps: np.ndarray, unit: Tensor) -> Tensor:
    """Maps ``float32 [N, H, W]`` beside their faces ``[N, C, H, W]``.

    Raises:
        FerError: when they do not fit or are not finite.
    """
    maps = torch.as_tensor(np.asarray(maps), device=unit.device)
    if maps.shape != (len(unit), *unit.shape[-2:]) or not maps.isfinite().all():
        raise FerError(
            f"explanation: maps of shape {list(maps.shape)} for faces of "
            f"{list(unit.shape)}, expected finite [N, H, W]."
        )
    return maps.float()
