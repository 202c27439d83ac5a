"""Bytes of the two files of a run record: the same for the same content."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip file can hold


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A compressed ``.npz`` whose bytes depend on the arrays alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, arrays[key], allow_pickle=False)
            entry = zipfile.ZipInfo(f"{key}.npy", _ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.getvalue())
    return buffer.getvalue()


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
