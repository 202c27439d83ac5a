"""Where a run comes from: code, libraries, data."""

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import fer_lib
from fer_lib.data.protocols import Splits
from fer_lib.errors import FerError
from ferbook.runs.key import json_sha256
from ferbook.runs.paths import claims_folder, rules_path
from ferbook.runs.predictions import face_ids

LIBRARIES = ("torch", "numpy", "kornia", "captum")


def rules_now(paper: str) -> dict[str, str]:
    """Hashes of the rules and of a paper's claims, as they stand before a run.

    Of their content: neither comments nor layout count.  Of the last sitting,
    where a run was made in several; empty outside of the book's repository.
    """
    try:
        files = {"rules": rules_path(), "claims": claims_folder() / f"{paper}.toml"}
    except FerError:
        return {}
    return {
        name: json_sha256(tomllib.loads(path.read_text(encoding="utf-8")))
        for name, path in files.items()
        if path.is_file()
    }


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that shape results."""
    found = {"python": sys.version.split()[0]}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def code_version(source_sha256: str) -> dict:
    """The library's version, source hash and commit.

    Commit and whether the checkout was changed are null outside of one.
    """
    here = Path(fer_lib.__file__).parent

    def git(*words: str) -> str:
        command = ["git", "-C", str(here), *words]
        told = subprocess.run(command, capture_output=True).stdout
        return told.decode(errors="replace").strip()

    commit = git("rev-parse", "HEAD") if shutil.which("git") else ""
    return {
        "version": fer_lib.__version__,
        "source_sha256": source_sha256,
        "commit": commit or None,
        "dirty": bool(git("status", "--porcelain", "--", ".")) if commit else None,
    }


def faces_sha256(splits: Splits) -> str:
    """Hash of the faces and labels of each part, in whatever order they stand."""
    digest = hashlib.sha256()
    for name, part in splits.named().items():
        rows = zip(face_ids(part).tolist(), part.labels.tolist(), strict=True)
        digest.update(json.dumps([name, sorted(rows)]).encode())
    return digest.hexdigest()


def data_description(splits: Splits) -> dict:
    """Name, origin, hash, label rule, classes and counts of a data set."""
    faces, classes = splits.train, splits.classes
    return {
        "name": faces.name,
        "rendered": faces.rendered,
        "provenance": faces.provenance,
        "sha256": splits.sha256,
        "faces_sha256": faces_sha256(splits),
        "label_rule": splits.label_rule,
        "classes": list(classes),
        "splits": {
            name: {"n": len(part), "per_class": part.counts()[: len(classes)].tolist()}
            for name, part in splits.named().items()
        },
    }
