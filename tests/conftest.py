"""Settings and fixtures that every room's tests may use."""

import os
from pathlib import Path

# Two workers share two cores: one thread each, kernels included.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch

from fer_lib.data.faceset import FaceSet
from ferbook.runs import make
from ferbook.training import precision

torch.set_num_threads(1)
# One precision on every machine; tests of the choice put the question back.
precision.low_precision = lambda device: "float32"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """140 random faces instead of a data set; caches below the test's folder."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (140, 1, 48, 48), dtype=np.uint8)
    splits = np.array(["Training"] * 84 + ["PublicTest"] * 28 + ["PrivateTest"] * 28)
    faces = FaceSet(
        "rendered", images, np.arange(140) % 7, splits, "drawn.", rendered=True
    )
    monkeypatch.setattr(make, "load", lambda name, root: faces)
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return faces
