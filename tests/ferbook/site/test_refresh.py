"""Stored outputs change nothing else in a notebook."""

import json

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from ferbook.site.refresh import refresh

pytestmark = pytest.mark.slow


def test_outputs_are_stored_but_for_those_of_the_machine(tmp_path):
    path = tmp_path / "01_tiny.ipynb"
    (tmp_path / "constraints.txt").touch()
    machine = new_code_cell("print('seven cores')")
    machine.metadata.tags = ["nbval-ignore-output"]
    cells = [new_markdown_cell("Title"), machine, new_code_cell("print('a\\nb')\n7")]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": spec})
    path.write_text(writes(notebook) + "\n")
    before = json.loads(path.read_text())

    refresh(path, root=tmp_path)

    after = json.loads(path.read_text())
    _, machine, numbers = after["cells"]
    assert (machine["outputs"], machine["execution_count"]) == ([], None)
    assert numbers["outputs"][0]["text"] == ["a\n", "b\n"]
    assert numbers["outputs"][1]["data"]["text/plain"] == ["7"]
    numbers |= {"outputs": [], "execution_count": None}
    assert after == before
    assert path.read_text().endswith("}\n")
