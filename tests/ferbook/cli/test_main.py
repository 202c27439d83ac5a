"""The command line as a whole: its options, and how it ends."""

import io
import os
import subprocess
import sys

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
        (KeyboardInterrupt(), 130, "interrupted; a training goes on"),
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
