"""Tests on a pretended device, each file in a process of its own.

torch fixes how many kinds of devices there are when it first goes backward, so the
pretended one has to be made known before any other test has run.
"""

import re
import subprocess
import sys

import pytest

FILES = (
    "tests/fer_lib/on_pretend_device.py",
    "tests/ferbook/training/on_pretend_device.py",
)


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_everything_runs_on_a_device_that_is_not_the_processor(root, file):
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", file]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Nor may all of them be skipped without a word.
    if not re.search(r"\d+ passed", done.stdout):
        pytest.skip(done.stdout.splitlines()[-1])
