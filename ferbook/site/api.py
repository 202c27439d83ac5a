"""Sphinx extension: the library's reference, written from its docstrings.

A page has ``{api}`fer_lib.losses` `` on a line of its own and gets a section a
module: its public names at a glance, then each with its signature, docstring
and the pages whose code uses it.
"""

import inspect
import pkgutil
import re
from importlib import import_module

from sphinx.application import Sphinx

_PLACE = re.compile(r"^\{api\}`([\w.]+)`$", re.MULTILINE)
_SECTION = """\
## {module}

```{{eval-rst}}
.. currentmodule:: {module}

.. autosummary::
   :nosignatures:

   {names}

.. automodule:: {module}
   :ignore-module-all:
```
"""


def reference(name: str) -> str:
    """Markdown that documents a module, or a package and all modules in it."""
    path = getattr(import_module(name), "__path__", ())
    below = (one.name for one in pkgutil.walk_packages(path, f"{name}."))
    found = {module: public_names(module) for module in [name, *below]}
    return "\n".join(
        _SECTION.format(module=module, names="\n   ".join(names))
        for module, names in found.items()
        if names
    )


def public_names(name: str) -> list[str]:
    """Public functions and classes that a module defines itself, in its order."""
    return [
        word
        for word, thing in vars(import_module(name)).items()
        if (inspect.isfunction(thing) or inspect.isclass(thing))
        and thing.__module__ == name
        and not word.startswith("_")
    ]


def write_reference(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the reference in the place that a page has for it."""
    source[0] = _PLACE.sub(lambda found: reference(found[1]), source[0])


def skip_fields(app, what: str, name: str, thing, skip: bool, options) -> bool | None:
    """Leave out a named tuple's fields: they stand among its attributes."""
    return True if type(thing).__name__ == "_tuplegetter" else None


def setup(app: Sphinx) -> dict:
    """Register the extension, and those of others that it needs."""
    for name in ("autodoc", "autosummary", "napoleon"):
        app.setup_extension(f"sphinx.ext.{name}")
    app.setup_extension("sphinx_codeautolink")
    app.config.autosummary_generate = False
    app.config.autodoc_default_options = {"members": True, "member-order": "bysource"}
    app.config.napoleon_use_ivar = True
    app.config.codeautolink_autodoc_inject = True
    # A chapter's cells go on from those above them.
    app.config.codeautolink_concat_default = True
    app.connect("source-read", write_reference)
    app.connect("autodoc-skip-member", skip_fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
