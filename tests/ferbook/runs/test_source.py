"""The source hash counts code that a run imports, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fer_lib.errors import FerError
from ferbook.runs.source import source_hash

FILES = {
    "fer_lib/__init__.py": '"""The package."""\n__version__ = "0.1.0"\n',
    "fer_lib/errors.py": "class FerError(ValueError):\n    pass\n",
    "fer_lib/data/__init__.py": "from fer_lib.data.faces import read\n",
    "fer_lib/data/faces.py": '"""Faces."""\nfrom ..errors import FerError\n\n'
    'def read(path):\n    """Read."""\n    # careful\n    return path\n',
    "fer_lib/data/other.py": "x = 1\n",
    "fer_lib/alone.py": "z = 1\n",
    "ferbook/run.py": "import numpy\nfrom fer_lib import data\n\n"
    "def go():\n    from ferbook import late\n    return late\n",
    "ferbook/late.py": "import ferbook.site.pages\n",
    "ferbook/site/__init__.py": "",
    "ferbook/site/pages.py": "y = 1\n",
}


@pytest.fixture
def packages(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def hash_of(packages, *names):
    return source_hash(names or ["ferbook.run"], package_folder=packages)


def changed(packages, name, old, new):
    """The hash before and after a change of a file."""
    before, text = hash_of(packages), (packages / name).read_text()
    assert old in text
    (packages / name).write_text(text.replace(old, new))
    return before, hash_of(packages)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("fer_lib/data/faces.py", '"""Read."""', '"""Read a file of faces."""'),
        ("fer_lib/data/faces.py", '    """Read."""\n', ""),
        ("fer_lib/data/faces.py", "# careful", "# very careful"),
        ("fer_lib/data/faces.py", '"""Faces."""', ""),
        ("fer_lib/data/faces.py", "return path", "return   (path)"),
        ("fer_lib/__init__.py", "0.1.0", "0.2.0"),
        ("fer_lib/data/other.py", "x = 1", "x = 2"),
        ("fer_lib/data/__init__.py", "from", "__version__ = 2\nfrom"),
        ("fer_lib/alone.py", "z = 1", "z = 2"),
        ("ferbook/site/pages.py", "y = 1", "y = 2"),
    ],
)
def test_prose_and_unrelated_modules_do_not_count(packages, name, old, new):
    before, after = changed(packages, name, old, new)
    assert after == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("fer_lib/data/faces.py", "return path", "return str(path)"),
        ("fer_lib/data/faces.py", "return path", 'return f"{path}"'),
        ("fer_lib/data/faces.py", "def read(path)", "def read(path, fast=True)"),
        ("fer_lib/errors.py", "pass", "code = 1"),
        ("ferbook/late.py", "import ferbook.site.pages", "import fer_lib.alone"),
        ("ferbook/run.py", "import numpy", "import torch"),
        ("fer_lib/data/__init__.py", "import read", "import read as load"),
    ],
)
def test_code_counts(packages, name, old, new):
    before, after = changed(packages, name, old, new)
    assert after != before


def test_order_of_the_names_does_not_count(packages):
    names = ["ferbook.run", "fer_lib.alone"]
    assert (
        hash_of(packages, *names)
        == hash_of(packages, *names[::-1])
        != hash_of(packages)
    )


def test_an_import_of_a_removed_module_changes_the_hash(packages):
    before = hash_of(packages)
    (packages / "ferbook/late.py").unlink()
    assert hash_of(packages) != before


def test_bad_names_and_bad_code_are_told(packages):
    with pytest.raises(FerError, match=r"No module 'fer_lib\.none'"):
        hash_of(packages, "fer_lib.none")
    (packages / "ferbook/late.py").write_text("def broken(:\n")
    with pytest.raises(FerError, match=r"late\.py: line 1 is no valid Python"):
        hash_of(packages)


ODD = '''
def told(x, *more, width=3, **rest):
    """Prose."""
    a = f"{x:>{width}}" f"{x!r} {{}} " "plain" f"{more[0]:.{width}f}|{x=}"
    async def wait(): return [y async for y in x if (z := y) > 1e-3]
    match x:
        case {"a": [1, *_], **kept} if kept: return -0.5j, b"\\0", ..., None, True
    with open(a) as one, open(b"b"): return lambda q, /, r=1, *, s: (q @ r)[s:, ::2]
'''


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_every_version_of_python_gives_the_same_hash(root, tmp_path, version):
    """What differs between them: empty fields, and the pieces of f-strings."""
    found = [*Path.home().glob(f".pyenv/versions/*/bin/python{version}")]
    found += filter(None, [shutil.which(f"python{version}")])
    if not found:
        pytest.skip(f"no Python {version} is installed here")
    for package in ("fer_lib", "ferbook"):
        (tmp_path / package).symlink_to(root / package)
    (tmp_path / "odd").mkdir()
    code = (
        "import sys, ferbook.runs.source as s\n"
        "s.PACKAGES += ('odd',)\n"
        "names = ['odd.odd', 'ferbook.runs.run', 'fer_lib.data.audit']\n"
        "print(s.source_hash(names, package_folder=s.Path(sys.argv[1])))"
    )
    (tmp_path / "odd/odd.py").write_text(ODD)
    settings = os.environ | {"PYTHONPATH": str(root)}
    hashes = [
        subprocess.run(
            [python, "-c", code, tmp_path],
            env=settings,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for python in (found[0], sys.executable)
    ]
    assert hashes[0] == hashes[1] and len(hashes[0].strip()) == 64
