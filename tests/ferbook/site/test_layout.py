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
BRIEF = ()


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
