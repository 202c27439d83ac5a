"""One process needs no Dask; who asks for more without it is told what to install."""

import subprocess
import sys

SCRIPT = """
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("dask", "distributed"):
            raise ImportError(f"no {name}")

sys.meta_path.insert(0, Hide())
from ferbook import cli
from ferbook.queue import making, work
from ferbook.study import work
assert not {"dask", "distributed"} & set(sys.modules)
sys.exit(cli.main(["explain", "--workers", "2", "--out", sys.argv[1]]))
"""


def test_dask_is_wanted_only_where_a_cluster_is(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (told,) = done.stderr.splitlines()
    assert told.startswith("ferbook: the package distributed is missing")
    assert 'pip install "distributed' in told
