"""The device that networks run on."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from fer_lib.errors import FerError

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str = "auto") -> torch.device:
    """The device to train on; ``"auto"`` takes a GPU where there is one.

    Raises:
        FerError: when the name is unknown or the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise FerError(f"device is '{name}', expected auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise FerError(
            "device is 'cuda', but torch finds no GPU here; on Colab choose "
            "Runtime > Change runtime type > GPU, or use device='cpu'."
        )
    return torch.device(name)


def low_precision(device: torch.device) -> str:
    """The precision below float32 that a device has in hardware, if any.

    ``"bf16"`` on processors with AVX512-BF16 or AMX and on GPUs of compute
    capability 8 and more, ``"fp16"`` on GPUs of 7, such as the T4, where bf16
    is emulated; ``"float32"`` elsewhere.
    """
    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        return "bf16" if major >= 8 else "fp16" if major == 7 else "float32"
    instructions = ("avx512_bf16", "amx_tile")
    asked = (getattr(torch.cpu, f"_is_{name}_supported") for name in instructions)
    return "bf16" if any(has() for has in asked) else "float32"


@contextmanager
def all_digits() -> Iterator[None]:
    """A block in which float32 is that: by default cuDNN rounds to TF32's ten bits."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """A block in which networks compute in float32, bf16 or fp16."""
    dtype = DTYPES.get(precision)
    return torch.autocast(device.type, dtype, enabled=dtype is not None)
