"""Exercises: tasks follow from their solutions, in every notebook."""

import json

import pytest

from fer_lib.errors import FerError
from ferbook.kit.quiz import compare
from ferbook.site.notebooks import rewrite, task_of, with_tasks

SOLUTION = """\
# @title Exercise 1: solution
faces = 3

#: Count the eyes.
eyes = 2 * faces
#: Compare.
chapter.compare(guess, eyes, "eyes")"""
TASK = """\
# @title Exercise 1
guess = None  # your prediction (eyes)
faces = 3
# Count the eyes.
# Compare."""


def notebook_of(*cells):
    return {
        "cells": [
            {"source": source.splitlines(keepends=True), "metadata": {"tags": [tag]}}
            for tag, source in cells
        ]
    }


def test_a_task_is_its_solution_less_what_is_to_be_found():
    assert task_of(SOLUTION, 1) == TASK
    assert "eyes = 2" not in TASK


def test_without_a_comparison_nothing_is_guessed():
    assert "guess" not in task_of("# @title Exercise 2: solution\n#: Do.\nx = 1", 2)


@pytest.mark.parametrize(
    ("solution", "words"),
    [
        (SOLUTION, "expected '# @title Exercise 2: solution'"),
        ("# @title Exercise 2: solution\nx = 1", "no line that begins with '#: '"),
        (
            "# @title Exercise 2: solution\n#: Do.\nif x:\n    #: Do more.\n    y = 1",
            "'#: Do more.' of its solution is indented",
        ),
    ],
)
def test_other_forms_are_refused(solution, words):
    with pytest.raises(FerError, match=words):
        task_of(solution, 2)


@pytest.mark.parametrize(
    "tags",
    [
        ("solution",),
        ("exercise",),
        ("exercise", "exercise", "solution"),
        ("exercise", "solution", "solution"),
    ],
)
def test_tasks_and_solutions_come_in_turn(tags):
    with pytest.raises(FerError, match="task"):
        with_tasks(notebook_of(*((tag, SOLUTION) for tag in tags)))


def test_a_drifted_task_is_written_again(tmp_path):
    path = tmp_path / "chapter.ipynb"
    path.write_text(
        json.dumps(notebook_of(("exercise", "old"), ("solution", SOLUTION)))
    )
    assert rewrite(path, with_tasks)
    cells = json.loads(path.read_text())["cells"]
    assert "".join(cells[0]["source"]) == TASK
    assert "".join(cells[1]["source"]) == SOLUTION
    assert not rewrite(path, with_tasks)


@pytest.mark.parametrize(
    ("guess", "words"),
    [(None, "No guess yet"), (10.0, "not close"), (2.5, ": close")],
)
def test_compare(capsys, guess, words):
    compare(guess, 2.0, "points")
    out = capsys.readouterr().out
    assert words in out and "2.0 points" in out
