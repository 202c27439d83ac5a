"""Nothing is ever half written."""

import sys
from pathlib import Path

import pytest

from fer_lib.files import atomic_path, cache_dir


def test_replaces_only_when_the_block_ends_well(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    with atomic_path(target) as temporary:
        temporary.write_text("one")
        assert not target.exists()
    assert target.read_text() == "one"
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "one"
    assert [p.name for p in target.parent.iterdir()] == ["file.txt"]


def test_others_may_read_the_file(tmp_path):
    """As an ordinary file, whatever the writer made of its permissions."""
    ordinary, target = tmp_path / "ordinary", tmp_path / "file"
    ordinary.write_text("")
    with atomic_path(target) as temporary:
        temporary.unlink()
        temporary.touch(mode=0o600)
    assert target.stat().st_mode == ordinary.stat().st_mode


@pytest.mark.parametrize(
    ("platform", "named", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/c"}, "/c/fer-book"),
        ("linux", {}, "/home/me/.cache/fer-book"),
        ("darwin", {}, "/home/me/Library/Caches/fer-book"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/fer-book"),
        ("linux", {"FER_CACHE": "/mine", "XDG_CACHE_HOME": "/c"}, "/mine"),
    ],
)
def test_where_caches_are(monkeypatch, platform, named, expected):
    for variable in ("FER_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    for variable, value in named.items():
        monkeypatch.setenv(variable, value)
    assert cache_dir() == Path(expected)
