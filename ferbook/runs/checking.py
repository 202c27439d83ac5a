"""Values of files against their declared types, faults told in a sentence."""

import json

from pydantic import TypeAdapter, ValidationError

_PREFIXES = ("Input should be ", "Value error, ", "String should ")


class FaultError(ValueError):
    """What is wrong with a value: ``'epochs' is '300', expected a valid integer``."""


def checked(kind: TypeAdapter, value: object, *, tables: bool = False) -> object:
    """A value as its type; nothing is converted: ``"1"`` is no number.

    Args:
        kind: adapter of the type.
        value: as a file says it.
        tables: whether lists and tables stand for tuples and dataclasses.

    Raises:
        FaultError: with the first thing that is wrong.
    """
    try:
        if tables:
            return kind.validate_json(json.dumps(value, default=str), strict=True)
        return kind.validate_python(value, strict=True)
    except ValidationError as error:
        # A name that is mistyped, rather than that the right one is missing.
        found = sorted(error.errors(include_url=False), key=lambda e: not _unknown(e))
        raise FaultError(_told(found[0])) from None


def _unknown(fault: dict) -> bool:
    return fault["type"] in ("extra_forbidden", "unexpected_keyword_argument")


def _told(first: dict) -> str:
    place = ".".join(str(part) for part in first["loc"] if part != "[key]")
    if first["type"] in ("missing", "missing_argument"):
        return f"'{place}' is missing"
    if _unknown(first):
        return f"unknown key '{place}'"
    wish = first["msg"]
    for prefix in _PREFIXES:
        wish = wish.removeprefix(prefix)
    return f"'{place}' is {first['input']!r:.60}, expected {wish}"
