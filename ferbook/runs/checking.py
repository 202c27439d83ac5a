"""Values of files against their declared types, faults told in a sentence."""

from pydantic import TypeAdapter, ValidationError

_PREFIXES = ("Input should be ", "Value error, ", "String should ")


def fault(kind: TypeAdapter, value: object, *, as_json: str | None = None) -> str:
    """The first thing that is wrong with a value; empty if nothing is.

    Args:
        kind: adapter of a type.
        value: as a file says it.  Nothing is converted: ``"1"`` is no number.
        as_json: the same as JSON, where lists may stand for tuples.

    Returns:
        Such as ``'epochs' is '300', expected a valid integer``.
    """
    try:
        if as_json is None:
            kind.validate_python(value, strict=True)
        else:
            kind.validate_json(as_json, strict=True)
    except ValidationError as error:
        return _told(error.errors(include_url=False)[0])
    return ""


def _told(first: dict) -> str:
    place = ".".join(str(part) for part in first["loc"] if part != "[key]")
    if first["type"] == "missing":
        return f"'{place}' is missing"
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key '{place}'"
    wish = first["msg"]
    for prefix in _PREFIXES:
        wish = wish.removeprefix(prefix)
    return f"'{place}' is {first['input']!r:.60}, expected {wish}"
