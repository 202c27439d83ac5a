"""Prepared notebooks: a preset's parameters, set and accepted."""

import re

import nbformat
import papermill
import pytest
from bs4 import BeautifulSoup
from drawn_faces import web_faces
from papermill.iorw import load_notebook_node

from fer_lib.data.protocols import official
from fer_lib.errors import FerError
from ferbook.kit.parameters import injected_names
from ferbook.site import prepared_notebooks
from ferbook.site.notebooks import ROOT
from ferbook.site.prepared_notebooks import (
    PREPARED,
    Downloads,
    all_prepared,
    main,
    paper_of,
)

CHAPTER = ROOT / "notebooks" / "03_deep_emotion.ipynb"


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The folder of all copies, made without rendering a face."""
    splits = official(web_faces())
    monkeypatch.setattr(prepared_notebooks, "splits_of", lambda key: splits)
    assert main(["--out", str(tmp_path / "out")]) == 0
    return tmp_path / "out"


def test_each_paper_has_one_for_each_preset(written):
    chapters = [
        path
        for path in prepared_notebooks.chapter_notebooks(ROOT)
        if paper_of(load_notebook_node(str(path)))
    ]
    names = {path.name for path in written.iterdir()}
    assert names == {f"{c.stem}_{p}.ipynb" for c in chapters for p in PREPARED}
    assert f"{CHAPTER.stem}_student.ipynb" in names


@pytest.mark.parametrize("preset", PREPARED)
def test_the_preset_is_set_and_its_cost_told(written, preset):
    path = written / f"{CHAPTER.stem}_{preset}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    sources = [cell.source for cell in notebook.cells]
    declared = papermill.inspect_notebook(str(CHAPTER))
    assert injected_names(sources) == list(PREPARED[preset])
    assert set(PREPARED[preset]) <= set(declared)
    assert f'preset = "{preset}"' in "\n".join(sources)
    title, _, line = sources[0].split("\n")[:3]
    assert title.startswith("# ") and line.startswith(f"> Preset {preset}: ")
    assert "GPU" in line and re.search(r"minute|min\b| h\b|days", line)
    # All else is the chapter.
    others = [s for s in sources[1:] if not s.startswith("# Parameters")]
    chapter = [cell.source for cell in load_notebook_node(str(CHAPTER)).cells]
    assert others == chapter[1:]


def test_the_downloads_name_every_copy_and_what_it_takes(written):
    files = sorted(written.iterdir())
    page = BeautifulSoup(Downloads(files, "../prepared").html(), "html.parser")
    links = [link["href"] for link in page.select("a[download]")]
    assert links == [f"../prepared/{path.name}" for path in files]
    assert len(page.select("p")) == len({path.stem.rsplit("_", 1)[0] for path in files})
    told = [line.get_text() for line in page.select("small")]
    assert all(line.startswith("Preset ") and "GPU" in line for line in told)


def test_a_chapter_without_a_title_is_refused(tmp_path):
    source = 'chapter.read_parameters("deep_emotion", globals())'
    cells = [nbformat.v4.new_code_cell(source)]
    path = tmp_path / "odd.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(FerError, match="expected '# ' and a title"):
        list(all_prepared([path], official(web_faces())))
