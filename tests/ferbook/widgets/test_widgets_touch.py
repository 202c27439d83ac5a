"""Every widget by one finger on a phone, and by the keyboard alone."""

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from widget_pages import no_faults, open_page, write_page

from ferbook.widgets import collaborative_explorer, crop_explorer, region_loss_explorer

pytestmark = pytest.mark.browser
WIDGETS = {
    "crops": lambda: crop_explorer([], []),
    "region_loss": region_loss_explorer,
    "collaborative": collaborative_explorer,
}
FIELDS = "input, select, button, [role=slider]"
FINGER = 24  # pixels; what WCAG 2.2 asks of a target, criterion 2.5.8
WIDE = 390


@pytest.fixture(scope="module", params=WIDGETS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def address(name, tmp_path_factory):
    path = tmp_path_factory.mktemp("touch") / f"{name}.html"
    address = write_page(path, WIDGETS[name]())
    page = path.read_text("utf-8")  # so tall that there is always more to scroll
    path.write_text(page.replace("<body>", "<body>" + 40 * "<br>"), "utf-8")
    return address


@pytest.fixture
def phone(browser, address):
    """The page on a phone whose screen is touched."""
    open_page(browser, address, width=WIDE)
    touching = "Emulation.setTouchEmulationEnabled"
    browser.execute_cdp_cmd(touching, {"enabled": True, "maxTouchPoints": 1})
    browser.refresh()  # pages ask for it as they load
    yield browser
    browser.execute_cdp_cmd(touching, {"enabled": False})
    no_faults(browser)


def shown(browser, selector):
    found = browser.find_elements(By.CSS_SELECTOR, selector)
    return [one for one in found if one.is_displayed()]


def middle(browser, element):
    """Bring an element to the middle of the screen; its centre and sides."""
    script = """arguments[0].scrollIntoView({block: "center"});
    const box = arguments[0].getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2, box.width, box.height];"""
    return browser.execute_script(script, element)


def swipe(browser, start, by=(0, 0)):
    """Put a finger down, move it by pixels, lift it; how far the page scrolled."""
    scrolled = "return new Promise((done) => setTimeout(() => done(scrollY), 300))"
    before = browser.execute_script("return scrollY")
    places = [np.add(start, np.multiply(by, k / 8)) for k in range(9 if any(by) else 1)]
    for k, place in enumerate(places):
        point = [{"x": float(place[0]), "y": float(place[1])}]
        kind = "touchMove" if k else "touchStart"
        told = {"type": kind, "touchPoints": point}
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", told)
    lifted = {"type": "touchEnd", "touchPoints": []}
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", lifted)
    return browser.execute_script(scrolled) - before


def test_a_finger_moves_every_slider_and_the_page_stays(phone):
    for slider in shown(phone, "input[type=range]"):
        x, y, width, _ = middle(phone, slider)
        low, high, value = (
            float(slider.get_attribute(key)) for key in ("min", "max", "value")
        )
        thumb = x + ((value - low) / (high - low) - 0.5) * (width - 16)
        way = 60 if value < (low + high) / 2 else -60
        assert swipe(phone, (thumb, y), (way, 0)) == 0
        moved = float(slider.get_attribute("value")) - value
        expected = way / (width - 16) * (high - low)
        step = float(slider.get_attribute("step"))
        assert moved == pytest.approx(expected, abs=1.5 * step)


def test_a_finger_drags_every_mark_and_the_page_stays(phone):
    for mark in shown(phone, "[role=slider]"):
        x, y, _, _ = middle(phone, mark)
        way = (-30 if x > WIDE / 2 else 30, 20)
        assert swipe(phone, (x, y), way) == 0
        box = phone.execute_script(
            "const b = arguments[0].getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]",
            mark,
        )
        np.testing.assert_allclose(np.subtract(box, (x, y)), way, atol=1.5)


def test_a_tap_presses_buttons_and_check_boxes(phone):
    for button in shown(phone, "[data-region]")[1:]:
        x, y, _, _ = middle(phone, button)
        swipe(phone, (x, y))
        assert button.get_attribute("aria-pressed") == "true"
    for box in shown(phone, "input[type=checkbox]"):
        x, y, _, _ = middle(phone, box)
        before = box.is_selected()
        swipe(phone, (x, y))
        assert box.is_selected() != before


def test_a_swipe_over_a_picture_scrolls_the_page(phone):
    picture = shown(phone, "svg[role=img]")[0]
    x, y, width, height = middle(phone, picture)
    corner = (x - width / 2 + 60, y - height / 2 + 20)  # no mark lies there
    assert swipe(phone, corner, (0, 100)) < -40


def test_every_target_is_as_large_as_a_finger_needs(phone):
    targets = shown(phone, FIELDS)
    assert targets
    for target in targets:
        *_, width, height = middle(phone, target)
        about = target.get_attribute("outerHTML")[:80]
        assert min(width, height) >= FINGER, about


def test_tab_reaches_every_target_in_the_order_of_the_page(browser, address):
    open_page(browser, address)
    targets, reached = shown(browser, FIELDS), []
    for _ in range(len(targets)):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        focus = browser.switch_to.active_element
        line = "return getComputedStyle(arguments[0]).outlineStyle"
        assert browser.execute_script(line, focus) == "solid"
        reached.append(focus)
    assert reached == targets
    no_faults(browser)


def test_keys_alone_change_every_field(browser, address):
    open_page(browser, address)
    for slider in shown(browser, "input[type=range]"):
        for key, end in ((Keys.HOME, "min"), (Keys.END, "max")):
            slider.send_keys(key)
            assert slider.get_attribute("value") == slider.get_attribute(end)
        slider.send_keys(Keys.ARROW_LEFT)
        low = float(slider.get_attribute("max")) - float(slider.get_attribute("step"))
        assert float(slider.get_attribute("value")) == pytest.approx(low)
        assert stands_in_the_address(browser, slider, f"{low:g}")
    for menu in shown(browser, "select"):
        menu.send_keys(Keys.ARROW_DOWN)
        assert stands_in_the_address(browser, menu, menu.get_attribute("value"))
    for box in shown(browser, "input[type=checkbox]"):
        box.send_keys(" ")
        assert stands_in_the_address(browser, box, int(box.is_selected()))
    for mark in shown(browser, "[role=slider]"):
        before = mark.get_attribute("aria-valuetext")
        mark.send_keys(Keys.ARROW_LEFT)
        assert mark.get_attribute("aria-valuetext") != before
    no_faults(browser)


def stands_in_the_address(browser, field, value):
    return f"{field.get_attribute('data-key')}:{value}" in browser.current_url
