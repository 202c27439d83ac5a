"""The theme's style sheet and icons keep what pages show."""

from types import SimpleNamespace

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import TTFont

from ferbook.site import styles

SHEET = (
    ".card{color:red}.card .gone,.modal{top:0}.card:not(.gone){left:0}"
    'a[href$=".gone"]{right:0}@media print{.gone{x:y}.card{z:0}}'
    '@font-face{src:url(a.woff2) format("woff2"),url(a.ttf)}p{content:"\uf0c9"}'
)


def test_rules_stay_when_one_of_their_selectors_may_apply():
    kept = styles.trimmed(SHEET, {"card"})
    assert ".card{color:red}" in kept and ".card:not(.gone){left:0}" in kept
    assert 'a[href$=".gone"]' in kept and "@media print{.card{z:0}}" in kept
    assert "top:0" not in kept and "x:y" not in kept
    assert styles.trimmed(SHEET, {"card", "gone", "modal"}) == SHEET


@pytest.mark.parametrize("text", ["content:'\\f0c9'", "content:'\uf0c9'"])
def test_icons_are_found_as_letters_and_as_numbers(text):
    assert styles.icons(text) == {0xF0C9}


def test_a_site_keeps_the_icons_and_styles_it_names(tmp_path):
    sheet, fonts = tmp_path / styles._STYLES, tmp_path / styles._FONTS
    sheet.parent.mkdir(parents=True)
    fonts.mkdir(parents=True)
    sheet.write_text(SHEET)
    (tmp_path / "page.html").write_text('<p class="card">A word</p>')
    (tmp_path / "code.js").write_text('node.className = "modal"')
    (fonts / "a.woff2").touch()
    builder = FontBuilder(unitsPerEm=1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "bars", "sun"])
    builder.setupCharacterMap({0xF0C9: "bars", 0xF185: "sun"})
    builder.setupGlyf({name: empty() for name in (".notdef", "bars", "sun")})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", "bars", "sun"), (0, 0)))
    builder.setupHorizontalHeader()
    builder.setupPost()
    builder.save(fonts / "a.ttf")
    styles.trim(SimpleNamespace(outdir=tmp_path), None)
    kept = sheet.read_text()
    assert ".card{color:red}" in kept and "top:0" in kept and "x:y" not in kept
    assert "woff2" not in kept and "url(a.ttf)" in kept
    assert list(TTFont(fonts / "a.ttf").getBestCmap()) == [0xF0C9]
    assert not (fonts / "a.woff2").exists()


def empty():
    from fontTools.ttLib.tables._g_l_y_f import Glyph

    return Glyph()
