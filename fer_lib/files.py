"""Writing files so that nothing is ever half written."""

import hashlib
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip file can hold


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Yield a temporary path that replaces ``target`` when the block ends.

    The temporary file lies beside the target, so the replacement is atomic.
    When the block raises, the target is left as it was.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name}-", suffix=target.suffix
    )
    os.close(handle)
    temporary = Path(name)
    umask = os.umask(0)
    os.umask(umask)
    try:
        yield temporary
        with temporary.open("r+b") as written:  # Windows syncs no read-only file
            os.fsync(written.fileno())
        # mkstemp, and some writers, make files private.
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def npz_bytes(
    arrays: Mapping[str, np.ndarray], compression: int = zipfile.ZIP_BZIP2
) -> bytes:
    """A compressed ``.npz`` whose bytes depend on the arrays alone.

    Args:
        arrays: by name.
        compression: one of ``zipfile``'s.  numpy reads all of them; its own
            deflating gives files a quarter longer.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, arrays[key], allow_pickle=False)
            entry = zipfile.ZipInfo(f"{key}.npy", _ZIP_EPOCH)
            entry.compress_type = compression
            archive.writestr(entry, member.getvalue())
    return buffer.getvalue()


def sha256_file(path: Path | str) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def cache_dir() -> Path:
    """Folder of everything that can be computed again.

    ``FER_CACHE`` if set, else ``fer-book`` in the user's cache folder.
    """
    if named := os.environ.get("FER_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library/Caches"
    else:
        folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "fer-book"
