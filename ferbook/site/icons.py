"""Sphinx extension: pages load the icons that they show, not the theme's thousands."""

import re
from collections.abc import Iterable
from pathlib import Path

from sphinx.application import Sphinx

_ICONS = Path("_static", "scripts", "fontawesome.js")
# A name, sides, aliases, the letter and the outline, as FontAwesome 6 writes them.
_ICON = re.compile(
    r'"?([\w-]+)"?:\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?'
)
_USED = re.compile(r"\bfa-([a-z0-9-]+)")


def trimmed(script: str, used: Iterable[str]) -> str:
    """The script without the icons whose names and aliases nobody uses."""
    kept = set(used)

    def keep(found: re.Match) -> str:
        names = {found[1], *re.findall(r'"([^"]*)"', found[2])}
        return found[0] if names & kept else ""

    return _ICON.sub(keep, script)


def trim(app: Sphinx, error: Exception | None) -> None:
    """Trim the built site's script to what its pages, styles and scripts name."""
    path = Path(app.outdir, _ICONS)
    if error is not None or not path.is_file():
        return
    texts = [*Path(app.outdir).rglob("*.html"), *path.parent.glob("*theme.js")]
    used = {
        name
        for text in texts
        for name in _USED.findall(text.read_text(encoding="utf-8"))
    }
    script = trimmed(path.read_text(encoding="utf-8"), used)
    path.write_text(script, encoding="utf-8")


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("build-finished", trim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
