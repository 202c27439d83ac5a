"""The built book, and a browser that reaches no host but this one."""

import pytest
from chromium import start_chromium
from made_records import make_record  # noqa: F401  a fixture

from ferbook.site.build import build


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Folder of the built pages; executed chapters come from the cache."""
    return build(output=tmp_path_factory.mktemp("site")).parent


@pytest.fixture(scope="session")
def explorers():
    """Explorers by name, each made when it is asked for first."""
    from planted_explorers import EXPLORERS  # most tests need none of it

    made = {}

    def of(name):
        if name not in made:
            made[name] = EXPLORERS[name]()
        return made[name]

    return of


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium in which every other host is blocked."""
    with start_chromium() as started:
        yield started
