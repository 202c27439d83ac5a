"""Widgets that live on the page: one JavaScript module, with a kernel or without.

A widget is a JavaScript module, the data that it shows, and a table for
readers without scripts and for print.  On a page, in JupyterLab and in Colab
a few lines start the module over its data.  Where a notebook runs and the
widget can ask its kernel, the same module is carried by an anywidget
(https://anywidget.dev).
"""

import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from fer_lib.errors import FerError
from ferbook.show.tables import Table

MOST = 300_000  # bytes of a widget on a page, its data included
# Modules that others import, each after those that it imports itself.
_SHARED = ("base", "maps", "answers", "engine", "square", "squares", "sources")
_IMPORT = re.compile(
    rf'^import \{{[^}}]*\}}\s+from "\./({"|".join(_SHARED)})\.js";\n', re.MULTILINE
)


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def module_source(name: str) -> str:
    """The module of a widget and what it imports, as one file.

    Raises:
        FerError: when the module does not import ``./base.js`` once.
    """
    shared = _IMPORT.findall(_read(f"{name}.js"))
    if (count := shared.count("base")) != 1:
        raise FerError(
            f"{name}.js: {count} imports from ./base.js, expected one, in braces."
        )
    needed = [part for part in _SHARED if part in shared]
    parts = (_read(f"{part}.js") for part in (*needed, name))
    return "".join(_IMPORT.sub("", part) for part in parts)


@dataclass(frozen=True)
class Widget:
    """What a cell displays.

    ``name`` is that of its module and of its part of the page's address,
    ``#w-name=...``; ``data``, JSON, what the module shows; ``alt`` says what it is.
    ``fallback`` stands in print and where no script runs; ``answer`` is the kernel's to
    a question of the module, both JSON, None when it needs no kernel.
    """

    name: str
    data: Mapping[str, object]
    alt: str
    fallback: Table
    answer: Callable[[dict], dict] | None = None

    def html(self) -> str:
        """The widget for a page; it loads nothing.

        Raises:
            FerError: when it is larger than :data:`MOST`, or its data are
                no JSON.
        """
        values = {"data": self.data, "alt": self.alt, "live": False}
        text = json.dumps(values, separators=(",", ":"), allow_nan=False)
        # An angle bracket could end the script that the data stand in.
        text = text.replace("<", r"\u003c")
        page = (
            f'<div class="fer-widget" data-fer-widget="{escape(self.name)}">'
            f"<style>{_read('base.css')}</style>"
            f'<div class="w-fallback">{self.fallback.html()}</div></div>\n'
            f'<script type="module">\n{module_source(self.name)}'
            f"mount(main, {text});\n</script>"
        )
        if (size := len(page.encode())) > MOST:
            raise FerError(
                f"widget {self.name}: {size:,} bytes, expected {MOST:,} at most; "
                "show fewer or smaller pictures."
            )
        return page

    def live(self):
        """The widget for a kernel, an ``anywidget.AnyWidget``."""
        import anywidget  # optional
        import traitlets

        traits = {
            "_esm": module_source(self.name),
            "_css": _read("base.css"),
            "data": traitlets.Dict(dict(self.data)).tag(sync=True),
            "alt": traitlets.Unicode(self.alt).tag(sync=True),
            "live": traitlets.Bool(True).tag(sync=True),
        }
        made = type("LiveWidget", (anywidget.AnyWidget,), traits)()
        made.on_msg(lambda _, asked, buffers: made.send(self.answered(asked)))
        return made

    def answered(self, asked: dict) -> dict:
        """What the kernel sends back: an answer, or the error's sentence."""
        try:
            found = self.answer(asked)
        except FerError as error:
            found = {"error": str(error)}
        return found | {"number": asked.get("number")}

    def _repr_mimebundle_(self, **_) -> dict | tuple:
        page = {"text/plain": self.alt, "text/html": self.html()}
        if self.answer is None or not asks_kernel():
            return page
        data, metadata = self.live()._repr_mimebundle_()
        return page | data, metadata


def has_reader() -> bool:
    """Whether somebody sits in front of this kernel."""
    # JupyterLab names the notebook of a kernel; papermill does not.
    return "google.colab" in sys.modules or "JPY_SESSION_NAME" in os.environ


def asks_kernel() -> bool:
    """Whether a reader sits in front of this kernel, and anywidget is there."""
    if not has_reader():
        return False
    try:
        import anywidget  # noqa: F401
    except ImportError:
        return False
    if "google.colab" in sys.modules:
        output = importlib.import_module("google.colab.output")

        output.enable_custom_widget_manager()
    return True
