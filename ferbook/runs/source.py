"""One hash over the code that a run imports."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import fer_lib
from fer_lib.errors import FerError

PACKAGES = ("fer_lib", "ferbook")


def source_hash(
    module_names: Iterable[str],
    *,
    exclude: Iterable[str] = ("ferbook.site",),
    package_folder: Path | None = None,
) -> str:
    """SHA-256 over the modules and all that they import from the packages here.

    Modules enter as syntax trees without docstrings and without the version
    number, so comments, formatting, prose and the version of Python do not
    count.  Imports are read from the source, inside functions too; nothing is
    executed.

    Args:
        module_names: where to start, for example ``["ferbook.runs.reproduce"]``.
        exclude: packages and modules that are left out with all below them.
        package_folder: folder of the package; the installed one if None.

    Raises:
        FerError: when a module does not exist or is not valid Python.
    """
    folder = package_folder or Path(fer_lib.__file__).parents[1]
    digest = hashlib.sha256()
    for name, tree in sorted(_closure(module_names, set(exclude), folder).items()):
        digest.update(f"{name}\n{_plain(tree)!r}\n".encode())
    return digest.hexdigest()


def _closure(
    module_names: Iterable[str], exclude: set[str], folder: Path
) -> dict[str, ast.Module]:
    for name in module_names:
        if module_file(name, folder) is None:
            raise FerError(f"No module '{name}' below {folder} to hash.")
    found: dict[str, ast.Module] = {}
    waiting = list(module_names)
    while waiting:
        # A package's __init__ counts only where something is imported from
        # it: one that lists all papers must not age the runs of one.
        name = waiting.pop()
        path = module_file(name, folder)
        if name in found or path is None or exclude & set(_with_parents(name)):
            continue
        found[name] = _stripped(path)
        waiting.extend(imports(found[name], name, path, folder))
    return found


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def module_file(name: str, folder: Path) -> Path | None:
    """Source file of a module; None when ``name`` is none of ours."""
    parts = name.split(".")
    if parts[0] not in PACKAGES:
        return None
    path = folder.joinpath(*parts)
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


def imports(tree: ast.Module, name: str, path: Path, folder: Path) -> Iterator[str]:
    """Names of what is imported; those of other packages drop out later."""
    base = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = base[: len(base) - node.level + 1] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                inside = f"{origin}.{alias.name}"
                yield inside if module_file(inside, folder) else origin


def _stripped(path: Path) -> ast.Module:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise FerError(f"{path}: line {error.lineno} is no valid Python.") from error
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_prose(part)]
    return tree


def _is_prose(node: ast.stmt) -> bool:
    """Whether a statement is a bare string or sets the version number."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(t, ast.Name) and t.id == "__version__" for t in targets)


def _plain(node: object) -> object:
    """A syntax tree as lists that are the same in all versions of Python.

    They differ in fields that are empty, such as the type parameters of 3.12,
    and in how the text between the braces of an f-string is cut into pieces.
    """
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.JoinedStr):
        return ["JoinedStr", *_pieces(node.values)]
    fields = [pair for pair in ast.iter_fields(node) if pair[1] not in (None, [])]
    return [type(node).__name__, *([key, _plain(value)] for key, value in fields)]


def _pieces(values: list[ast.expr]) -> Iterator[object]:
    for constant, run in groupby(values, lambda one: isinstance(one, ast.Constant)):
        run = list(run)
        pieces = ["".join(one.value for one in run)] if constant else _plain(run)
        yield from filter(None, pieces)  # 3.12 has empty ones
