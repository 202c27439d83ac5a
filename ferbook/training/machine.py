"""The machine that a run is on, as its record tells it."""

import platform
import sys
from pathlib import Path

import torch


def hardware(device: torch.device) -> dict:
    """What the run is on: device, its name, CPU threads."""
    gpu = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if gpu else _processor()
    threads = torch.get_num_threads()
    return {"device": device.type, "name": name, "threads": threads}


def peak_memory_mib(device: torch.device) -> float | None:
    """Most memory in use so far: of the GPU, else of this process; None on Windows."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    try:
        import resource
    except ImportError:  # Windows has none
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
