"""What the losses ask of their inputs."""

import torch
from torch import Tensor

from fer_lib.errors import FerError


def full_precision(x: Tensor) -> Tensor:
    """The tensor in float32 or better: margins are lost in bfloat16."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def check_shape(loss: str, name: str, x: Tensor, expected: str, fits: bool) -> None:
    """Refuse a tensor whose shape does not fit, or that has no elements."""
    if not fits or x.numel() == 0:
        raise FerError(
            f"{loss}: {name} has shape {list(x.shape)}, expected {expected} "
            "with at least one face; check what the network returns."
        )


def check_labels(loss: str, labels: Tensor, faces: int, classes: int) -> None:
    """Refuse labels that are not ``int64 [faces]`` from 0 to classes - 1.

    Their range is looked at on the CPU only: on a GPU each look would wait
    for the device, and torch's own cross-entropy stops there.
    """
    if labels.shape != (faces,) or labels.dtype != torch.int64:
        raise FerError(
            f"{loss}: labels are {labels.dtype} {list(labels.shape)}, expected "
            f"torch.int64 [{faces}]; give one class number a face."
        )
    if labels.device.type != "cpu" or torch.compiler.is_compiling():
        return
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        raise FerError(
            f"{loss}: labels lie in {low} to {high}, expected 0 to "
            f"{classes - 1}; map the data set's labels to the network's classes."
        )


def check_range(
    loss: str, name: str, value: float, low: float, high: float = float("inf")
) -> None:
    """Refuse a number outside of ``low`` to ``high``, or one that is none."""
    if not low <= value <= high:
        above = f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}"
        raise FerError(f"{loss}: {name} is {value:g}, expected {above}; change {name}.")
