"""Previous and next stay among the chapters, or in their part."""

import pytest
import yaml
from served_pages import served, wait

from ferbook.site.neighbours import neighbours
from ferbook.site.notebooks import ROOT, pages

FOUND = neighbours(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8")))


def test_from_the_first_page_one_comes_through_all_chapters():
    seen = ["book/index"]
    while following := FOUND[seen[-1]][1]:
        assert FOUND[following][0] == seen[-1]  # and back
        seen.append(following)
    assert seen[1] == "book/paths"
    chapters = [page for page in pages() if page.startswith("notebooks/")]
    assert seen[2:-1] == chapters and seen[-1] == "book/in_your_browser"


def test_every_page_has_its_neighbours_once():
    assert set(FOUND) == set(pages())
    after = [one for _, one in FOUND.values() if one]
    assert len(after) == len(set(after))


def test_a_book_of_one_page_has_no_neighbours():
    assert neighbours({"root": "book/index"}) == {"book/index": (None, None)}


def test_parts_do_not_lead_into_one_another():
    assert FOUND["book/ledger"][0] is None
    assert FOUND["book/play"] == (None, "book/how_to_run")
    assert FOUND["book/reports/part_ensemble"][1] is None


SCRIPT = (ROOT / "book" / "_static" / "paths.js").read_text("utf-8")
PATHS = """<article class="bd-article"><section><h1>Reading paths</h1>
<section><h2>One hour: what holds<a href="#h">#</a></h2><ol>
<li><a href="b.html#part">Second page</a></li><li><a href="c.html">Third</a></li>
</ol></section><section><h2>A course</h2><table><tr><td>
<a id="other" href="a.html">First</a></td></tr></table></section></section></article>"""
FOOTER = """<div class="prev-next-area"><a class="left-prev" href="a.html">a</a>
<a class="right-next" href="c.html">c</a></div>"""


@pytest.fixture
def book(tmp_path):
    """Reading paths, and three pages with a footer."""
    for name, body in {"paths": PATHS, "a": FOOTER, "b": FOOTER, "c": FOOTER}.items():
        page = f"<!doctype html><body>{body}<script>{SCRIPT}</script>"
        (tmp_path / f"{name}.html").write_text(page, encoding="utf-8")
    # From a file, the browser may end the old page before it keeps the choice.
    with served(tmp_path) as (address, _):
        yield address


@pytest.mark.browser
def test_a_reader_who_chose_a_path_is_led_along_it(book, browser):
    def footer():
        links = browser.find_elements("css selector", ".prev-next-area a")
        return [(one.text, one.get_attribute("href").split("/")[-1]) for one in links]

    def arrive(page):  # a click may return before the page is there
        state = "return location.pathname.split('/').pop() + ' ' + document.readyState"
        wait(browser, lambda: browser.execute_script(state) == f"{page} complete")

    browser.get(f"{book}b.html")
    assert footer() == [("a", "a.html"), ("c", "c.html")]  # no path is chosen
    browser.get(f"{book}paths.html")
    browser.find_element("link text", "Second page").click()
    arrive("b.html")
    back, on = footer()
    assert back == ("previous (One hour, step 1 of 2)\nAll reading paths", "paths.html")
    assert on == ("next (One hour, step 1 of 2)\nThird", "c.html")
    browser.find_element("css selector", ".right-next").click()
    arrive("c.html")
    assert [address for _, address in footer()] == ["b.html", "paths.html"]
    browser.get(f"{book}a.html")  # no step of the path
    assert footer() == [("a", "a.html"), ("c", "c.html")]
    browser.execute_script("sessionStorage.clear()")
