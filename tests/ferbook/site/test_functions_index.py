"""The index of functions: complete, and true about who uses what."""

import importlib
import inspect

import nbformat
import pytest
from bs4 import BeautifulSoup

from ferbook.site.functions_index import (
    Function,
    index_html,
    mentioned,
    named_in_text,
    public_functions,
    used_in_code,
)
from ferbook.site.stage import ROOT

REGION = ("fer_lib.losses.region", "region_loss")


@pytest.mark.parametrize(
    "module", ["fer_lib.losses.region", "ferbook.show.figures", "fer_lib.data"]
)
def test_the_index_has_what_a_module_defines(module):
    there = importlib.import_module(module)
    defined = {
        name: (inspect.getdoc(thing) or "").partition("\n")[0]
        for name, thing in vars(there).items()
        if getattr(thing, "__module__", "") == module
        and (inspect.isfunction(thing) or inspect.isclass(thing))
        and not name.startswith("_")
    }
    listed = {one.name: one.says for one in public_functions() if one.module == module}
    assert listed == defined


def test_every_public_function_says_what_it_is():
    silent = [one for one in public_functions() if not one.says]
    # Methods that PyTorch names need no words; functions do.
    assert len(silent) < 0.05 * len(public_functions())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from fer_lib.losses.region import region_loss", {REGION}),
        ("from fer_lib.losses.region import region_loss as r\nr(1)", {REGION}),
        # Re-exported: counted where it is defined.
        (
            "from ferbook.kit import chapter\nchapter.quiz([])",
            {("ferbook.kit.quiz", "quiz")},
        ),
        ("%matplotlib inline\n!ls\nimport numpy as np", set()),
        ("x = 'fer_lib.losses.region.region_loss'", set()),
    ],
)
def test_code_uses_what_it_imports(source, expected):
    assert used_in_code(source) == expected


def test_text_names_what_stands_in_backticks():
    assert named_in_text("See `region_loss` for more.") == {REGION}
    assert named_in_text("See `fer_lib.losses.region.region_loss`.") == {REGION}
    assert not named_in_text("region_loss, `load`, `nothing_known`")
    assert not named_in_text("```python\n`region_loss`\n```")


def test_a_notebook_mentions_both_code_and_text(tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("`region_loss`"),
        nbformat.v4.new_code_cell("from fer_lib.errors import FerError"),
    ]
    path = tmp_path / "page.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert mentioned(path) == {REGION, ("fer_lib.errors", "FerError")}


def test_every_import_of_the_chapters_is_in_the_index():
    known = {(one.module, one.name) for one in public_functions()}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        found = {place for place in mentioned(path) if not place[1].isupper()}
        assert found <= known, path.name


def test_links_lead_back_to_the_pages():
    functions = [Function(*REGION, "Beta < omega."), Function("fer_lib.x", "y", "")]
    pages = {"a.html": ("A & B", {REGION}), "b.html": ("C", set())}
    page = BeautifulSoup(index_html(pages, functions), "html.parser")
    assert [s.text for s in page.find_all("summary")] == [
        "fer_lib.losses, 1",
        "fer_lib.x, 1",
    ]
    first, second = page.select("tbody tr")
    assert "Beta < omega." in first.text
    assert [(a["href"], a.text) for a in first.find_all("a")] == [("a.html", "A & B")]
    assert not second.find_all("a")
