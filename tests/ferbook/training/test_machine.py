"""What is asked of the machine's memory."""

import platform
import subprocess
import sys

import pytest

from ferbook.training.machine import keep_memory

# Pages that a process holds after it has freed 64 MB, beyond those before.
_HELD = """
import sys, torch
from pathlib import Path
from ferbook.training.machine import keep_memory
if sys.argv[1] == "kept": assert keep_memory()
def held(): return int(Path("/proc/self/statm").read_text().split()[1])
before = held()
torch.ones(2**24)
print(held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone is asked")
def test_memory_that_was_freed_stays_with_the_process():
    def held(how: str) -> int:
        command = [sys.executable, "-c", _HELD, how]
        return int(subprocess.run(command, capture_output=True, check=True).stdout)

    pages = 2**26 // 4096
    assert held("kept") > 0.9 * pages
    assert held("usual") < 0.1 * pages


def test_elsewhere_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_memory()
