"""Sphinx extension: pages load the styles and icons that they use, not all the theme's.

The theme brings a style for every component and icon that anybody might want: most
of what a page weighs.  A rule is left out when it needs a class or an id that no
page and no script of the built site mentions.
"""

import re
from collections.abc import Container, Iterable
from pathlib import Path

import tinycss2
from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx

_STYLES = Path("_static", "styles", "pydata-sphinx-theme.css")
_FONTS = Path("_static", "vendor", "fontawesome", "webfonts")
# What stands in brackets, as in ":not(.open)", need not be there.
_BRACKETS = re.compile(r"\([^()]*\)|\[[^]]*\]")
_NEEDED = re.compile(r"[.#]([A-Za-z_-][\w-]*)")
_WORD = re.compile(r"[\w-]+")
_COMPRESSED = re.compile(r'url\([^)]*\.woff2\)\s*format\("woff2"\),')
# Icons are letters of a font, in the range that is left to whoever wants it.
_ICON, _CODE = re.compile("[\ue000-\uf8ff]"), re.compile(r"\\([ef][0-9a-f]{3})")


def trimmed(css: str, words: Container[str]) -> str:
    """The style sheet without rules that need a class or id not among ``words``."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return tinycss2.serialize(_kept(rules, words))


def _kept(rules: Iterable, words: Container[str]) -> list:
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            if not _may_apply(tinycss2.serialize(rule.prelude), words):
                continue
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            rule.content = _kept(tinycss2.parse_rule_list(rule.content), words)
        kept.append(rule)
    return kept


def _may_apply(selectors: str, words: Container[str]) -> bool:
    while selectors != (selectors := _BRACKETS.sub("", selectors)):
        pass  # from the inside out
    return any(
        all(name in words for name in _NEEDED.findall(selector))
        for selector in selectors.split(",")
    )


def icons(css: str) -> set[int]:
    """Numbers of the icons that a style sheet shows."""
    written = {ord(one) for one in _ICON.findall(css)}
    return written | {int(code, 16) for code in _CODE.findall(css)}


def trim(app: Sphinx, error: Exception | None) -> None:
    """Trim the theme's style sheet and its fonts of icons."""
    site = Path(app.outdir)
    path = site / _STYLES
    if error is not None or not path.is_file():
        return
    words = {
        word
        for kind in ("*.html", "*.js")
        for text in site.rglob(kind)
        for word in _WORD.findall(text.read_text(encoding="utf-8"))
    }
    css = trimmed(path.read_text(encoding="utf-8"), words)
    path.write_text(_COMPRESSED.sub("", css), encoding="utf-8")
    styles = (one.read_text(encoding="utf-8") for one in site.rglob("*.css"))
    shown = set().union(*map(icons, styles))
    for font in (site / _FONTS).glob("*.ttf"):
        _keep_icons(font, shown)
    for font in (site / _FONTS).glob("*.woff2"):
        font.unlink()  # which the style sheet does not name any more


def _keep_icons(path: Path, numbers: Iterable[int]) -> None:
    font, subsetter = TTFont(path), Subsetter()
    subsetter.populate(unicodes=numbers)
    subsetter.subset(font)
    font.save(path)


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("build-finished", trim, priority=900)  # after whatever writes pages
    return {"parallel_read_safe": True, "parallel_write_safe": True}
