"""The book's notebooks: which they are, and what is written into all of them.

``python -m ferbook.site.notebooks`` writes the first cell, which holds the
book's address of ``_config.yml``, and the tasks of the exercises: the cell with
a solution (tag ``solution``) is their one source.  The lines before its first
``#: step`` are given, the steps are told, what follows them is left to the
reader.  As solutions are executed with the book, none of them is dead.
"""

import ast
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import yaml

from fer_lib.errors import FerError
from fer_lib.files import atomic_path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = "notebooks"

_ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(\.git)?/?")
_TITLE = re.compile(r"# @title Exercise (\d+): solution")
_STEP = "#: "

_SETUP_CELL = """\
# On Colab: fetch the book and what Colab lacks.  Elsewhere: nothing to do.
import importlib.util
import shutil
import sys
from pathlib import Path
from subprocess import check_call

REPOSITORY = "{address}"
HELP = "Colab: upload fer-book.zip, made by `make zip`, or put it on a Drive "
HELP += "and mount that; run this again.  Else: pip install -e . in the book."
if importlib.util.find_spec("ferbook") is None:
    book, part = Path("fer-book").absolute(), Path("fer-book.part")
    places = (Path(), Path("drive/MyDrive"))
    zips = [z for place in places for z in place.glob("fer-book*.zip")]
    if not book.exists():
        shutil.rmtree(part, ignore_errors=True)  # of a try that was stopped
        if zips:
            shutil.unpack_archive(zips[0], part)
        elif REPOSITORY:
            check_call(["git", "clone", "--depth=1", REPOSITORY, part])
        else:
            sys.exit(HELP)
        part.rename(book)
    script = next(book.glob("**/ferbook/site/colab.py"))
    check_call([sys.executable, script])
    sys.path.insert(0, str(script.parents[2]))

from ferbook.kit.runtime import show_runtime

show_runtime()"""


def read_config(root: Path = ROOT) -> dict:
    """The settings in ``_config.yml``, unchanged."""
    return yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))


def repository_address(config: dict) -> str:
    """Public address of the repository; empty while it is not settled.

    Raises:
        FerError: when it is set but no GitHub address, as Colab needs one.
    """
    address = config["repository"]["url"]
    if address and not _ADDRESS.fullmatch(address):
        raise FerError(
            f"_config.yml: repository.url is '{address}', expected "
            "https://github.com/<owner>/<repository> or an empty text."
        )
    return address


def staged_config(config: dict) -> dict:
    """Settings to build with: no launch buttons while there is no address."""
    if repository_address(config):
        return config
    hidden = ("launch_buttons", "repository")
    return {key: value for key, value in config.items() if key not in hidden}


def pages(root: Path = ROOT) -> list[str]:
    """Names of all pages in reading order, as ``_toc.yml`` lists them."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [
        chapter["file"] for part in toc.get("parts", ()) for chapter in part["chapters"]
    ]
    return [toc["root"], *chapters]


def chapter_notebooks(root: Path = ROOT) -> list[Path]:
    """The notebooks among the pages, in reading order."""
    found = (root / f"{page}.ipynb" for page in pages(root))
    return [path for path in found if path.parent.name == NOTEBOOKS]


def setup_cell(config: dict) -> str:
    """Source of the first code cell, the same in every notebook."""
    return _SETUP_CELL.format(address=repository_address(config))


def with_setup(notebook: dict, source: str) -> dict:
    """A notebook whose first code cell is ``source``."""
    cells = list(notebook["cells"])
    first = next(k for k, c in enumerate(cells) if c["cell_type"] == "code")
    cells[first] = cells[first] | {"source": source.splitlines(keepends=True)}
    return notebook | {"cells": cells}


def task_of(solution: str, number: int) -> str:
    """Source of the cell that asks for a solution, ``# @title Exercise N: solution``.

    One or more of the solution's lines begin with ``#: ``, none of them indented.

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
    calls = [n for n in ast.walk(ast.parse(solution)) if isinstance(n, ast.Call)]
    compares = [c for c in calls if ast.unparse(c.func).endswith("compare")]
    if not compares:
        return []
    units = [ast.literal_eval(c.args[2]) for c in compares if len(c.args) == 3]
    unit = f" ({units[0]})" if units else ""
    return [f"guess = None  # your prediction{unit}"]


def with_tasks(notebook: dict, name: str = "notebook") -> dict:
    """A notebook whose tasks are made from its solutions.

    Raises:
        FerError: when tasks and solutions do not come in turn, numbered from 1.
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
            cells[asked] = cells[asked] | {"source": task.splitlines(keepends=True)}
            asked = None
    if asked is not None:
        raise FerError(f"{name}, cell {asked}: a task without a solution; add it.")
    return notebook | {"cells": cells}


def rewrite(path: Path, change: Callable[[dict], dict]) -> bool:
    """Store what ``change`` makes of a notebook; whether that is another."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    changed = change(notebook)
    if changed == notebook:
        return False
    text = json.dumps(changed, indent=1, ensure_ascii=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return True


def renewed(notebook: dict, name: str = "notebook") -> dict:
    """A notebook with the current first cell and tasks."""
    return with_tasks(with_setup(notebook, setup_cell(read_config())), name)


def main() -> None:
    """Write the current first cell and tasks into every notebook."""
    for path in sorted((ROOT / NOTEBOOKS).glob("*.ipynb")):
        if rewrite(path, partial(renewed, name=path.name)):
            print(f"{path.relative_to(ROOT)}: first cell and tasks written")


if __name__ == "__main__":
    main()
