"""Text of a run record's JSON file."""

import json
from collections.abc import Mapping
from pathlib import Path

from fer_lib.errors import FerError


def json_text(path: Path, content: Mapping) -> str:
    """JSON with one top-level field a line, so that diffs stay readable."""
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
