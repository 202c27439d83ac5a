"""Small image files for the layouts of data sets; noise, not faces."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_lib.errors import FerError


def noise(seed: int, height: int = 12, width: int = 12, channels: int = 1):
    """``uint8 [H, W]``, or ``[H, W, 3]``, the same for the same seed."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def draw(path: Path, seed: int, height: int = 12, width: int = 12, channels: int = 1):
    """Write noise to an image file, and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(seed, height, width, channels)).save(path)
    return path


def cut(path: Path) -> Path:
    """Plant a fault: the file ends early."""
    path.write_bytes(path.read_bytes()[:50])
    return path


def touched(path: Path) -> None:
    """Let the time of change be another one, however coarse the clock."""
    about = path.stat()
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 10**9))


def refused(load, *args, **options) -> str:
    """The one sentence with which something is refused."""
    with pytest.raises(FerError) as caught:
        load(*args, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith("."), sentence
    return sentence
