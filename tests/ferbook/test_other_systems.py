"""Both packages where nothing of Unix is there, on terminals of few letters."""

import json
import os
import subprocess
import sys

import pytest

# A file or a terminal without an encoding of its own would be of this one.
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
PLAIN |= {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}


@pytest.mark.parametrize("letters", ["ascii", "latin-1"])
def test_everything_is_imported_and_a_network_trained(tmp_path, root, letters):
    script = root / "tests" / "helpers" / "other_system.py"
    told = PLAIN | {"PYTHONIOENCODING": letters, "FER_CACHE": str(tmp_path / "cache")}
    told["PYTHONPATH"] = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-X", "warn_default_encoding", str(script)]
    done = subprocess.run(
        [*command, str(tmp_path)],
        env=os.environ | told,
        cwd=tmp_path,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    lines = done.stdout.decode(letters).splitlines()
    assert int(lines[0].split()[0]) > 250 and lines[-1] == "exit codes 0 0"
    (record,) = (tmp_path / "runs").rglob("*.json")
    content = json.loads(record.read_text(encoding="utf-8"))
    assert content["peak_memory_mib"] is None and content["epochs"] == 1
