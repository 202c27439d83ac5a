"""The examples in the docstrings of the losses."""

import doctest
from importlib import import_module
from pkgutil import iter_modules

import pytest

import fer_lib.losses

# Helpers without an example of their own.
SILENT = {"inputs"}


@pytest.mark.parametrize(
    "name", [m.name for m in iter_modules(fer_lib.losses.__path__)]
)
def test_examples(name):
    results = doctest.testmod(import_module(f"fer_lib.losses.{name}"))
    assert results.failed == 0
    assert (results.attempted == 0) == (name in SILENT)
