"""Facial expressions: five papers' networks, losses, crops, data and explanations.

>>> import fer_lib
>>> network = fer_lib.load("ramn")              # a network that is trained
>>> fer_lib.predict(network, "me.jpg")          # doctest: +SKIP
>>> fer_lib.explain(network, "me.jpg")          # doctest: +SKIP

Nothing heavy is imported before it is used.
"""

import importlib

__version__ = "0.1.0"

_FUNCTIONS = ("build", "load", "predict", "evaluate", "explain")
_ROOMS = (
    "crops",
    "data",
    "evaluation",
    "explanations",
    "expressions",
    "losses",
    "models",
    "photos",
    "rendered",
)
__all__ = [*_FUNCTIONS, *_ROOMS]


def __getattr__(name: str):
    if name in _FUNCTIONS:
        return getattr(importlib.import_module("fer_lib.front"), name)
    if name in _ROOMS:
        return importlib.import_module(f"fer_lib.{name}")
    raise AttributeError(f"module 'fer_lib' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
