"""The machine that a run is on."""

import platform
import resource
import sys
from pathlib import Path

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


def hardware(device: torch.device) -> dict:
    """What the run is on: device, its name, CPU threads."""
    gpu = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if gpu else _processor()
    threads = torch.get_num_threads()
    return {"device": device.type, "name": name, "threads": threads}


def peak_memory_mib(device: torch.device) -> float:
    """Most memory in use so far: of the GPU, else of this process."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
