"""The page of all explorers: where it takes them from, and when it starts them."""

import json
import re

import pytest
from planted_explorers import EXPLORERS
from widget_pages import find_all, open_page

from fer_lib.errors import FerError
from ferbook.site.play import explorer

MOST = 2_000_000  # bytes of the page


@pytest.fixture(scope="module")
def notebooks(explorers, tmp_path_factory):
    """Executed notebooks, two explorers each."""
    folder, names = tmp_path_factory.mktemp("notebooks"), list(EXPLORERS)
    for k in range(0, len(names), 2):
        outputs = [
            {"data": {"text/html": explorers(name).html().splitlines(True)}}
            for name in names[k : k + 2]
        ]
        cells = [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]
        (folder / f"{k:02}.ipynb").write_text(json.dumps({"cells": cells}), "utf-8")
    return sorted(folder.glob("*.ipynb"))


def named(root):
    text = (root / "book" / "play.md").read_text(encoding="utf-8")
    return re.findall(r"```\{explorer\} (\w+)\n```", text)


def test_every_explorer_of_the_book_is_on_the_page_once(root):
    elsewhere = ["networks"]  # that page fetches files of its own
    assert sorted(named(root) + elsewhere) == sorted(EXPLORERS)


def test_an_explorer_that_no_chapter_or_two_show_is_refused(notebooks):
    with pytest.raises(FerError, match="explorer 'sweeps': 0 outputs"):
        explorer("sweeps", notebooks)
    with pytest.raises(FerError, match="explorer 'guess': 2 outputs"):
        explorer("guess", [*notebooks, *notebooks])


@pytest.fixture(scope="module")
def address(root, notebooks, tmp_path_factory):
    """A page of all explorers with the script of the book's page."""
    script = (root / "book" / "_static" / "play.js").read_text(encoding="utf-8")
    blocks = (
        f"<h2>{name}</h2>{explorer(name, notebooks).html()}" for name in named(root)
    )
    page = tmp_path_factory.mktemp("play") / "play.html"
    html = f"<meta charset='utf-8'><script>{script}</script>{''.join(blocks)}"
    page.write_text(f"<!doctype html>{html}", encoding="utf-8")
    assert page.stat().st_size < MOST
    return page.as_uri()


@pytest.mark.browser
class TestInABrowser:
    def started(self, browser):
        boxes = find_all(browser, ".fer-later:has(.w-body)")
        return [one.get_dom_attribute("data-explorer") for one in boxes]

    def test_explorers_start_as_they_come_near(self, browser, root, address):
        open_page(browser, address)
        names, first = named(root), self.started(browser)
        assert 1 <= len(first) < len(names) and first == names[: len(first)]
        for box in find_all(browser, ".fer-later"):
            browser.execute_async_script(
                "const [box, done] = arguments; box.scrollIntoView();"
                "setTimeout(done, 100);",
                box,
            )
        assert self.started(browser) == names
        assert not find_all(browser, ".w-error, .fer-later template")
        assert not browser.get_log("browser")

    def test_a_link_starts_the_explorer_that_it_sets(self, browser, root, address):
        last = named(root)[-1]
        open_page(browser, f"{address}#w-{last}=words:mouth")
        assert last in self.started(browser)
        assert len(self.started(browser)) < len(named(root))
        script = "return document.querySelector(arguments[0]).textContent"
        text = browser.execute_script(script, f"[data-explorer={last}] .w-told")
        assert re.match(r"\d+ of \d+ claims", text)

    def test_print_shows_them_all(self, browser, root, address):
        open_page(browser, address)
        browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        assert self.started(browser) == named(root)
