"""Executing notebooks: what is reused, what is run again, what is told."""

import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from fer_lib.errors import FerError
from ferbook.site.build import executed
from ferbook.site.execute import execute, store_outputs, with_outputs

pytestmark = pytest.mark.slow

PYTHON = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}


@pytest.fixture
def book(tmp_path):
    """A tiny repository whose notebook counts its own executions."""
    for name in ("claims", "runs", "explanations"):
        (tmp_path / "book" / name).mkdir(parents=True)
    for folder in ("fer_lib", "notebooks"):
        (tmp_path / folder).mkdir()
    library = tmp_path / "fer_lib"
    (library / "__init__.py").write_text("")
    (library / "module.py").write_text("from fer_lib import below\nx = 1\n")
    (library / "below.py").write_text('"""Prose."""\ny = 1\n')
    (library / "other.py").write_text("z = 1\n")
    (tmp_path / "constraints.txt").write_text("numpy==1\n")
    write(tmp_path, "Prose.", COUNT)
    return tmp_path


COUNT = """
from pathlib import Path
if step < 0:  # named, so that the code counts, and never imported
    from fer_lib.module import x
log = Path("count.txt")
log.write_text(log.read_text() + "x" if log.exists() else "x")
print(step)
"""


def write(book, prose, code, step=1, name="05_tiny"):
    declared = new_code_cell(f"step: int = {step}")
    declared.metadata.tags = ["parameters"]
    cells = [new_markdown_cell(prose), declared, new_code_cell(code)]
    path = book / "notebooks" / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=PYTHON), path)


def run(book):
    """Executed notebook, whether it was reused, and executions so far."""
    source = book / "notebooks" / "05_tiny.ipynb"
    done, reused = execute(source, root=book, cache=book / "cache")
    return done, reused, len((book / "count.txt").read_text())


def test_an_unchanged_notebook_is_reused_and_prose_may_change(book):
    assert run(book)[1:] == (False, 1)
    assert run(book)[1:] == (True, 1)
    write(book, "Better prose.", COUNT)
    executed, reused, count = run(book)
    assert (reused, count) == (True, 1)
    assert executed.cells[0].source == "Better prose."
    assert executed.cells[-1].outputs[0].text == "1\n"


CHANGES = {
    "cell": lambda book: write(book, "Prose.", COUNT + "# changed"),
    "default": lambda book: write(book, "Prose.", COUNT, step=2),
}
FILES = {"fer_lib/module.py": "x = 2\n", "fer_lib/below.py": "y = 2\n"}
FILES |= {"fer_lib/head.npz": "asset", "constraints.txt": "numpy==2\n"}
FILES |= {"book/runs/a.json": "{}", "book/claims/a.toml": ""}
FILES["book/explanations/a.npz"] = ""


@pytest.mark.parametrize("what", [*CHANGES, *FILES])
def test_whatever_outputs_follow_from_makes_it_run_again(book, what):
    run(book)
    CHANGES.get(what, lambda book: (book / what).write_text(FILES[what]))(book)
    assert run(book)[1:] == (False, 2)
    assert run(book)[1:] == (True, 2)


@pytest.mark.parametrize(
    ("name", "text"),
    [("below", '"""Better prose."""\ny = 1  # why\n'), ("other", "z = 2\n")],
)
def test_prose_and_modules_that_no_cell_leads_to_change_nothing(book, name, text):
    run(book)
    (book / "fer_lib" / f"{name}.py").write_text(text)
    assert run(book)[1:] == (True, 1)


def test_a_failing_cell_is_named_and_nothing_is_stored(book):
    write(book, "Prose.", "1 / 0")
    with pytest.raises(FerError) as failed:
        run(book)
    assert str(failed.value).startswith(
        "05_tiny.ipynb: cell 2 failed with ZeroDivisionError: division by zero"
    )
    assert "1 / 0" in str(failed.value)
    assert not list((book / "cache").iterdir())


def test_several_chapters_keep_their_order_and_share_the_cores(book, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    code = "import os, time\ntime.sleep(step)\nprint(os.environ['OMP_NUM_THREADS'])"
    names = ("01_slow", "02_quick")
    for step, name in zip((3, 0), names, strict=True):
        write(book, "Prose.", code, step=step, name=name)
    paths = [book / "notebooks" / f"{name}.ipynb" for name in names]
    found = list(executed(paths, book, book / "cache"))
    assert [path for path, _ in found] == paths
    told = [int(one.cells[-1].outputs[0].text) for _, (one, _) in found]
    assert told == [max(1, (os.cpu_count() or 1) // 2)] * 2
    write(book, "Prose.", "1 / 0", name=names[1])
    with pytest.raises(FerError, match=r"02_quick\.ipynb: cell 2 failed"):
        list(executed(paths, book, book / "cache"))


def test_of_an_executed_copy_neither_widgets_nor_folders_reach_the_page():
    widget = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "0%"}
    outputs = [
        nbformat.v4.new_output("display_data", data=data)
        for data in (widget, {"text/plain": "figure"})
    ]
    told = {"duration": 24.2, "input_path": "/a/folder/of/the/builder.ipynb"}
    done = new_notebook(
        cells=[new_code_cell("f()", outputs=outputs)],
        metadata=PYTHON | {"language_info": {"name": "python"}, "papermill": told},
    )
    plain = with_outputs(new_notebook(cells=[new_code_cell("f()")]), done)
    assert [o.data for o in plain.cells[0].outputs] == [{"text/plain": "figure"}]
    assert plain.metadata.executed == {"duration": 24.2}
    assert "folder" not in nbformat.writes(plain)


def test_outputs_are_stored_but_for_those_of_the_machine(tmp_path):
    path = tmp_path / "01_tiny.ipynb"
    machine = new_code_cell("print('seven cores')")
    machine.metadata.tags = ["nbval-ignore-output"]
    cells = [new_markdown_cell("Title"), machine, new_code_cell("print('a\\nb')\n7")]
    path.write_text(nbformat.writes(new_notebook(cells=cells, metadata=PYTHON)) + "\n")
    before = json.loads(path.read_text())

    store_outputs(path, root=tmp_path)

    after = json.loads(path.read_text())
    _, machine, numbers = after["cells"]
    assert (machine["outputs"], machine["execution_count"]) == ([], None)
    assert numbers["outputs"][0]["text"] == ["a\n", "b\n"]
    assert numbers["outputs"][1]["data"]["text/plain"] == ["7"]
    numbers |= {"outputs": [], "execution_count": None}
    assert after == before
    assert path.read_text().endswith("}\n")
