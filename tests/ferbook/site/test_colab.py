"""On Colab nothing replaces torch or numpy."""

import subprocess
import sys
from pathlib import Path

from ferbook.site import colab


def test_the_clone_is_installed_under_those_constraints(monkeypatch, root):
    seen = []

    def record(command, check):
        held = Path(command[command.index("--constraint") + 1]).read_text()
        seen.append((command, held))

    monkeypatch.setattr(subprocess, "run", record)
    colab.main()
    [(command, held)] = seen
    assert command[:3] == [sys.executable, "-m", "pip"]
    assert command[-2:] == ["-e", f"{root}[notebooks]"]
    assert held == colab.kept_versions()


def test_it_runs_before_the_library_is_installed(tmp_path, root):
    """By its path, without site packages: the standard library is enough."""
    script = root / "ferbook" / "site" / "colab.py"
    code = f"import runpy; runpy.run_path({str(script)!r}, run_name='loaded')"
    command = [sys.executable, "-I", "-S", "-c", code]
    subprocess.run(command, cwd=tmp_path, check=True)
