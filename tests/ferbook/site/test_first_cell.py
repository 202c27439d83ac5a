"""The first cell of the notebooks, run where there is no book yet."""

import subprocess
import sys
import zipfile

import pytest

from ferbook.site import notebooks

# Installs in the second try only, as when the network fails in the first.
INSTALL = """
from pathlib import Path
tried = Path("tried")
if not tried.exists():
    tried.touch()
    raise SystemExit("no network")
Path("installed").touch()
"""
RUNTIME = "import sys\ndef show_runtime(): print(sys.path[0])"
FILES = {
    "ferbook/site/colab.py": INSTALL,
    "ferbook/__init__.py": "",
    "ferbook/kit/__init__.py": "",
    "ferbook/kit/runtime.py": RUNTIME,
}


def run(folder, address=""):
    """In a fresh process that sees no installed package."""
    cell = notebooks._SETUP_CELL.format(address=address)
    command = [sys.executable, "-I", "-S", "-c", cell]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def write_book(folder):
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def zipped(path, top):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(f"{top}/{name}", text)


@pytest.mark.parametrize("place", [".", "drive/MyDrive"])
@pytest.mark.parametrize("top", ["fer-book", "fer-book-main"])
def test_a_zip_is_unpacked_and_a_failed_installation_is_tried_again(
    tmp_path, place, top
):
    zipped(tmp_path / place / "fer-book.zip", top)
    (tmp_path / "fer-book.part").mkdir()  # of a try that was stopped
    failed = run(tmp_path)
    assert failed.returncode and "no network" in failed.stderr
    done = run(tmp_path)
    assert done.returncode == 0 and (tmp_path / "installed").exists()
    assert done.stdout.strip() == str((tmp_path / "fer-book" / top).resolve())


def test_an_address_is_cloned(tmp_path):
    origin, here = tmp_path / "origin", tmp_path / "here"
    write_book(origin)
    here.mkdir()
    (here / "tried").touch()
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "a"]):
        subprocess.run(["git", *words], cwd=origin, check=True)
    done = run(here, origin.as_posix())
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str((here / "fer-book").resolve())


def test_without_both_it_says_what_to_do(tmp_path):
    told = run(tmp_path).stderr
    assert "`make zip`" in told and "pip install -e ." in told
    assert "Traceback" not in told


def test_make_zip_writes_what_the_cell_looks_for(root):
    text = (root / "Makefile").read_text(encoding="utf-8")
    (command,) = (line for line in text.splitlines() if "git archive" in line)
    assert "--prefix=fer-book/ -o fer-book.zip" in command
