"""The machine that a run is on: as its record tells it, and its memory."""

import ctypes
import platform
import sys
from pathlib import Path

import torch

# Of glibc's malloc.h; a threshold is an int of 32 bits.
_TRIM_THRESHOLD, _MMAP_MAX, _MOST = -1, -4, 2**31 - 1


def hardware(device: torch.device) -> dict:
    """What the run is on: device, its name, CPU threads."""
    gpu = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if gpu else _processor()
    threads = torch.get_num_threads()
    return {"device": device.type, "name": name, "threads": threads}


def forget_peak(device: torch.device) -> None:
    """Let a GPU's peak be that of what comes now; a process's cannot be reset."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


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


def keep_memory() -> bool:
    """Let this process keep the memory that it frees; whether that could be asked.

    glibc hands large blocks back at once, so that every step of a training asks
    for its activations anew and the system fills them with zeros.  Kept, they
    cost nothing, which tells where maps are large and layers narrow, as in
    Deep-Emotion.  Elsewhere, for instance on Windows, nothing changes.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    ask = ctypes.CDLL(None).mallopt
    return bool(ask(_MMAP_MAX, 0) and ask(_TRIM_THRESHOLD, _MOST))


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
