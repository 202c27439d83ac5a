"""Settings as they are typed: ``beta=0.01``."""

import math
from collections.abc import Sequence
from types import NoneType
from typing import get_args, get_type_hints

from fer_lib.errors import FerError
from ferbook.papers import PAPERS, RECIPES

_TYPES = {int: "a whole number", float: "a number", str: "a text"}
_TYPES |= {bool: "true or false", NoneType: "none"}


def parsed_settings(
    paper: str, recipe: str, words: Sequence[str], option: str = "--set"
) -> dict:
    """Values of texts such as ``beta=0.01``, by the types of their fields.

    Args:
        paper: whose settings they are,
        recipe: or of this one.
        words: the texts.
        option: where they stood, for errors.

    Raises:
        FerError: for what is no setting, or has another type.
    """
    kinds = PAPERS[paper].kinds()
    if recipe in RECIPES:
        kinds |= get_type_hints(RECIPES[recipe].config)
    found = {}
    for word in words:
        name, equals, text = map(str.strip, word.partition("="))
        if not equals or name not in kinds:
            raise FerError(
                f"{option} {word}: '{name}' is no setting of {paper} with the recipe "
                f"'{recipe}', expected FIELD=VALUE with one of {', '.join(kinds)}."
            )
        allowed = get_args(kinds[name]) or (kinds[name],)
        found[name] = _typed(f"{option} {word}", text, allowed)
    return found


def _typed(asked: str, text: str, kinds: tuple[type, ...]) -> object:
    words = {NoneType: {"none": None}, bool: {"true": True, "false": False}}
    for kind in kinds:
        try:
            if kind in words:
                return words[kind][text.lower()]
            value = kind(text)
        except (KeyError, ValueError):
            continue
        if kind is not float or math.isfinite(value):
            return value
    expected = " or ".join(_TYPES[kind] for kind in kinds)
    raise FerError(f"{asked}: expected {expected}; correct the value.")
