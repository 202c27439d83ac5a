"""What every widget has: one file without loading, hands, state, print, errors."""

import re
from dataclasses import replace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from planted_explorers import EXPLORERS
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from widget_pages import find, find_all, no_faults, open_page, told, write_page

from fer_lib.errors import FerError
from ferbook.show.tables import Table
from ferbook.widgets import Widget, base, collaborative_explorer

FIELDS = "input, select, button, summary, [role=slider]"
SLIDERS, MARKS = "input[type=range]", "[role=slider]"
FINGER = 24  # pixels; what WCAG 2.2 asks of a target, criterion 2.5.8
WIDE = 390
SIMPLE = collaborative_explorer()
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module", params=EXPLORERS)
def name(request):
    return request.param


def test_a_widget_is_one_piece_of_html_that_loads_nothing(explorers, name):
    html = explorers(name).html()
    page = BeautifulSoup(html, "html.parser")
    assert not page.select("[src], [href], link")
    assert "import {" not in page.script.string
    addresses = re.findall(r"https?://[^\s\"']+", html)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}
    assert page.select_one("div.fer-widget .w-fallback table caption")


def test_data_can_not_end_the_script_that_they_stand_in():
    widget = replace(SIMPLE, data={"text": "</script><b>out</b>"})
    page = BeautifulSoup(widget.html(), "html.parser")
    assert len(page.select("script")) == 1 and not page.select("b")


def test_a_widget_that_is_too_large_is_refused():
    widget = replace(SIMPLE, data={"text": "x" * base.MOST})
    with pytest.raises(
        FerError, match=r"collaborative: \d+,\d+ bytes, expected 300,000"
    ):
        widget.html()


def test_only_a_widget_that_asks_the_kernel_becomes_an_anywidget(monkeypatch):
    pytest.importorskip("anywidget")
    monkeypatch.setenv("JPY_SESSION_NAME", "notebook.ipynb")
    assert set(SIMPLE._repr_mimebundle_()) == {"text/plain", "text/html"}
    asking = replace(SIMPLE, answer=lambda asked: asked)
    data, _ = asking._repr_mimebundle_()
    assert VIEW in data and "text/html" in data
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert VIEW not in asking._repr_mimebundle_()


def shown(browser, selector):
    return [one for one in find_all(browser, selector) if one.is_displayed()]


_SHOW = "arguments[0].scrollIntoView({ block: 'center' });"


def middle(browser, element):
    """Bring an element to the middle of the screen; its centre and sides."""
    script = (
        _SHOW
        + """const box = arguments[0].getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2, box.width, box.height];"""
    )
    return browser.execute_script(script, element)


TRIES = 5  # a browser without time to spare lets go of a touch, or lays out late
# A page that is still at work may take a first touch for a scroll.
_IDLE = """return new Promise((done) =>
    requestIdleCallback(() => setTimeout(done, 200), { timeout: 10000 }))"""


def settled(browser, element):
    """Where an element lies in the middle of the screen once nothing moves."""
    browser.execute_script(_SHOW, element)
    browser.execute_script(_IDLE)
    return middle(browser, element)


def load_touched(browser):
    """Load a page until it knows of touch: it learns of it at load, or misses it."""
    for _ in range(TRIES):
        browser.refresh()
        if browser.execute_script("return 'ontouchstart' in window"):
            break
    browser.execute_script(_IDLE)


def swipe(browser, start, by=(0, 0)):
    """Put a finger down, move it by pixels, lift it; how far the page scrolled."""
    scrolled = "return new Promise((done) => setTimeout(() => done(scrollY), 300))"
    before = browser.execute_script("return scrollY")
    places = [np.add(start, np.multiply(by, k / 8)) for k in range(9 if any(by) else 1)]
    for k, (x, y) in enumerate(places):
        touch = {"type": "touchMove" if k else "touchStart"}
        touch["touchPoints"] = [{"x": float(x), "y": float(y)}]
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", touch)
    lifted = {"type": "touchEnd", "touchPoints": []}
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", lifted)
    return browser.execute_script(scrolled) - before


def value_of(slider):
    return float(slider.get_attribute("value"))


