"""The icons' script keeps what pages name, by name or alias, and stays a script."""

from types import SimpleNamespace

from ferbook.site import icons

SCRIPT = (
    'var a={bars:[448,512,["navicon"],"f0c9","M0 96"],'
    '"angle-up":[448,512,[],"f106",["M1","M2"]],sun:[512,512,[9728],"f185","M3"]};'
)


def test_icons_that_nobody_names_are_gone():
    assert icons.trimmed(SCRIPT, {"sun"}) == 'var a={sun:[512,512,[9728],"f185","M3"]};'
    assert icons.trimmed(SCRIPT, {"navicon"}).startswith("var a={bars:[448")
    assert icons.trimmed(SCRIPT, {"bars", "angle-up", "sun"}) == SCRIPT


def test_what_pages_and_the_themes_script_name_is_kept(tmp_path):
    script = tmp_path / icons._ICONS
    script.parent.mkdir(parents=True)
    script.write_text(SCRIPT)
    (tmp_path / "page.html").write_text('<i class="fa-solid fa-bars"></i>')
    (script.parent / "the-theme.js").write_text('add("fa-angle-up")')
    icons.trim(SimpleNamespace(outdir=tmp_path), None)
    assert "bars" in script.read_text() and "angle-up" in script.read_text()
    assert "sun" not in script.read_text()
