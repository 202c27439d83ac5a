"""The device that networks run on."""

import torch

from fer_lib.errors import FerError


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
