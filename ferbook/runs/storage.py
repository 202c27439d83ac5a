"""Text of a run record's JSON file; what was worked out once, in the cache."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.files import atomic_path, cache_dir


def json_text(path: Path, content: Mapping) -> str:
    """JSON with one top-level field a line, so that diffs stay readable."""
    content = dict(content) | {"curve": _as_table(content["curve"])}
    try:
        lines = [
            f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}"
            for key, value in content.items()
        ]
    except (TypeError, ValueError) as error:
        raise FerError(
            f"{path}: a field is no finite JSON value ({error}); write null "
            "for what is not finite."
        ) from error
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read_json(path: Path) -> object:
    """What :func:`json_text` wrote; the curve as rows again.

    Raises:
        FerError: when there is no such file, or it is not valid.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FerError(f"{path}: no such run record; run it first.") from None
    except ValueError as error:
        raise FerError(f"{path}: no valid JSON ({error}); run it again.") from None
    if isinstance(content, dict) and isinstance(content.get("curve"), dict):
        content["curve"] = _as_rows(path, content["curve"])
    return content


def _as_table(curve: Sequence[Mapping]) -> dict:
    """Rows of a curve with each name once, which is half as long.

    Stages may have names of their own; None stands for what a row lacks.
    """
    columns = list(dict.fromkeys(key for row in curve for key in row))
    rows = [[row.get(key) for key in columns] for row in curve]
    return {"columns": columns, "rows": rows}


def _as_rows(path: Path, table: Mapping) -> list[dict]:
    columns, rows = table.get("columns"), table.get("rows")
    fits = isinstance(columns, list) and isinstance(rows, list)
    if not fits or any(len(row) != len(columns) for row in rows):
        raise FerError(
            f"{path}: field 'curve' is no table of columns and rows of that length; "
            "run it again."
        )
    named = (zip(columns, row, strict=True) for row in rows)
    return [{k: v for k, v in row if v is not None} for row in named]


def remembered(folder: str, name: str, make: Callable[[], object]) -> object:
    """A JSON-able value, made once and then read from the cache.

    Args:
        folder: below the cache.
        name: a hash of everything that the value follows from.
        make: the value.
    """
    path = cache_dir() / folder / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        value = make()
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(value), encoding="utf-8")
    except OSError:  # then it is made each time
        pass
    return value
