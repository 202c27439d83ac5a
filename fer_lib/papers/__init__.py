"""The papers' recipes, by nickname."""

from types import ModuleType

from fer_lib.errors import FerError
from fer_lib.papers import deep_emotion

PAPERS: dict[str, ModuleType] = {"deep_emotion": deep_emotion}


def paper(name: str) -> ModuleType:
    """The recipe of a paper; ``FerError`` when unknown."""
    if name not in PAPERS:
        raise FerError(
            f"paper '{name}' is unknown, expected one of {', '.join(PAPERS)}."
        )
    return PAPERS[name]
