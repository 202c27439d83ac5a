"""What a notebook runs on, told in its first cell."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version

import torch

from fer_lib.errors import FerError


def device_name() -> str:
    """Name of the GPU, or the CPU threads that torch uses."""
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        return f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"
    apple = "; Apple's GPU is not used" * torch.backends.mps.is_available()
    return f"CPU, {torch.get_num_threads()} of {os.cpu_count()} threads{apple}"


def show_runtime() -> None:
    """Print the device and the versions that matter.

    From here on the notebook shows a :class:`FerError` as its sentence.
    """
    # IPython asks an exception for this method; outside it stays unused.
    FerError._render_traceback_ = lambda error: [f"FerError: {error}"]
    names = ("torch", "numpy", "kornia", "captum")
    found = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"Runs on {device_name()}; Python {platform.python_version()}")
    print(found)


def show_cost(
    minutes: Mapping[str, tuple[float | None, float | None]], preset: str
) -> None:
    """Print the minutes, on two CPU cores or a T4, to expect of a preset.

    Raises:
        FerError: when ``preset`` has no entry.
    """
    if preset not in minutes:
        raise FerError(
            f"No cost is known for preset '{preset}', expected one of "
            f"{', '.join(minutes)}."
        )
    gpu = torch.cuda.is_available()
    where = "a T4" if gpu else "two CPU cores"
    expected = minutes[preset][gpu]
    if expected is None:
        print(f"How long preset '{preset}' takes on {where} is not measured.")
    else:
        unit = "minute" if expected == 1 else "minutes"
        print(f"Expect about {expected:g} {unit} on {where}.")
