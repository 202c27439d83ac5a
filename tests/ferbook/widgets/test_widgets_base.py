"""What all widgets have: one file without loading, state, print, errors."""

import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from selenium.webdriver.common.by import By
from widget_pages import no_faults, open_page, put, told, write_page

from fer_lib.errors import FerError
from ferbook.show.tables import Table
from ferbook.widgets import Widget, base, collaborative_explorer, region_loss_explorer

BOTH = (region_loss_explorer(), collaborative_explorer())
NOTHING = Table("nothing", ("a",), (("b",),))


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page") / "both.html", *BOTH)


@pytest.mark.parametrize("widget", BOTH, ids=lambda widget: widget.name)
def test_a_widget_is_one_piece_of_html_that_loads_nothing(widget):
    page = BeautifulSoup(widget.html(), "html.parser")
    assert not page.select("[src], [href], link")
    assert "import {" not in page.script.string
    names = re.findall(r"https?://[^\s\"']+", widget.html())
    assert set(names) == {"http://www.w3.org/2000/svg"}
    assert page.select_one("div.fer-widget .w-fallback table caption")


def test_data_can_not_end_the_script_that_they_stand_in():
    widget = replace(BOTH[0], data={"text": "</script><b>out</b>"})
    page = BeautifulSoup(widget.html(), "html.parser")
    assert len(page.select("script")) == 1 and not page.select("b")


def test_a_widget_that_is_too_large_is_refused():
    widget = replace(BOTH[0], data={"text": "x" * base.MOST})
    with pytest.raises(FerError, match=r"region_loss: \d+,\d+ bytes, expected 300,000"):
        widget.html()


def test_a_module_without_the_shared_part_is_refused(monkeypatch):
    monkeypatch.setattr(base, "_read", lambda name: "export default 1;")
    with pytest.raises(FerError, match=r"lonely\.js: 0 imports"):
        base.module_source("lonely")


def test_only_a_widget_that_asks_the_kernel_becomes_an_anywidget(monkeypatch):
    pytest.importorskip("anywidget")
    monkeypatch.setenv("JPY_SESSION_NAME", "notebook.ipynb")
    view = "application/vnd.jupyter.widget-view+json"
    assert set(BOTH[0]._repr_mimebundle_()) == {"text/plain", "text/html"}
    asking = replace(BOTH[0], answer=lambda asked: asked)
    data, _ = asking._repr_mimebundle_()
    assert view in data and "text/html" in data
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert view not in asking._repr_mimebundle_()


def test_an_error_in_the_kernel_reaches_the_page_as_its_sentence():
    def refuse(asked):
        raise FerError("no face; choose another.")

    told = replace(BOTH[0], answer=refuse).answered({"number": 3})
    assert told == {"error": "no face; choose another.", "number": 3}


@pytest.mark.browser
class TestInABrowser:
    def test_settings_stand_in_the_address_and_come_back(self, browser, address):
        open_page(browser, address)
        put(browser, "region_loss", "beta", 0.3)
        put(browser, "collaborative", "omega", 1.5)
        put(browser, "collaborative", "normalise", True)
        link = browser.current_url
        first = told(browser, "region_loss"), told(browser, "collaborative")
        assert "asked is 0.300" in first[0] and "√ω is 1.22" in first[1]
        assert "w-region_loss=beta:0.3;" in link and "normalise:1" in link
        open_page(browser, link)
        assert (told(browser, "region_loss"), told(browser, "collaborative")) == first
        no_faults(browser)

    @pytest.mark.parametrize(
        "typed", ["beta:soup", "beta:", "beta:NaN", "gamma:1", "points:1,2", ":", ""]
    )
    def test_an_address_that_makes_no_sense_is_passed_over(
        self, browser, address, typed
    ):
        open_page(browser, f"{address}#w-region_loss={typed}&w-collaborative={typed}")
        assert "asked is 0.020" in told(browser, "region_loss")
        assert "1.41 apart, √ω is 1.73" in told(browser, "collaborative")
        no_faults(browser)

    def test_numbers_of_an_address_are_brought_into_range(self, browser, address):
        open_page(browser, f"{address}#w-region_loss=beta:7;whole:-1")
        assert "leads by 0.44" in told(browser, "region_loss")
        assert "asked for" in told(browser, "region_loss")
        no_faults(browser)

    def test_print_shows_the_table_and_no_controls(self, browser, address):
        open_page(browser, address)
        table = browser.find_element(By.CLASS_NAME, "w-fallback")
        controls = browser.find_element(By.CLASS_NAME, "w-controls")
        assert controls.is_displayed() and not table.is_displayed()
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        try:
            assert table.is_displayed() and not controls.is_displayed()
        finally:
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    def test_a_page_as_narrow_as_a_phone_does_not_scroll_sideways(
        self, browser, address
    ):
        open_page(browser, address, width=390)
        width = "return document.documentElement.scrollWidth"
        assert browser.execute_script(width) <= 390
        no_faults(browser)

    def test_every_control_has_a_name(self, browser, address):
        open_page(browser, address)
        for field in browser.find_elements(By.CSS_SELECTOR, "input, [role=slider]"):
            assert len(field.accessible_name) > 5

    def test_a_widget_that_raises_says_so(self, browser, tmp_path, monkeypatch):
        read = base._read
        raising = (
            'import { h, widget } from "./base.js";\n'
            'const main = widget("raising", ({ body }) => {\n'
            '  body.append(h("button", { onclick: () => body.nothing() }, "go"));\n'
            "});\n"
        )
        chosen = lambda name: raising if name == "raising.js" else read(name)  # noqa: E731
        monkeypatch.setattr(base, "_read", chosen)
        widget = Widget("raising", {}, "A widget that fails.", NOTHING)
        open_page(browser, write_page(tmp_path / "raising.html", widget))
        browser.find_element(By.TAG_NAME, "button").click()
        box = browser.find_element(By.CLASS_NAME, "w-error")
        assert "This widget failed: body.nothing is not a function" in box.text
        assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
