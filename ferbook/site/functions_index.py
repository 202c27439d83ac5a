"""Sphinx extension: the index of functions, with links back to the pages.

Directive ``{functions}``: every public function and class of the library,
the first line of its docstring, and the pages that use or name it.  A page
names one when a code cell imports it (directly, or through a module such as
``chapter``), or when its text has the name in backticks.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from posixpath import relpath

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import fer_lib

_LIBRARY = Path(fer_lib.__file__).parent
_TICKED = re.compile(r"`([A-Za-z_][\w.]*)`")
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
# Jupyter's magics and shell lines are no Python.
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


@dataclass(frozen=True)
class Function:
    """A public function or class.

    Attributes:
        module: where it is defined, ``fer_lib.losses.region``.
        name: its name.
        says: the first line of its docstring.
    """

    module: str
    name: str
    says: str


@cache
def public_functions(library: Path = _LIBRARY) -> tuple[Function, ...]:
    """Public functions and classes of all modules, by module and name."""
    found = []
    for path in sorted(library.rglob("*.py")):
        for node in _tree(path).body:
            known = isinstance(node, (ast.FunctionDef, ast.ClassDef))
            if known and not node.name.startswith("_"):
                told = (ast.get_docstring(node) or "").partition("\n")[0]
                found.append(Function(_module(path, library), node.name, told))
    return tuple(sorted(found, key=lambda one: (one.module, one.name)))


@cache
def _homes(library: Path = _LIBRARY) -> Mapping[tuple[str, str], tuple[str, str]]:
    """Where names that a module merely imports are defined."""
    defined = {(one.module, one.name) for one in public_functions(library)}
    homes = {place: place for place in defined}
    for path in library.rglob("*.py"):
        for module, name, alias in _imports(_tree(path)):
            homes.setdefault((_module(path, library), alias), (module, name))
    return homes


def used_in_code(source: str) -> set[tuple[str, str]]:
    """Definitions (module, name) that a code cell's imports lead to."""
    tree = ast.parse(_MAGIC.sub("", source))
    found, modules = set(), {}
    for module, name, alias in _imports(tree):
        if (
            (_LIBRARY.parent / f"{module}.{name}".replace(".", "/"))
            .with_suffix(".py")
            .is_file()
        ):
            modules[alias] = f"{module}.{name}"
        else:
            found.add(_home(module, name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            found |= {_home(module, node.attr)} if module else set()
    return found


def named_in_text(text: str) -> set[tuple[str, str]]:
    """Definitions that a page's prose has in backticks.

    A name alone counts where only one module defines it.
    """
    words = set(_TICKED.findall(_FENCED.sub("", text)))
    functions = public_functions()
    names = [one.name for one in functions]
    return {
        (one.module, one.name)
        for one in functions
        if f"{one.module}.{one.name}" in words
        or (one.name in words and names.count(one.name) == 1 and "_" in one.name)
    }


def mentioned(path: Path) -> set[tuple[str, str]]:
    """Definitions that a page uses or names."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return named_in_text(text)
    cells = nbformat.reads(text, as_version=4).cells
    code = "\n".join(c.source for c in cells if c.cell_type == "code")
    prose = "\n\n".join(c.source for c in cells if c.cell_type == "markdown")
    return used_in_code(code) | named_in_text(prose)


def index_html(
    pages: Mapping[str, tuple[str, set]], functions: Iterable[Function]
) -> str:
    """The index: a folded table a room of the library.

    Args:
        pages: title and what is mentioned, by address.
        functions: to list.
    """
    rooms: dict[str, list[str]] = {}
    for one in functions:
        links = [
            f'<a href="{escape(address)}">{escape(title)}</a>'
            for address, (title, names) in pages.items()
            if (one.module, one.name) in names
        ]
        row = (
            f"<tr><td><code>{one.name}</code><br><small>{one.module}</small></td>"
            f"<td>{escape(one.says)}</td><td>{', '.join(links)}</td></tr>"
        )
        rooms.setdefault(one.module.split(".")[1], []).append(row)
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Function", "What it is", "Pages")
    )
    return "\n".join(
        f"<details><summary><code>fer_lib.{room}</code>, {len(rows)}</summary>"
        '<div style="overflow-x: auto"><table class="table">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        "</details>"
        for room, rows in rooms.items()
    )


class FunctionsDirective(SphinxDirective):
    """The index of functions, made when all pages have been read."""

    def run(self):
        """A place to fill in later: titles are not known yet."""
        return [_Place()]


class _Place(nodes.General, nodes.Element):
    """Where the index goes."""


def _fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for place in doctree.findall(_Place):
        here = Path(docname).parent.as_posix()
        pages = {}
        for page in sorted(app.env.found_docs - {docname}):
            path = Path(app.env.doc2path(page))
            title = app.env.titles[page].astext()
            pages[relpath(f"{page}.html", here)] = title, mentioned(path)
        html = index_html(pages, public_functions())
        place.replace_self(nodes.raw("", html, format="html"))


def setup(app: Sphinx) -> dict:
    """Register the directive."""
    app.add_node(_Place)
    app.add_directive("functions", FunctionsDirective)
    app.connect("doctree-resolved", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _module(path: Path, library: Path) -> str:
    parts = path.relative_to(library.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _imports(tree: ast.Module) -> list[tuple[str, str, str]]:
    """Module, name and name here of ``from fer_lib.x import y as z``."""
    return [
        (node.module, name.name, name.asname or name.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] == "fer_lib"
        for name in node.names
    ]


def _home(module: str, name: str) -> tuple[str, str]:
    """Where a name that a module offers is defined."""
    place, homes = (module, name), _homes()
    while homes.get(place, place) != place:
        place = homes[place]
    return place