@pytest.mark.browser
class TestOnAPhone:
    @pytest.fixture
    def phone(self, browser, address_of, name):
        """The page on a phone whose screen is touched."""
        open_page(browser, address_of(name), width=WIDE)
        touching = "Emulation.setTouchEmulationEnabled"
        browser.execute_cdp_cmd(touching, {"enabled": True, "maxTouchPoints": 1})
        load_touched(browser)
        yield browser
        browser.execute_cdp_cmd(touching, {"enabled": False})
        no_faults(browser)

    def test_a_finger_moves_sliders_and_marks_and_the_page_stays(self, phone, name):
        for index in range(len(shown(phone, SLIDERS))):
            for _ in range(TRIES):
                slider = shown(phone, SLIDERS)[index]
                low, high, step = (
                    float(slider.get_attribute(key)) for key in ("min", "max", "step")
                )
                value = value_of(slider)
                way = 60 if value < (low + high) / 2 else -60
                x, y, width, _ = settled(phone, slider)
                thumb = x + ((value - low) / (high - low) - 0.5) * (width - 16)
                assert swipe(phone, (thumb, y), (way, 0)) == 0
                moved = value_of(slider) - value
                if moved:
                    break
                load_touched(phone)
            expected = way / (width - 16) * (high - low)
            assert moved == pytest.approx(expected, abs=1.5 * step)
        for index in range(len(shown(phone, MARKS))):
            for _ in range(TRIES):
                mark = shown(phone, MARKS)[index]
                x, y, *_ = settled(phone, mark)
                way = (-30 if x > WIDE / 2 else 30, -20)
                scrolled = phone.execute_script("return scrollY")
                assert swipe(phone, (x, y), way) == 0
                box = mark.rect
                place = (
                    box["x"] + box["width"] / 2,
                    box["y"] + box["height"] / 2 - scrolled,
                )
                if not np.allclose(place, (x, y), atol=1):
                    break
                load_touched(phone)
            # Squares and frames go from place to place.
            near = 20 if name in ("occlusion", "frame") else 1.5
            np.testing.assert_allclose(np.subtract(place, (x, y)), way, atol=near)

    def test_targets_are_large_and_a_swipe_over_a_picture_scrolls(self, phone):
        for target in shown(phone, FIELDS):
            *_, width, height = middle(phone, target)
            assert len(target.accessible_name) > 1
            about = target.get_attribute("outerHTML")[:80]
            assert min(width, height) >= FINGER, about
        for picture in shown(phone, "svg[role=img]")[:1]:
            x, y, width, height = middle(phone, picture)
            corner = (x - width / 2 + 60, y - height / 2 + 20)  # no mark lies there
            if not picture.find_elements(By.CSS_SELECTOR, "[role=slider] rect"):
                assert swipe(phone, corner, (0, -100)) > 40


@pytest.mark.browser
class TestOnAPage:
    def test_tab_reaches_every_target_in_the_order_of_the_page(
        self, browser, address_of, name
    ):
        open_page(browser, address_of(name))
        ringed = """const look = (one) => one ? getComputedStyle(one) : {};
        return look(arguments[0]).outlineStyle === "solid"
          || look(arguments[0].querySelector("rect")).strokeWidth === "7px";"""
        targets, reached = shown(browser, f"{FIELDS}, a[href]"), []
        for _ in range(len(targets)):
            ActionChains(browser).send_keys(Keys.TAB).perform()
            reached.append(browser.switch_to.active_element)
            assert browser.execute_script(ringed, reached[-1])
        assert reached == targets
        no_faults(browser)

    def test_keys_alone_change_every_field_and_a_link_brings_it_back(
        self, browser, address_of, name
    ):
        open_page(browser, address_of(name))
        for slider in shown(browser, SLIDERS):
            for key, end in ((Keys.HOME, "min"), (Keys.END, "max")):
                slider.send_keys(key)
                assert slider.get_attribute("value") == slider.get_attribute(end)
            slider.send_keys(Keys.ARROW_LEFT)
            low, step = (float(slider.get_attribute(key)) for key in ("max", "step"))
            assert value_of(slider) == pytest.approx(low - step)
            assert f"{slider.get_dom_attribute('data-key')}:{low - step:g}" in (
                browser.current_url
            )
        for menu in shown(browser, "select"):
            if menu.get_attribute("value") != "photo":
                menu.send_keys(Keys.ARROW_DOWN)
            where = menu.get_dom_attribute("data-key")
            assert f"{where}:{menu.get_attribute('value')}" in browser.current_url
        for box in shown(browser, "input[type=checkbox]"):
            box.send_keys(" ")
            where = box.get_dom_attribute("data-key")
            assert f"{where}:{int(box.is_selected())}" in browser.current_url
        for mark in shown(browser, "[role=slider]"):
            before = mark.get_attribute("aria-valuetext")
            mark.send_keys(Keys.ARROW_LEFT)
            assert mark.get_attribute("aria-valuetext") != before
        link, said = browser.current_url, told(browser)
        no_faults(browser)
        open_page(browser, link)
        seen = r"\d+ of \d+ squares seen"  # is no part of a link
        assert re.sub(seen, "", told(browser)) == re.sub(seen, "", said)

    @pytest.mark.parametrize("typed", ["{}:soup", "{}:", "{}:NaN", "gone:1", ":", ""])
    def test_an_address_that_makes_no_sense_is_passed_over(
        self, browser, address_of, name, typed
    ):
        open_page(browser, address_of(name))
        said = told(browser)
        for field in shown(browser, "[data-key]:not([type=search])"):
            place = typed.format(field.get_dom_attribute("data-key"))
            browser.execute_script(f"location.hash = 'w-{name}={place};points:1,2'")
            assert told(browser) == said
        no_faults(browser)

    def test_dark_pages_are_dark_and_print_shows_the_table_and_no_controls(
        self, browser, address_of, name
    ):
        open_page(browser, address_of(name, "dark"))
        colour = "return getComputedStyle(arguments[0])[arguments[1]]"
        for selector, key in ((".w-told", "color"), ("svg text", "fill")):
            for one in find_all(browser, selector)[:1]:
                assert browser.execute_script(colour, one, key) == "rgb(221, 221, 221)"
        table, controls = find(browser, ".w-fallback"), find(browser, ".w-controls")
        assert controls.is_displayed() and not table.is_displayed()
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        try:
            assert table.is_displayed() and not controls.is_displayed()
        finally:
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        no_faults(browser)

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
        nothing = Table("nothing", ("a",), (("b",),))
        widget = Widget("raising", {}, "A widget that fails.", nothing)
        open_page(browser, write_page(tmp_path / "raising.html", widget))
        find(browser, "button").click()
        box = find(browser, ".w-error").text
        assert "This widget failed: body.nothing is not a function" in box
        assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
