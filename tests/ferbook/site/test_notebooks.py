"""What holds for every notebook in git."""

import ast
import json
import subprocess
import sys

import papermill
import pytest

from fer_lib.data import load
from ferbook.site.execute import WITH_OUTPUTS
from ferbook.site.notebooks import ROOT, renewed

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def tree_of(path):
    """All code of a notebook, without Jupyter's magics."""
    cells = json.loads(path.read_text())["cells"]
    lines = [x for c in cells if c["cell_type"] == "code" for x in [*c["source"], "\n"]]
    return ast.parse("".join(x for x in lines if x.lstrip()[:1] not in ("%", "!")))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_only_the_deterministic_one_keeps_its_outputs(self, path):
        cells = json.loads(path.read_text())["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        if path == ROOT / WITH_OUTPUTS:
            assert any(cell["outputs"] for cell in code)
            return
        assert not any(cell["outputs"] for cell in code)
        assert all(cell["execution_count"] is None for cell in code)

    def test_it_runs_on_small_rendered_faces_by_default(self, path):
        declared = papermill.inspect_notebook(path)
        defaults = {name: about["default"] for name, about in declared.items()}
        assert ast.literal_eval(defaults["dataset"]) == "rendered"
        assert ast.literal_eval(defaults["preset"]) == "smoke"
        assert all(about["inferred_type_name"] for about in declared.values())
        assert all(about["help"] for about in declared.values())

    def test_functions_live_in_the_library(self, path):
        cells = json.loads(path.read_text())["cells"]
        for cell in cells:
            if cell["cell_type"] == "code":
                assert len(cell["source"]) <= 30, "".join(cell["source"])
                assert max(map(len, cell["source"]), default=0) <= 80
        for node in ast.walk(tree_of(path)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                assert node.end_lineno - node.lineno < 15, node.name

    def test_what_it_imports_is_there(self, path):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("fer"):
                names = [alias.name for alias in node.names]
                __import__(node.module, fromlist=names)
                there = vars(sys.modules[node.module])
                assert not [name for name in names if name not in there], node.module

    def test_its_first_cell_and_its_tasks_are_current(self, path):
        notebook = json.loads(path.read_text())
        assert renewed(notebook) == notebook, "run python -m ferbook.site.notebooks"

    def test_it_names_no_folder_of_one_machine(self, path):
        assert "/home/" not in path.read_text()
        assert "/tmp/" not in path.read_text()


@pytest.mark.slow
def test_stored_outputs_are_those_of_the_code():
    options = ["-q", "-p", "no:cacheprovider", "-n", "0", "--nbval"]
    command = [sys.executable, "-m", "pytest", *options, WITH_OUTPUTS]
    # Else its output begins with a progress bar, where the cache lacks its faces.
    load("rendered", train=42, public=14, private=14, seed=0)
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (
        done.stdout[-3000:] + "\nRun python -m ferbook.site.execute"
    )
