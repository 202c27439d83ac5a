"""What is written into all notebooks; on Colab nothing replaces torch or numpy."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from fer_lib.errors import FerError
from ferbook.site import colab
from ferbook.site.notebooks import (
    read_config,
    repository_address,
    rewrite,
    setup_cell,
    staged_config,
    task_of,
    with_setup,
    with_tasks,
)


def config_with(address):
    config = copy.deepcopy(read_config())
    config["repository"]["url"] = address
    return config


@pytest.mark.parametrize("ending", ["", ".git", "/"])
def test_launch_buttons_need_an_address(ending):
    address = f"https://github.com/owner/book{ending}"
    assert staged_config(config_with(address))["launch_buttons"]["colab_url"]
    assert not {"launch_buttons", "repository"} & set(staged_config(config_with("")))


@pytest.mark.parametrize(
    "address", ["github.com/a/b", "https://gitlab.com/a/b", "https://github.com/a"]
)
def test_an_address_that_colab_cannot_open_is_refused(address):
    with pytest.raises(FerError, match=r"repository\.url"):
        repository_address(config_with(address))


def test_the_first_cell_is_replaced_and_the_rest_left(tmp_path, root):
    original = root / "notebooks" / "01_how_to_run.ipynb"
    path = tmp_path / original.name
    path.write_text(original.read_text())
    own = setup_cell(read_config())
    other = setup_cell(config_with("https://github.com/owner/book"))
    assert not rewrite(path, lambda notebook: with_setup(notebook, own))
    assert rewrite(path, lambda notebook: with_setup(notebook, other))
    assert r"\"https://github.com/owner/book\"" in path.read_text()
    assert rewrite(path, lambda notebook: with_setup(notebook, own))
    assert path.read_text() == original.read_text()


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


def test_the_clone_is_installed_under_those_constraints(monkeypatch, root):
    seen = []

    def record(command, check):
        held = Path(command[command.index("--constraint") + 1]).read_text(
            encoding="utf-8"
        )
        seen.append((command, held))

    monkeypatch.setattr(subprocess, "run", record)
    colab.main()
    [(command, held)] = seen
    assert command[:3] == [sys.executable, "-m", "pip"]
    assert command[-2:] == ["-e", f"{root}[notebooks]"]
    assert held == colab.kept_versions()


def test_it_runs_before_the_library_is_installed(tmp_path, root):
    """By its path, without site packages: the standard library is enough."""
    script = root / "ferbook" / "site" / "colab.py"
    code = f"import runpy; runpy.run_path({str(script)!r}, run_name='loaded')"
    command = [sys.executable, "-I", "-S", "-c", code]
    subprocess.run(command, cwd=tmp_path, check=True)
