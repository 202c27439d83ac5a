"""Exercises: predict, run, compare; each made from its solution.

The cell with the solution (tag ``solution``) is the one source.  The cell
above it with the task (tag ``exercise``) is written from it, by
``python -m ferbook.kit.exercises`` for all notebooks: the lines before the
first ``#: step`` are given, the steps are told, what follows them is left to
the reader.  A test compares, so that the two never drift apart; and as
solutions are executed with the book, none of them is dead.
"""

import ast
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.files import atomic_path
from ferbook.site.stage import NOTEBOOKS, ROOT

_TITLE = re.compile(r"# @title Exercise (\d+): solution")
_STEP = "#: "


def compare(guess: float | None, measured: float, unit: str = "") -> None:
    """Print a reader's guess beside what the run gave.

    Args:
        guess: what the reader expects; ``None`` before they have thought.
        measured: what this run gave.
        unit: of both.
    """
    measured_text = f"{measured:.1f} {unit}".strip()
    if guess is None:
        print(f"No guess yet.  Set `guess`, then run this cell again: {measured_text}.")
        return
    off = abs(guess - measured)
    verdict = "close" if off <= max(2.0, 0.2 * abs(measured)) else "not close"
    guessed = f"{guess:.1f} {unit}".strip()
    print(f"You said {guessed}, this run gave {measured_text}: {verdict}.")


def task_of(solution: str, number: int) -> str:
    """Source of the cell that asks for a solution.

    Args:
        solution: source of the cell that has it.  Its first line is
            ``# @title Exercise N: solution``, which Colab shows in place of
            the code; one or more lines begin with ``#: ``, none of them
            indented.
        number: N that is expected.

    Raises:
        FerError: when the solution does not follow that form.
    """
    title, *lines = solution.splitlines()
    found = _TITLE.fullmatch(title)
    if not found or int(found[1]) != number:
        raise FerError(
            f"exercise {number}: its solution begins with '{title}', expected "
            f"'# @title Exercise {number}: solution'; correct that line."
        )
    steps = [row for row, line in enumerate(lines) if line.startswith(_STEP)]
    if not steps:
        raise FerError(
            f"exercise {number}: its solution has no line that begins with "
            f"'{_STEP}'; say in one or more what the reader has to do."
        )
    hidden = [line.strip() for line in lines if re.match(rf"\s+{_STEP}", line)]
    if hidden:
        raise FerError(
            f"exercise {number}: the step '{hidden[0]}' of its solution is "
            "indented, so the task would not tell it; begin it in the first column."
        )
    told = [f"# {lines[row].removeprefix(_STEP)}" for row in steps]
    given = "\n".join(lines[: steps[0]]).strip().splitlines()
    return "\n".join([f"# @title Exercise {number}", *_guess(solution), *given, *told])


def _guess(solution: str) -> list[str]:
    """The line for a prediction, where the solution compares with one."""
    calls = [n for n in ast.walk(ast.parse(solution)) if isinstance(n, ast.Call)]
    compares = [c for c in calls if ast.unparse(c.func).endswith("compare")]
    if not compares:
        return []
    units = [ast.literal_eval(c.args[2]) for c in compares if len(c.args) == 3]
    unit = f" ({units[0]})" if units else ""
    return [f"guess = None  # your prediction{unit}"]


def renewed(notebook: dict, name: str = "notebook") -> dict:
    """A notebook whose tasks are made from its solutions.

    Args:
        notebook: content of an ``.ipynb`` file; stays as it is.
        name: for messages.

    Raises:
        FerError: when a task has no solution, a solution no task, or their
            numbers are not 1, 2, 3, ...
    """
    cells, asked, number = list(notebook["cells"]), None, 0
    for place, cell in enumerate(cells):
        tags = cell["metadata"].get("tags", [])
        if ("exercise" in tags and asked is not None) or (
            "solution" in tags and asked is None
        ):
            raise FerError(
                f"{name}, cell {place}: expected a task (tag 'exercise') and then "
                "its solution (tag 'solution'), in turn; add the missing one."
            )
        if "exercise" in tags:
            asked = place
        elif "solution" in tags:
            number += 1
            task = task_of("".join(cell["source"]), number)
            source = task.splitlines(keepends=True)
            cells[asked] = cells[asked] | {"source": source}
            asked = None
    if asked is not None:
        raise FerError(f"{name}, cell {asked}: a task without a solution; add it.")
    return notebook | {"cells": cells}


def write_tasks(path: Path) -> bool:
    """Write the tasks of one notebook; whether any changed."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    made = renewed(notebook, path.name)
    if made == notebook:
        return False
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return True


def main(paths: Iterable[str]) -> None:
    """Write the tasks of some notebooks, or of all."""
    chosen = [Path(path) for path in paths]
    for path in chosen or sorted((ROOT / NOTEBOOKS).glob("*.ipynb")):
        if write_tasks(path):
            print(f"{path.name}: tasks written")


if __name__ == "__main__":
    main(sys.argv[1:])
