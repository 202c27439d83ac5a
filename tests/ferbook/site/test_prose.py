"""Bare accuracies are found, and nothing else is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbook.runs.paths import repository_root
from ferbook.site.prose import bare_numbers

BARE = {
    "The accuracy is 70.02 %.": ["70.02 %"],
    "An accuracy of 70 % is high.": ["70 %"],
    "It reaches 70 per cent accuracy.": ["70 per cent"],
    "Recall rises to 0.36 for disgust.": ["0.36"],
    "Its macro-F1 is .5123 here.": [".5123"],
    "F1: 0.61, then 62 %.": ["0.61", "62 %"],
    "Accuracies of 54.60\nand 62.40 are common.": ["54.60", "62.40"],
    "| method | accuracy |\n|---|---|\n| ours | 70.02 % |": ["70.02 %"],
    "- The accuracy is 70.02 %.": ["70.02 %"],
    "{cite:t}`tang2013` reports 71.16 % accuracy.": ["71.16 %"],
    "Says {paper}`a.b`, so accuracy is 70.02 %.": ["70.02 %"],
    ":::{admonition} An accuracy of 70.02 %\nOdd.\n:::": ["70.02 %"],
    ":::{note}\n```{tip}\nAccuracy: 70.02 %\n```\n:::": ["70.02 %"],
    "```python\nx = 1\n```\nThe accuracy is 70.02 %.": ["70.02 %"],
    "The [accuracy](ledger.md) is 70.02 %.": ["70.02 %"],
}

CLEAN = [
    "The accuracy is {paper}`deep_emotion.fer2013.accuracy`.",
    "Accuracy: {ours}`deep_emotion.fer2013.accuracy:official`, thus low.",
    "A 95 % confidence interval of an accuracy is ±1.4 points wide.",
    "Accuracy is known to +/-1.43 % with 3,589 faces.",
    "The half-width of 1.4 points limits what an accuracy can say.",
    "Of the faces, 10 % are held back. The accuracy is told later.",
    "> The accuracy is 70.02 %.\n>\n> — {cite:t}`minaee2021deep`",
    'It says "an accuracy of 70.02 %" {cite:p}`minaee2021deep`.',
    "```python\naccuracy = 0.7002  # 70.02 %\n```",
    "~~~\naccuracy 70.02 %\n~~~",
    "````{code-cell}\n```\naccuracy 70.02 %\n```\n````",
    "Write `accuracy = 70.02 %` there.",
    "With $accuracy = 0.7002$ it follows.",
    "$$\naccuracy = 70.02 %\n$$",
    "<!-- accuracy 70.02 % -->",
    "- The accuracy matters\n- 20 % of the faces are held back",
    "See [accuracy](figure_70.02%.png).",
    "---\ndescription: accuracy of 70.02 %\n---\nText.",
]


@pytest.mark.parametrize("text", BARE)
def test_a_bare_accuracy_is_found(text):
    assert [found.number for found in bare_numbers(text)] == BARE[text]


@pytest.mark.parametrize("text", CLEAN)
def test_everything_else_passes(text):
    assert bare_numbers(text) == []


def test_the_line_is_that_of_the_sentence():
    text = "# Title\n\nA sentence.\nThe accuracy is\n70.02 %. More.\n"
    (found,) = bare_numbers(text)
    assert found.line == 4 or found.line == 3
    assert found.sentence == "The accuracy is 70.02 %."


@given(st.text(alphabet="a`:{}~-#>|%.0123456789 \n$[](<!", max_size=200))
def test_any_text_is_read(text):
    bare_numbers(text)


@given(st.integers(0, 9999))
def test_every_two_digit_accuracy_is_found(number):
    text = f"Its accuracy of {number / 100:.2f} % is typed."
    assert len(bare_numbers(text)) == 1


@pytest.mark.parametrize(
    "page",
    sorted((repository_root() / "book").glob("*.md")),
    ids=lambda path: Path(path).name,
)
def test_no_page_of_the_book_types_an_accuracy(page):
    assert bare_numbers(page.read_text(encoding="utf-8")) == []
