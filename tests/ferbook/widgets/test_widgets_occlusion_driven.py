"""The occlusion explorer driven by hand on a page."""

import numpy as np
import pytest
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.interaction import POINTER_TOUCH
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from squares import SIDE, WINDOWS, a_run, coloured, faces, grid_of, map_of
from widget_pages import (
    drag,
    no_faults,
    open_page,
    put,
    told,
    write_page,
)

from fer_lib.explain.covering import pixel_means, window_starts
from fer_lib.explain.drawing.colours import DIVERGING, SEQUENTIAL
from ferbook.widgets import occlusion_explorer

pytestmark = pytest.mark.browser
NAME = "occlusion"


@pytest.fixture(scope="module")
def widget():
    return occlusion_explorer(a_run(), faces(2), ["one", "two"], "Noise.", WINDOWS)


@pytest.fixture(scope="module")
def address(widget, tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page") / "occlusion.html", widget)


def said_of(widget, face, window, top, left, target=None):
    """What the page is to say of a square, of the grid's numbers."""
    before = np.array(widget.data["plain"][face])
    starts = window_starts(SIDE, window, 2).tolist()
    now = grid_of(widget, face, window)[starts.index(top), starts.index(left)]
    classes = widget.data["classes"]
    said, then = before.argmax(), now.argmax()
    target = said if target is None else target
    fall = before[target] - now[target]
    return (
        f"at left {left}, top {top}: read as {classes[then]} ({now[then] / 10:.1f} %"
        f"), without it as {classes[said]} ({before[said] / 10:.1f} %). "
        f"P({classes[target]}) {'rises' if fall < 0 else 'falls'} by "
        f"{abs(fall) / 10:.1f} points; the label "
        f"{'is' if then == target else 'is not'} {classes[target]}."
    )


def square(browser):
    return browser.find_element(By.CSS_SELECTOR, "[role=slider]")


def pixel(browser):
    """Pixels of the screen for one of the face."""
    script = "return document.querySelector('.w-place').getBoundingClientRect().width"
    return browser.execute_script(script) / SIDE


def ends_of_scale(browser):
    return browser.find_element(By.CLASS_NAME, "w-ends").text.split()


def test_what_is_said_is_the_grid(browser, address, widget):
    open_page(browser, address)
    for face, window, top, left, target in [
        (0, 5, 0, 0, None),
        (1, 9, 27, 4, 2),
        (2, 5, 31, 31, 0),
    ]:
        place = f"face:{face};window:{window};stride:2;at:{left},{top}"
        watched = "said" if target is None else target
        open_page(browser, f"{address}#w-{NAME}={place};target:{watched}")
        assert said_of(widget, face, window, top, left, target) in told(browser, NAME)
        now = grid_of(widget, face, window)[(top + 1) // 2, (left + 1) // 2]
        rows = browser.find_elements(By.CSS_SELECTOR, ".w-third tbody tr")
        for row, before, then in zip(
            rows, widget.data["plain"][face], now, strict=True
        ):
            cells = [cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
            assert cells[:2] == [f"{value / 10:.1f} %" for value in (before, then)]
            bar, mark = row.find_elements(By.CSS_SELECTOR, ".w-both span")
            assert bar.get_dom_attribute("style") == f"width: {then / 10:g}%"
            assert mark.get_dom_attribute("style") == f"left: {before / 10:g}%"
    no_faults(browser)


def test_arrow_keys_go_from_square_to_square_and_the_map_fills(browser, address):
    open_page(browser, f"{address}#w-{NAME}=window:5;stride:4;at:24,0")
    assert "1 of 81 squares seen" in told(browser, NAME)
    square(browser).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert square(browser).get_attribute("aria-valuetext") == "left 31, top 0 pixels"
    square(browser).send_keys(Keys.ARROW_LEFT)  # from the one moved back
    assert square(browser).get_attribute("aria-valuetext") == "left 28, top 0 pixels"
    square(browser).send_keys(Keys.SHIFT + Keys.ARROW_DOWN)
    assert "at:28,20;" in browser.current_url
    assert "4 of 81 squares seen" in told(browser, NAME)
    seen = map_of(browser)[..., 3] > 0
    expected = np.zeros((SIDE, SIDE), bool)
    expected[:5, 24:] = expected[20:25, 28:33] = True
    np.testing.assert_array_equal(seen, expected)
    put(browser, NAME, "face", 1)
    assert "1 of 81 squares seen" in told(browser, NAME)
    no_faults(browser)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_square_follows_the_pointer_and_a_tap(browser, address, width):
    open_page(browser, f"{address}#w-{NAME}=window:9;stride:2;at:2,4", width)
    step = pixel(browser)
    drag(browser, square(browser), round(12 * step), round(8 * step))
    assert square(browser).get_attribute("aria-valuetext") == "left 14, top 12 pixels"
    drag(browser, square(browser), round(17.5 * step) + 8, 0)  # out of the face
    assert square(browser).get_attribute("aria-valuetext") == "left 27, top 12 pixels"
    script = """const field = document.querySelector(".w-place");
    const box = field.getBoundingClientRect();
    field.dispatchEvent(new MouseEvent("click", { bubbles: true,
      clientX: box.left + box.width * 0.75, clientY: box.top + box.height * 0.25 }));"""
    browser.execute_script(script)  # the middle of the square at 27, 9
    assert square(browser).get_attribute("aria-valuetext") == "left 22, top 4 pixels"
    wide = "return document.documentElement.scrollWidth"
    assert browser.execute_script(wide) <= width
    no_faults(browser)


def test_a_finger_drags_the_square_and_not_the_page(browser, address):
    open_page(browser, f"{address}#w-{NAME}=window:9;stride:2;at:14,20", 390)
    script = "addEventListener('pointerdown', () => { window.before = scrollY; })"
    browser.execute_script(script)
    moves = ActionBuilder(browser, mouse=PointerInput(POINTER_TOUCH, "finger"))
    finger = moves.pointer_action
    finger.move_to(square(browser)).pointer_down()
    for _ in range(4):  # upwards, which would scroll the page down
        finger.move_by(0, -round(4 * pixel(browser)))
    finger.pointer_up()
    moves.perform()
    assert square(browser).get_attribute("aria-valuetext") == "left 14, top 4 pixels"
    assert browser.execute_script("return scrollY === window.before")
    no_faults(browser)


@pytest.mark.parametrize("reading", ["drop", "flip"])
def test_the_whole_map_is_the_librarys(browser, address, widget, reading):
    open_page(browser, f"{address}#w-{NAME}=face:1;window:9;target:2;reading:{reading}")
    button = browser.find_element(By.TAG_NAME, "button")
    square(browser).send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert "3 of 225 squares seen" in told(browser, NAME)
    first = ends_of_scale(browser)
    button.click()
    assert "whole:1" in browser.current_url and "again" in button.text
    assert "225 of 225 squares seen" in told(browser, NAME)
    found, before = grid_of(widget, 1, 9), widget.data["plain"][1][2]
    drops, flips = (before - found[..., 2]) / 10, found.argmax(-1) != 2
    reach = np.abs(drops).max()
    values, name, low, high = (
        (flips, SEQUENTIAL, 0, 1)
        if reading == "flip"
        else (drops, DIVERGING, -reach, reach)
    )
    means = pixel_means(values.astype(float), (SIDE, SIDE), 9, 2)
    assert np.ptp(means) > 0.3 * (high - low)
    shown = map_of(browser)
    assert shown[..., 3].min() == 255
    assert np.abs(shown[..., :3] - coloured(means, name, low, high)).max() < 6
    points = [f"−{reach:.1f}", f"+{reach:.1f}"]
    assert ends_of_scale(browser) == (points if reading == "drop" else ["0", "1"])
    assert first == ends_of_scale(browser)  # so that colours stay as it fills
    button.click()
    assert "1 of 225 squares seen" in told(browser, NAME)
    no_faults(browser)


def test_a_setting_that_the_page_lacks_is_passed_over(browser, address):
    for typed in ("window:7", "stride:3", "fill:blur", "at:1", "at:x,y", "face:9"):
        open_page(browser, f"{address}#w-{NAME}={typed}")
        assert "square of 9 x 9 pixels (black)" in told(browser, NAME)
        assert "Face one" in told(browser, NAME)
    no_faults(browser)
