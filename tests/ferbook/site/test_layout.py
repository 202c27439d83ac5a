"""Nothing on a page is cut off, hidden, too small or too pale, at three widths."""

import pytest
from page_layout import HEIGHT, WIDTHS, ask, misfits, pale, set_width
from widget_pages import open_page

from ferbook.site.notebooks import pages

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.xdist_group("site"),
]
# Chapters whose text before "The idea" fits: one screen on a desk, two on a phone.
BRIEF = (
    "notebooks/03_deep_emotion",
    "notebooks/04_residual_masking",
    "notebooks/05_ramn",
    "notebooks/06_diversified_esr",
    "notebooks/07_diversified_manet",
    "notebooks/08_part_ensemble",
)


@pytest.fixture
def page(request, site, browser):
    """A page in the browser, as wide as a desk."""
    open_page(browser, (site / f"{request.param}.html").as_uri())
    yield request.param
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("page", pages(), indirect=True)
def test_a_page_fits_and_can_be_read(page, browser):
    # Contrast first, while the page is as wide as a desk.
    found = [one for theme in ("dark", "light") for one in pale(browser, theme)]
    found += [one for width in WIDTHS for one in misfits(browser, width)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", BRIEF, indirect=True)
def test_the_idea_comes_after_one_screen(page, browser):
    assert ask(browser, "before_the_idea") <= HEIGHT
    set_width(browser, 390)
    assert ask(browser, "before_the_idea") <= 2 * HEIGHT


FAULTY = """<!doctype html><meta name="viewport" content="width=device-width">
<body style="margin: 0"><article class="bd-article">
<div style="width: 300px; overflow-x: auto"><table style="width: 900px">
<tr><td>seen</td><td>hidden</td></tr></table></div>
<table style="width: 30px; table-layout: fixed; overflow-wrap: anywhere">
<tr><td><code>a_long_name</code></td></tr></table>
<img alt="squeezed" width="10" height="10" style="width: 90px"
  src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9'
  height='9'/%3E">
<p style="color: #999">pale</p><p style="opacity: 0.3">faint</p>
<p style="color: #767676">grey enough</p>
<img alt="without a size" src="data:,">
<img alt="small" width="1000" height="9" style="width: 300px" data-letters="20"
  src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E">
<svg viewBox="0 0 100 10" width="50"><text y="9" font-size="10">tiny</text></svg>
<h2>The idea</h2></article>"""


def test_the_ruler_finds_what_is_planted(tmp_path, browser):
    (tmp_path / "page.html").write_text(FAULTY)
    open_page(browser, (tmp_path / "page.html").as_uri())
    found = misfits(browser, 1280)
    planted = ("2 cells cut", "no size", "letters of 6.0 px", "letters of 5.0 px")
    planted += ('broken: code "a_long_name"', 'out of shape: img "squeezed"')
    assert [sum(words in one for one in found) for words in planted] == [1] * 6
    assert [one.split('"')[1] for one in pale(browser, "light")] == ["pale", "faint"]
    assert ask(browser, "before_the_idea") > 100
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
