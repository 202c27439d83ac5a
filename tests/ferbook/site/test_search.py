"""What readers look for is found: words, names of methods, a claim's figure."""

import pytest
from small_ledgers import real_ledger
from widget_pages import find_all

from ferbook.site.search import searched, without_index


def test_every_claim_can_be_searched_for():
    found = searched(real_ledger())
    assert len({one["id"] for one in found}) == len(real_ledger().select(None, None))
    (beta,) = [one for one in found if one["id"] == "ramn.fer2013.beta_omega.accuracy"]
    assert beta["paper"] == "RAMN"
    assert beta["printed"] and beta["says"] and beta["answer"]


def test_other_pages_do_not_load_the_index():
    kept = '<script src="../_static/scripts/bootstrap.js"></script>'
    tools = ("_static/searchtools.js", "_static/language_data.js", "searchindex.js")
    lines = [f'    <script src="../{name}"></script>' for name in tools]
    assert without_index("\n".join([kept, *lines])) == kept


def ask(browser, site, words):
    """Links to pages and to claims, once the search has ended."""
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(f"{(site / 'search.html').as_uri()}?q={words}")
    ended = "return document.querySelector('.search-summary')?.textContent"
    told = ("Search finished", "did not match")
    WebDriverWait(browser, 30).until(
        lambda b: any(one in (b.execute_script(ended) or "") for one in told)
    )
    links = [
        find_all(browser, place) for place in ("ul.search li a", ".found-claims a")
    ]
    return [[one.get_dom_attribute("href") for one in found] for found in links]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.xdist_group("site")
class TestSearchPage:
    @pytest.mark.parametrize(
        ("words", "page"),
        [
            ("diversity", "notebooks/06_diversified_esr.html"),
            ("Grad-CAM", "notebooks/11_explanations.html"),
            ("occlusion", "notebooks/03_deep_emotion.html"),
        ],
    )
    def test_it_finds_chapters(self, site, browser, words, page):
        pages, _ = ask(browser, site, words)
        assert any(address.startswith(page) for address in pages)

    def test_it_finds_a_claim_by_its_figure_and_its_name(self, site, browser):
        address = "book/ledger.html#ramn.fer2013.beta_omega.accuracy"
        for words in ("75.14 RAMN FER2013", "ramn.fer2013.beta_omega.accuracy"):
            assert address in ask(browser, site, words)[1]

    def test_it_says_nothing_of_claims_where_none_is_meant(self, site, browser):
        assert ask(browser, site, "troubleshooting")[1] == []
