"""The built book, and a browser that reaches no host but this one."""

from pathlib import Path

import pytest
from filelock import FileLock
from made_records import make_record  # noqa: F401  a fixture


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """Folder of the built pages, which one process builds for all.

    Executed chapters come from the cache.
    """
    from ferbook.site.build import build  # needs what most tests do without

    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "site"
    done = folder / "done"
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            index = build(output=folder)
            done.write_text(str(index.parent), encoding="utf-8")
    return Path(done.read_text(encoding="utf-8"))


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
    from chromium import start_chromium  # needs selenium

    with start_chromium() as started:
        yield started
