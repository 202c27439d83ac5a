"""The command line as a whole: its options, and how it ends."""

import argparse
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fer_lib.errors import FerError
from ferbook import cli
from ferbook.cli import commands

HEAVY = ("torch", "pydantic", "matplotlib", "scipy", "kornia")


def test_help_imports_nothing_heavy():
    code = f"""
import sys
from ferbook.cli import main
try:
    main(["reproduce", "--help"])
except SystemExit:
    pass
print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "--epochs" in done.stdout and done.stderr.strip() == ""


@pytest.mark.parametrize(
    "words",
    [
        ["--vers", "claims"],
        ["reproduce", "ramn", "--epoch", "1"],
        ["data", "check", "fer2013", "--roo", "."],
    ],
    ids=lambda words: words[0],
)
def test_options_are_not_abbreviated(words, capsys):
    with pytest.raises(SystemExit):
        cli.main(words)
    assert "unrecognized arguments" in capsys.readouterr().err


class OutOfMemoryError(RuntimeError):
    """Called as torch's is."""


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (FerError("no such claim."), 1, "ferbook: no such claim.\n"),
        (KeyboardInterrupt(), 130, "interrupted; nothing was written.\n"),
        (
            OSError(28, "No space left on device", "a.csv"),
            1,
            "a.csv: there is no space",
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory"),
            1,
            "not enough me",
        ),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), 1, "no UTF-8 text"),
        (PermissionError(13, "Permission denied", "a.csv"), 1, "a.csv: Permission den"),
        (MemoryError(), 1, "not enough memory"),
        (OutOfMemoryError("CUDA out of memory"), 1, "not enough memory"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_are_one_sentence(error, code, told, monkeypatch, capsys):
    def run(options):
        raise error

    monkeypatch.setattr(commands, "claims", run)
    assert cli.main(["claims"]) == code
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["predict", "a.png"], "maps that are drawn stay"),
        (["reproduce", "ramn"], "goes on from its last saved epoch"),
        (["explain"], "cells that are finished are kept"),
        (["data", "get", "jaffe"], "what has arrived as a whole stays"),
        (["data", "check", "jaffe"], "nothing was written"),
        (["models"], "nothing was written"),
    ],
    ids=lambda words: words[-1] if isinstance(words, list) else "",
)
def test_who_stops_a_command_is_told_what_is_left(words, left, monkeypatch, capsys):
    """And who runs out of memory, what of that command to make smaller."""
    parse, errors = argparse.ArgumentParser.parse_args, [KeyboardInterrupt, MemoryError]

    def parsed(parser, words):
        options = parse(parser, words)
        options.run = stop
        return options

    def stop(options):
        raise errors[0]

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    assert cli.main(words) == 130
    assert left in capsys.readouterr().err
    del errors[0]
    assert cli.main(words) == 1
    told = capsys.readouterr().err
    with pytest.raises(SystemExit):
        parse(cli._parser(), [*words[:2], "--help"])
    known = capsys.readouterr().out
    assert all(option in known for option in re.findall(r"--[a-z]+", told))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_full_disk_ends_in_one_sentence():
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ferbook.cli", "data", "get", "jaffe"],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("ferbook: there is no space left; free some")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "photo.png", "--out", "{}/table.csv"],
        ["predict", "photo.png", "--explain", "{}/maps"],
        ["explain", "--out", "{}/study"],
        ["analyse", "ramn", "--root", "data", "--out", "{}/records"],
        ["data", "audit", "jaffe", "--root", "data", "--out", "{}/audit.json"],
        ["reproduce", "ramn", "--weights", "{}/ramn.safetensors.gz"],
    ],
    ids=lambda words: words[-2] + " of " + words[0],
)
def test_where_nothing_can_be_written_is_told_first(words, tmp_path, capsys):
    """Before photographs, faces or data are looked for: none is there."""
    (tmp_path / "file").write_text("no folder")
    place = tmp_path / "file"
    assert cli.main([word.format(place) for word in words]) == 1
    told = capsys.readouterr().err
    assert str(place) in told and "nothing can be written there" in told
    assert f"another folder with {words[-2]}" in told, "advice names the option"


def test_a_terminal_without_the_letter(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    monkeypatch.setattr(commands, "claims", lambda options: print("300 \u2192 40") or 0)
    assert cli.main(["claims"]) == 0
    assert raw.getvalue() == b"300 ? 40\n"


def test_a_reader_that_has_enough(tmp_path):
    """As ``ferbook claims | head -1``, whose pipe is closed."""
    code = (
        "from ferbook import cli\n"
        "cli.commands.claims = lambda options: print('x' * 10**6) or 0\n"
        "raise SystemExit(cli.main(['claims']))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    assert done.returncode == 0 and done.stderr == b""
