"""Facial expressions: five papers' networks, losses, crops, data and explanations.

>>> import fer_lib
>>> network = fer_lib.load("ramn")              # a network that is trained
>>> fer_lib.predict(network, "me.jpg")          # doctest: +SKIP
>>> fer_lib.explain(network, "me.jpg")          # doctest: +SKIP

Nothing heavy is imported before it is used.
"""

import importlib
from types import ModuleType

from fer_lib import explain  # light: it imports when it is called

__version__ = "0.1.0"

_FUNCTIONS = ("build", "load", "predict", "evaluate")
_ROOMS = (
    "crops",
    "data",
    "evaluation",
    "explain",
    "expressions",
    "losses",
    "models",
    "photos",
    "rendered",
)
__all__ = [*_FUNCTIONS, *_ROOMS]


class _Explain(ModuleType):
    """The room of explanations, which is a function of the root, too."""

    def __call__(self, *arguments, **options):
        """See :func:`fer_lib.front.explain`."""
        from fer_lib.front import explain as front

        return front(*arguments, **options)


explain.__class__ = _Explain


def __getattr__(name: str):
    if name in _FUNCTIONS:
        return getattr(importlib.import_module("fer_lib.front"), name)
    if name in _ROOMS:
        return importlib.import_module(f"fer_lib.{name}")
    raise AttributeError(f"module 'fer_lib' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
