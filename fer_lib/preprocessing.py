"""From stored pixels to network input, as a record that travels along."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_lib.errors import FerError

_SLACK = 0.25  # noise that an explanation adds may leave outside of 0..1


@dataclass(frozen=True)
class Preprocessing:
    """What is done to a face before a network sees it.

    Saved inside every checkpoint, so that weights are never used with
    other sizes or scales than those they were trained with.
    """

    size: int = 48  # height and width in pixels
    channels: int = 1  # 1: grey, 3: grey repeated, or colour
    mean: float | tuple[float, ...] = 0.5  # subtracted from pixels in 0..1
    std: float | tuple[float, ...] = 0.5  # divided by; one, or one a channel

    def __post_init__(self):
        for name in ("mean", "std"):
            value = getattr(self, name)
            if isinstance(value, list):  # as JSON gives it
                object.__setattr__(self, name, tuple(value))
            if isinstance(value, list | tuple) and len(value) != self.channels:
                raise FerError(
                    f"preprocessing: {name} has {len(value)} values for "
                    f"{self.channels} channels, expected one number or one a "
                    "channel."
                )

    def to_unit(self, images: Tensor | np.ndarray) -> Tensor:
        """Pixels 0..1, in the network's size and channels.

        Args:
            images: ``[N, C, H, W]``, uint8 0-255 or floating point 0..1, C 1
                or 3.

        Returns:
            ``float32 [N, channels, size, size]``.

        Raises:
            FerError: for another shape, kind of number or range.
        """
        if isinstance(images, np.ndarray) and not images.flags.writeable:
            images = images.copy()  # torch takes no array that it may not change
        images = torch.as_tensor(images)
        _check_pixels(images)
        if images.dtype == torch.uint8:
            images = images.float() / 255
        images = images.float()
        if images.shape[1] > self.channels:
            grey = torch.tensor([0.299, 0.587, 0.114], device=images.device)
            images = torch.einsum("nchw,c->nhw", images, grey)[:, None]
        images = images.expand(-1, self.channels, -1, -1)
        if images.shape[-2:] != (self.size, self.size):
            sides = (self.size, self.size)
            images = F.interpolate(images, sides, mode="bilinear", antialias=True)
        return images

    def normalise(self, unit: Tensor) -> Tensor:
        """Network input of pixels that :meth:`to_unit` made."""
        mean, std = (
            torch.as_tensor(value, dtype=unit.dtype, device=unit.device).view(-1, 1, 1)
            if isinstance(value, tuple)
            else value  # a number is not sent to a GPU as a tensor is
            for value in (self.mean, self.std)
        )
        return (unit - mean) / std

    def __call__(self, images: Tensor | np.ndarray) -> Tensor:
        """Network input ``[N, channels, size, size]`` of stored pixels."""
        return self.normalise(self.to_unit(images))

    def to_json(self) -> dict:
        """The fields as JSON can hold them."""
        return asdict(self)


def _check_pixels(images: Tensor) -> None:
    shape = list(images.shape)
    if images.ndim == 4 and shape[1] not in (1, 3) and shape[3] in (1, 3):
        raise FerError(
            f"images are {shape}, channels last; expected [N, C, H, W]: "
            "images.permute(0, 3, 1, 2), or numpy's transpose(0, 3, 1, 2)."
        )
    if images.ndim != 4 or shape[1] not in (1, 3):
        raise FerError(
            f"images must be [N, C, H, W] with 1 or 3 channels, found {shape}."
        )
    if images.dtype == torch.uint8:
        return
    if not images.is_floating_point():
        raise FerError(
            f"images are {images.dtype}, expected uint8 0-255 or floating point "
            "0..1; convert them with .astype('uint8')."
        )
    # On a GPU each look would wait for the device, and there it is our own.
    if images.numel() and images.device.type == "cpu":
        low, high = float(images.amin()), float(images.amax())
        if not (low >= -_SLACK and high <= 1 + _SLACK):
            raise FerError(
                f"pixels lie in {low:g} to {high:g}, expected 0..1 for floating "
                "point; divide by 255, or undo a normalisation."
            )
