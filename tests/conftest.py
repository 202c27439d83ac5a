"""Settings and fixtures that every room's tests may use."""

import os
from pathlib import Path

# Two workers share two cores: one thread each, kernels included.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parents[1]
