"""The source hash counts code that a run imports, and nothing else."""

import pytest

from fer_lib.errors import FerError
from ferbook.runs.source import import_closure, source_hash

FILES = {
    "__init__.py": '"""The package."""\n__version__ = "0.1.0"\n',
    "errors.py": "class FerError(ValueError):\n    pass\n",
    "data/__init__.py": "from fer_lib.data.faces import read\n",
    "data/faces.py": '"""Faces."""\nfrom ..errors import FerError\n\n'
    'def read(path):\n    """Read."""\n    # careful\n    return path\n',
    "data/other.py": "x = 1\n",
    "run.py": "import numpy\nfrom fer_lib import data\n\n"
    "def go():\n    from fer_lib import late\n    return late\n",
    "late.py": "import ferbook.site.pages\n",
    "book/__init__.py": "",
    "book/pages.py": "y = 1\n",
    "alone.py": "z = 1\n",
}


@pytest.fixture
def package(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "fer_lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "fer_lib"


def _hash(package):
    return source_hash(["ferbook.runs.run"], package_folder=package)


def test_closure_follows_absolute_relative_and_inner_imports(package):
    assert import_closure(["ferbook.runs.run"], package_folder=package) == [
        "fer_lib.data",
        "fer_lib.data.faces",
        "fer_lib.errors",
        "fer_lib.late",
        "ferbook.runs.run",
    ]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("data/faces.py", '"""Read."""', '"""Read a file of faces."""'),
        ("data/faces.py", '    """Read."""\n', ""),
        ("data/faces.py", "# careful", "# very careful"),
        ("data/faces.py", '"""Faces."""', ""),
        ("data/faces.py", "return path", "return   (path)"),
        ("__init__.py", "0.1.0", "0.2.0"),
        ("data/other.py", "x = 1", "x = 2"),
        ("data/__init__.py", "from", "__version__ = 2\nfrom"),
        ("alone.py", "z = 1", "z = 2"),
        ("book/pages.py", "y = 1", "y = 2"),
    ],
)
def test_prose_and_unrelated_modules_do_not_count(package, name, old, new):
    before = _hash(package)
    text = (package / name).read_text()
    assert old in text
    (package / name).write_text(text.replace(old, new))
    assert _hash(package) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("data/faces.py", "return path", "return str(path)"),
        ("data/faces.py", "def read(path)", "def read(path, fast=True)"),
        ("errors.py", "pass", "code = 1"),
        ("late.py", "import ferbook.site.pages", "import fer_lib.alone"),
        ("run.py", "import numpy", "import torch"),
        ("data/__init__.py", "import read", "import read as load"),
    ],
)
def test_code_counts(package, name, old, new):
    before = _hash(package)
    text = (package / name).read_text()
    assert old in text
    (package / name).write_text(text.replace(old, new))
    assert _hash(package) != before


def test_order_of_the_names_does_not_count(package):
    names = ["ferbook.runs.run", "fer_lib.alone"]
    first = source_hash(names, package_folder=package)
    assert first == source_hash(names[::-1], package_folder=package)
    assert first != _hash(package)


def test_an_import_of_a_removed_module_changes_the_hash(package):
    before = _hash(package)
    (package / "late.py").unlink()
    assert _hash(package) != before


def test_bad_names_and_bad_code_are_told(package):
    with pytest.raises(FerError, match=r"No module 'fer_lib\.none'"):
        source_hash(["fer_lib.none"], package_folder=package)
    (package / "late.py").write_text("def broken(:\n")
    with pytest.raises(FerError, match=r"late\.py: line 1 is no valid Python"):
        _hash(package)


def test_the_library_itself_can_be_hashed():
    closure = import_closure(["ferbook.runs.records"])
    assert "fer_lib.evaluation.metrics" in closure
    assert "ferbook.runs.source" not in closure
    assert not [name for name in closure if name.startswith("ferbook.site")]
    assert len(source_hash(["ferbook.runs.records"])) == 64
