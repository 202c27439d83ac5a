"""What every paper's chapter has."""

import json

import papermill
import pytest

from ferbook.papers import PAPERS
from ferbook.site.notebooks import ROOT, chapter_notebooks
from ferbook.site.prepared_notebooks import paper_of

MODEL = ROOT / "notebooks" / "03_deep_emotion.ipynb"
CHAPTERS = [
    path
    for path in chapter_notebooks()
    if paper_of(papermill.iorw.load_notebook_node(str(path)))
]
SHOWN = (
    "chapter.show_badge(",
    "chapter.cost_box(",
    "chapter.claim_list(",
    "show_source(",
    "chapter.network(",
    "chapter.result_box(",
    "chapter.ablation(",
    "chapter.try_variants(",
    "chapter.show_hard_cases(",
    "chapter.three_columns(",
    "chapter.departure_box(",
    "chapter.quiz(",
)


def cells_of(path, tag=None):
    """Code cells of a notebook, those with a tag if one is named."""
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    return [c for c in code if not tag or tag in c["metadata"].get("tags", [])]


def source_of(path, tag=None):
    return "\n".join("".join(cell["source"]) for cell in cells_of(path, tag))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
class TestChapter:
    def test_its_parameters_are_those_of_all_chapters(self, path):
        common = source_of(MODEL, "parameters").splitlines()
        lines = source_of(path, "parameters").splitlines()[: len(common)]
        # Recipes have presets of their own: the next test compares them.
        differ = [pair for pair in zip(lines, common, strict=True) if len({*pair}) > 1]
        assert all(line.startswith('preset: str = "smoke"  #') for line, _ in differ)

    def test_it_names_the_presets_of_its_recipe(self, path):
        help_of = papermill.inspect_notebook(path)["preset"]["help"]
        paper = paper_of(papermill.iorw.load_notebook_node(str(path)))
        assert help_of.rpartition(": ")[2].split(", ") == list(PAPERS[paper].presets)

    def test_papermill_sees_every_parameter(self, path):
        # A comment that it cannot parse hides the parameter without a word.
        declared = papermill.inspect_notebook(path)
        lines = source_of(path, "parameters").splitlines()
        assert list(declared) == [line.partition(":")[0] for line in lines]

    def test_it_has_every_part(self, path):
        code = source_of(path)
        assert not [part for part in SHOWN if part not in code]

    def test_it_has_four_exercises_with_folded_solutions(self, path):
        solutions = cells_of(path, "solution")
        assert len(solutions) >= 4
        for cell in solutions:
            assert "hide-cell" in cell["metadata"]["tags"]
            assert cell["metadata"]["jupyter"]["source_hidden"]
