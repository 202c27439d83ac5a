"""Loading with a cache of its own, and the real FER2013 where it is."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from fer_lib.data.sources import fer2013

# How long an example takes says nothing on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def load(tmp_path):
    """Load with a cache of the test's own."""
    return lambda root: fer2013.load(root, cache=tmp_path / "cache")


@pytest.fixture(scope="session")
def real_root() -> Path:
    """The folder of fer2013.csv, fer2013new.csv and exact.csv."""
    folder = os.environ.get("FER_DATA")
    if not folder:
        pytest.skip("FER_DATA names no folder with the real FER2013")
    return Path(folder)


@pytest.fixture(scope="session")
def real_cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def real(real_root, real_cache):
    """The real FER2013 with FER+'s votes."""
    return fer2013.load(real_root, real_cache)
