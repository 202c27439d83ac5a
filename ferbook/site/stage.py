"""The book's address, its pages, and the cell that every notebook opens with.

``python -m ferbook.site.stage`` writes that cell into all notebooks, after
the address in ``_config.yml`` has changed.
"""

import json
import re
from pathlib import Path

import yaml

from fer_lib.errors import FerError
from fer_lib.files import atomic_path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = "notebooks"

_ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(\.git)?/?")

_SETUP_CELL = """\
# On Colab: fetch the book and what Colab lacks.  Elsewhere: nothing to do.
import importlib.util
import subprocess
import sys

REPOSITORY = "{address}"
if importlib.util.find_spec("fer_lib") is None:
    if not REPOSITORY:
        sys.exit("Install fer_lib first: pip install -e . in the repository.")
    clone = ["git", "clone", "--depth=1", REPOSITORY, "fer-book"]
    install = [sys.executable, "fer-book/ferbook/site/colab.py"]
    for command in (clone, install):
        subprocess.run(command, check=True)
    sys.path.insert(0, "fer-book")

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


def colab_link(config: dict, page: str) -> str:
    """Address that opens a notebook page in Colab; empty without a repository.

    Args:
        page: name as in ``_toc.yml``, for example ``notebooks/03_deep_emotion``.
    """
    address = repository_address(config)
    if not address:
        return ""
    owner, name = _ADDRESS.fullmatch(address).group(1, 2)
    base = config["launch_buttons"]["colab_url"]
    branch = config["repository"]["branch"]
    return f"{base}/github/{owner}/{name}/blob/{branch}/{page}.ipynb"


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


def write_setup_cell(path: Path, source: str) -> bool:
    """Put ``source`` into a notebook's first code cell; whether it changed."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    first = next(c for c in notebook["cells"] if c["cell_type"] == "code")
    lines = source.splitlines(keepends=True)
    if first["source"] == lines:
        return False
    first["source"] = lines
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return True


def main() -> None:
    """Write the current first cell into every notebook."""
    source = setup_cell(read_config())
    for path in sorted((ROOT / NOTEBOOKS).glob("*.ipynb")):
        if write_setup_cell(path, source):
            print(f"{path.relative_to(ROOT)}: first cell written")


if __name__ == "__main__":
    main()
