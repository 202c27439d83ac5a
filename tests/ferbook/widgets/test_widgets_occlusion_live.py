"""The occlusion explorer as a notebook starts it: the kernel answers."""

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from squares import SIDE, WINDOWS, a_run, coloured, faces, map_of, said_under
from widget_pages import answer_all, no_faults, picture_of, put, start_live, told

from fer_lib.explain.covering import pixel_means, window_starts
from fer_lib.explain.drawing.colours import DIVERGING
from ferbook.widgets import occlusion_explorer

pytestmark = pytest.mark.browser
NAME = "occlusion"


@pytest.fixture(scope="module")
def run():
    return a_run()


@pytest.fixture(scope="module")
def widget(run):
    return occlusion_explorer(run, faces(2), ["one", "two"], "Noise.", WINDOWS)


def test_any_square_is_asked_for_and_shown(browser, run, widget):
    start_live(browser, widget)
    assert not answer_all(browser, widget)  # the page knows this one
    put(browser, NAME, "window", 11)
    put(browser, NAME, "fill", "mean")
    assert "the kernel is asked" in told(browser, NAME)
    first, second = answer_all(browser, widget)
    assert (first["fill"], second["fill"]) == ("zero", "mean")
    left, top = second["places"][0][::-1]
    shares = said_under(run, faces(2)[0], top, left, 11, "mean")
    said = widget.data["classes"][shares.argmax()]
    assert f"read as {said} ({100 * shares.max():.1f}" in told(browser, NAME)
    view = browser.find_element(By.CSS_SELECTOR, ".w-place svg image")
    shown = picture_of(view.get_dom_attribute("href"))
    assert np.abs(shown - faces(1)[0].mean()).max() <= 1
    no_faults(browser)


def test_the_whole_map_comes_in_parts(browser, run, widget):
    start_live(browser, widget)
    put(browser, NAME, "window", 4)
    put(browser, NAME, "stride", 4)
    browser.find_element(By.TAG_NAME, "button").click()
    asked = answer_all(browser, widget)
    places = [tuple(place) for one in asked for place in one["places"]]
    starts = window_starts(SIDE, 4, 4).tolist()
    assert set(places) >= {(top, left) for top in starts for left in starts}
    assert max(len(one["places"]) for one in asked) == 64 and len(asked) == 3
    assert "81 of 81 squares seen" in told(browser, NAME)
    plain = said_under(run, faces(1)[0])
    values = np.array(
        [
            [said_under(run, faces(1)[0], top, left, 4) for left in starts]
            for top in starts
        ]
    )
    said = plain.argmax()
    drops = 100 * (plain[said] - values[..., said])
    reach = max(1, np.abs(drops).max())
    means = pixel_means(drops, (SIDE, SIDE), 4, 4)
    expected = coloured(means, DIVERGING, -reach, reach)
    assert np.abs(map_of(browser)[..., :3] - expected).max() < 9


def test_an_answer_to_another_question_changes_nothing(browser, widget):
    start_live(browser, widget)
    put(browser, NAME, "window", 3)
    (question,) = browser.execute_script("return window.questions")
    late = widget.answered(question) | {"number": 2}
    browser.execute_script("window.answer(arguments[0])", late)
    assert "the kernel is asked" in told(browser, NAME)
    answer_all(browser, widget)
    assert "read as" in told(browser, NAME)


def test_a_refusal_is_told(browser, widget):
    start_live(browser, widget)
    put(browser, NAME, "window", 3)
    (question,) = browser.execute_script("return window.questions")
    refused = {"error": "no such face.", "number": question["number"]}
    browser.execute_script("window.answer(arguments[0])", refused)
    assert "no such face." in browser.find_element(By.CLASS_NAME, "w-error").text
