"""The pages as built: complete, correct, and served by no other host."""

import json
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from bs4 import BeautifulSoup

from ferbook.site.notebooks import pages

# One worker builds the site once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("site")]
PAGES = pages()
HEAVY = 2_000_000  # bytes that a page may load, as in benchmarks/pages.py
_LOADING = {"script": "src", "img": "src", "link": "href", "iframe": "src"}


def soup(site, page):
    text = (site / f"{page}.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


def test_every_page_of_the_contents_is_built_and_no_other(site):
    folders = [site / "book", site / "notebooks"]
    built = [path for folder in folders for path in folder.rglob("*.html")]
    names = {path.relative_to(site).with_suffix("").as_posix() for path in built}
    assert names == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
class TestPage:
    def test_it_has_a_title_and_no_trace_of_an_error(self, site, page):
        content = soup(site, page)
        assert content.find("h1")
        assert not content.select(".problematic, .system-message")
        assert not content.select(".output.traceback")
        assert "[?]" not in content.find("article").get_text()

    def test_it_loads_nothing_from_another_host(self, site, page):
        for name, attribute in _LOADING.items():
            for tag in soup(site, page).find_all(name):
                address = tag.get(attribute, "")
                assert not address.startswith(("http:", "https:", "//")), tag

    def test_its_links_to_files_of_the_book_lead_somewhere(self, site, page):
        here = (site / f"{page}.html").parent
        for link in soup(site, page).find_all("a", href=True):
            target = link["href"].split("#")[0].split("?")[0]
            if target and ":" not in target:
                assert (here / target).exists(), link["href"]

    def test_its_pictures_have_a_description(self, site, page):
        for picture in soup(site, page).find("article").find_all("img"):
            described = picture.get("alt", "")
            assert described and not described.startswith("../_images"), picture

    @pytest.mark.browser
    def test_it_works_with_every_other_host_blocked(self, site, page, browser):
        browser.get_log("performance"), browser.get_log("browser")
        browser.get((site / f"{page}.html").as_uri())
        formulas = len(browser.find_elements("css selector", ".math"))
        if formulas:
            wait_for(browser, "mjx-container", formulas)
        refused = browser.find_elements("css selector", "mjx-merror")
        assert not [formula.text for formula in refused]
        asked = requests(browser)
        assert not failed_requests(asked)
        assert weight(asked) < HEAVY
        assert not [e for e in browser.get_log("browser") if is_fault(e)]
        colour = "return getComputedStyle(document.querySelector('.bd-main'))"
        assert browser.execute_script(f"{colour}.display") == "flex"


def wait_for(browser, selector, count):
    from selenium.webdriver.support.ui import WebDriverWait

    found = lambda b: len(b.find_elements("css selector", selector)) >= count  # noqa: E731
    WebDriverWait(browser, 20).until(found)


def requests(browser):
    """Addresses that a page asked for, each with whether it loaded."""
    events = [
        json.loads(entry["message"])["message"]
        for entry in browser.get_log("performance")
    ]
    failed = {
        event["params"]["requestId"]
        for event in events
        if event["method"] == "Network.loadingFailed"
    }
    return {
        event["params"]["request"]["url"]: event["params"]["requestId"] not in failed
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }


def failed_requests(asked):
    """Addresses that did not load, and any that no file of the site holds."""
    return [
        url
        for url, loaded in asked.items()
        if not loaded or not url.startswith(("file:", "data:", "blob:"))
    ]


def weight(asked):
    """Bytes of the files among some addresses."""
    parts = (urlparse(url) for url in asked if url.startswith("file:"))
    files = {Path(unquote(one.path)) for one in parts}
    return sum(file.stat().st_size for file in files)


def is_fault(entry):
    # The theme calls a first visit, with no stored colour mode, an error.
    return entry["level"] == "SEVERE" and "theme mode" not in entry["message"]
