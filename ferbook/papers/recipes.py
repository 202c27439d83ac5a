"""Ways to train any of the networks other than its paper's own.

Each is a module with ``Config`` (a frozen dataclass), ``make_config(preset,
**changes)``, ``replanned(plan, splits, config)`` and ``deviations(of_paper,
plan, config)``.
"""

from types import ModuleType

from fer_lib.errors import FerError
from ferbook.papers import modern, rendered_first

RECIPES: dict[str, ModuleType] = {"modern": modern, "rendered_first": rendered_first}


def find_recipe(name: str) -> ModuleType:
    """The recipe of that name; ``FerError`` when unknown."""
    if name not in RECIPES:
        raise FerError(
            f"recipe '{name}' is unknown, expected one of paper, {', '.join(RECIPES)}."
        )
    return RECIPES[name]
