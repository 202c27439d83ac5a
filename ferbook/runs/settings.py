"""Settings as they are typed: ``beta=0.01``."""

import math
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import get_args, get_type_hints

from fer_lib.data import options_of
from fer_lib.errors import FerError
from ferbook.papers import PAPERS, RECIPES

_TYPES = {int: "a whole number", float: "a number", str: "a text"}
_TYPES |= {bool: "true or false", NoneType: "none"}
_NAMES = Mapping[str, str]
_TYPES[_NAMES] = "names such as 0:angry,1:sad"


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
    what = f"setting of {paper} with the recipe '{recipe}'"
    return _parsed(words, kinds, what, option)


def parsed_options(
    dataset: str, words: Sequence[str], option: str = "--option"
) -> dict:
    """Values of texts such as ``size=48``, by the types of a data set's reader.

    Several names at once are ``classes=0:angry,1:sad``.

    Raises:
        FerError: for what is no option, or has another type.
    """
    # Where the converted set lies does not decide what is read: FER_CACHE says it.
    kinds = {k: kind for k, kind in options_of(dataset).items() if k != "cache"}
    return _parsed(words, kinds, f"option of {dataset}", option)


def _parsed(
    words: Sequence[str], kinds: Mapping[str, type], what: str, option: str
) -> dict:
    found = {}
    for word in words:
        name, equals, text = map(str.strip, word.partition("="))
        if not equals or name not in kinds:
            raise FerError(
                f"{option} {word}: '{name}' is no {what}, expected NAME=VALUE with one "
                f"of {', '.join(kinds) or 'none'}."
            )
        allowed = get_args(kinds[name]) or (kinds[name],)
        found[name] = _typed(f"{option} {word}", text, allowed)
    return found


def _typed(asked: str, text: str, kinds: tuple[type, ...]) -> object:
    words = {NoneType: {"none": None}, bool: {"true": True, "false": False}}
    for kind in sorted(kinds, key=lambda kind: kind is not NoneType):
        try:
            if kind in words:
                return words[kind][text.lower()]
            if kind == _NAMES:
                return dict(map(str.strip, one.split(":")) for one in text.split(","))
            value = kind(text)
        except (KeyError, ValueError):
            continue
        if kind is not float or math.isfinite(value):
            return value
    expected = " or ".join(_TYPES[kind] for kind in kinds)
    raise FerError(f"{asked}: expected {expected}; correct the value.")
