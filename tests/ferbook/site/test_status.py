"""The status page: what was run last, and whether it still agrees."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small_ledgers import made_up, real_ledger, small_ledger

from ferbook.site.execute import with_outputs
from ferbook.site.status import chosen_parameters, status


@pytest.fixture
def chapter(tmp_path):
    """An executed chapter whose defaults papermill has overridden."""
    declared = new_code_cell('dataset: str = "rendered"\npreset: str = "smoke"')
    declared.metadata.tags = ["parameters"]
    injected = new_code_cell('# Parameters\npreset = "student"')
    injected.metadata.tags = ["injected-parameters"]
    cells = [new_markdown_cell("# A chapter\n\nProse."), declared, injected]
    notebook = new_notebook(cells=cells)
    notebook.metadata.executed = {
        "start_time": "2026-11-23T16:36:35+00:00",
        "duration": 24.2,
    }
    path = tmp_path / "05_chapter.ipynb"
    nbformat.write(notebook, path)
    return path


def _tables(page):
    return {table.caption: table.rows for table in page.tables}


def test_a_chapter_tells_when_it_ran_on_what_and_how_long(chapter):
    rows = _tables(status(small_ledger(), [chapter]))["Chapters"]
    told = ("A chapter", "2026-11-23", "dataset rendered, preset student", "24 s")
    assert rows == (told,)


def test_what_papermill_injects_counts(chapter):
    notebook = nbformat.read(chapter, as_version=4)
    assert chosen_parameters(notebook) == {"dataset": "rendered", "preset": "student"}


def test_of_papermills_notes_only_time_reaches_the_page():
    python = {"name": "python3", "display_name": "Python 3"}
    about = {"kernelspec": python, "language_info": {"name": "python"}}
    executed = new_notebook(cells=[], metadata=about)
    executed.metadata.papermill = {
        "start_time": "2026-11-23T16:36:35+00:00",
        "duration": 24.2,
        "input_path": "/a/folder/of/the/builder.ipynb",
    }
    found = with_outputs(new_notebook(cells=[]), executed)
    assert "folder" not in nbformat.writes(found)
    assert found.metadata.executed["duration"] == 24.2


def test_claims_are_counted_by_verdict():
    rows = _tables(status(real_ledger()))["Claims by verdict"]
    counted = [sum(int(c.split("\n")[0]) for c in row[2:]) for row in rows]
    assert counted == [int(row[1]) for row in rows]
    assert rows[-1][:2] == ("All", str(len(real_ledger().judgements)))


def test_older_code_and_the_last_run_are_told():
    started = "2026-11-{}T10:00:00Z".format
    code = {"version": "0.1.0", "source_sha256": "b" * 64}
    runs = [
        made_up(started=started(24)),
        made_up(seed=1, started=started(22), code=code),
        made_up(seed=2, recipe="modern", started=started(21)),
    ]
    rows = _tables(status(small_ledger(*runs)))["Recorded runs"]
    first, second, *others = rows
    assert first[1] == "2\n default\n seeds 0, 1"
    assert first[2].startswith("2026-11-24\n a test, 1 thread")
    assert first[3] == "1 of 2 older"
    assert "recipe modern" in second[0] and second[3] == "agrees"
    assert {row[1] for row in others} == {"none yet"}
    assert len(others) == len(real_ledger().papers) - 1
