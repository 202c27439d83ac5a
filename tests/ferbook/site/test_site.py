"""The one place of the public address, and what follows from it."""

import copy
import sys
from pathlib import Path

import pytest

from fer_lib.errors import FerError
from ferbook.site.notebooks import (
    chapter_notebooks,
    pages,
    read_config,
    repository_address,
    rewrite,
    setup_cell,
    staged_config,
    with_setup,
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


def test_the_first_cell_is_short_and_runs_here(capsys):
    source = setup_cell(read_config())
    assert max(map(len, source.splitlines())) <= 79
    assert len(source.splitlines()) < 25
    exec(source, {})
    assert "torch" in capsys.readouterr().out


def test_the_first_cell_without_library_or_address_says_what_to_do(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="pip install"):
        exec(setup_cell(config_with("")), {})


def test_on_colab_the_first_cell_clones_then_installs(monkeypatch):
    commands = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("subprocess.run", lambda c, check: commands.append(c))
    monkeypatch.setattr("sys.path", list(sys.path))
    monkeypatch.setattr("ferbook.kit.runtime.show_runtime", lambda: None)
    address = "https://github.com/owner/book"
    exec(setup_cell(config_with(address)), {})
    clone, install = commands
    assert clone[:2] == ["git", "clone"]
    assert address in clone
    assert install[0] == sys.executable
    assert install[1].startswith(clone[-1] + "/")
    assert sys.path[0] == clone[-1]


def test_pages_are_files_and_notebooks_are_among_them(root):
    names = pages()
    assert len(set(names)) == len(names)
    for name in names:
        assert any((root / f"{name}{end}").is_file() for end in (".md", ".ipynb"))
    written = {path.name for path in Path(root, "notebooks").glob("*.ipynb")}
    assert {path.name for path in chapter_notebooks()} == written
