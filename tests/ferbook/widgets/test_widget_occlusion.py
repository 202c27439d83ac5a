"""The occlusion explorer: against covering by hand, driven, and with a kernel."""

import matplotlib
import numpy as np
import pytest
from planted_explorers import SIDE, SQUARED, WEIGHED, WINDOWS, said_under
from selenium.webdriver.common.keys import Keys
from widget_pages import (
    answer_all,
    call,
    find,
    find_all,
    no_faults,
    picture_of,
    put,
    start_live,
    texts,
    told,
)

from fer_lib.errors import FerError
from fer_lib.explain.drawing.colours import DIVERGING, SEQUENTIAL
from fer_lib.explain.occlusion import FILLS, pixel_means, window_starts
from ferbook.widgets import occlusion_explorer

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@pytest.fixture(scope="module")
def widget(explorers):
    return explorers("occlusion")


def unpacked(text):
    """Numbers of pairs of letters, by looking each up."""
    pairs = [text[k : k + 2] for k in range(0, len(text), 2)]
    return [64 * LETTERS.index(a) + LETTERS.index(b) for a, b in pairs]


def grid_of(widget, face, window):
    """Per mille ``[rows, columns, classes]`` that a widget has for the page."""
    found = np.array(unpacked(widget.data["grids"][WINDOWS.index(window)][face]))
    rows = len(window_starts(SIDE, window, 2))
    return found.reshape(rows, rows, -1)


def test_the_grid_holds_what_is_said_of_every_covered_face(widget):
    assert widget.data["strides"] == [2, 4, 8]
    labels = set()
    for window in WINDOWS:
        starts = window_starts(SIDE, window, 2)
        for face, image in enumerate(SQUARED):
            found = grid_of(widget, face, window)
            for row, column in np.ndindex(*found.shape[:2]):
                place = starts[row], starts[column]
                shares = said_under(WEIGHED, image, *place, window)
                told = found[row, column]
                assert np.abs(told - 1000 * shares).max() <= 1.5
                assert told.argmax() == shares.argmax()
            labels |= {(face, k) for k in found.argmax(-1).ravel()}
    assert len(labels) > 2  # squares change labels, or the test shows nothing
    plain = widget.data["plain"][1]
    assert np.abs(plain - 1000 * said_under(WEIGHED, SQUARED[1])).max() <= 1.5


def test_windows_are_shares_of_the_side():
    assert occlusion_explorer(WEIGHED, [], []).data["windows"] == [4, 8, 12]
    with pytest.raises(FerError, match="do not fit a side of 36"):
        occlusion_explorer(WEIGHED, [], [], windows=[37])


@pytest.mark.parametrize("fill", FILLS)
def test_the_kernel_says_what_is_under_any_square(widget, fill):
    places = [[0, 0], [3, 17], [36 - 11, 36 - 11], [8, 1]]
    asked = {"face": 1, "window": 11, "fill": fill, "places": places}
    answer = widget.answered(asked)
    found = np.reshape(unpacked(answer["probabilities"]), (4, -1))
    for shares, place in zip(found, places, strict=True):
        expected = said_under(WEIGHED, SQUARED[1], *place, 11, fill)
        assert np.abs(shares - 1000 * expected).max() <= 1.5
    shown = picture_of(answer["filling"])
    assert shown.shape == (SIDE, SIDE) and (shown.max() == 0) == (fill == "zero")


WRONG = [{"face": 3}, {"face": -1}, {"face": 1.0}, {"window": 0}, {"window": 37}]
WRONG += [{"window": "5"}, {"fill": "white"}, {"places": []}, {"places": [[0, 32]]}]
WRONG += [
    {"places": one} for one in ([[-1, 0]], [[0.5, 0]], [[0, 0, 0]], 65 * [[0, 0]])
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_question_outside_the_face_is_refused(widget, wrong):
    asked = {"face": 0, "window": 5, "fill": "zero", "places": [[0, 31]]}
    assert "error" not in widget.answered(asked)
    told = widget.answered(asked | wrong)["error"]
    assert "expected up to 64 that lie inside 36 pixels" in told


@pytest.mark.browser
class TestWhatThePageComputes:
    def test_places_of_squares_are_the_librarys(self, browser):
        points = [[s, w, d] for s in (9, 36, 48) for w in (1, 4, 9) for d in (1, 2, 5)]
        found = call(browser, "occlusion", "windowStarts", points)
        assert found == [window_starts(*point).tolist() for point in points]
        points = [[[0, 2, 5], at] for at in (-3, 0.9, 1.1, 3.6, 99)]
        assert call(browser, "occlusion", "nearest", points) == [0, 0, 1, 2, 2]

    def test_maps_are_the_librarys_where_all_squares_are_seen(self, browser):
        draw = np.random.default_rng(0)
        for side, window, stride in [(9, 3, 2), (12, 4, 3), (10, 10, 1)]:
            starts = window_starts(side, window, stride).tolist()
            values = draw.normal(size=(len(starts), len(starts)))
            point = [values.ravel().tolist(), starts, window, side]
            (found,) = call(browser, "occlusion", "pixelMeans", [point])
            expected = pixel_means(values, (side, side), window, stride)
            np.testing.assert_allclose(np.reshape(found, (side, side)), expected)

    def test_only_squares_that_were_seen_are_in_the_map(self, browser):
        # Squares of 2 at 0, 2 and 4: the middle one and the last are unseen.
        values = [1, 2, 3, 4, None, 6, 7, 8, None]
        (found,) = call(browser, "occlusion", "pixelMeans", [[values, [0, 2, 4], 2, 6]])
        squares = np.array(values, object).reshape(3, 3)
        assert found == squares.repeat(2, 0).repeat(2, 1).ravel().tolist()


@pytest.mark.browser
def test_a_drag_goes_over_every_square_between(browser):
    points = [[7, 7, 5], [0, 4, 5], [2, 22, 5], [0, 24, 5], [0, 11, 5], [24, 0, 5]]
    found = call(browser, "occlusion", "path", points)
    straight = [[7], [0, 1, 2, 3, 4], [2, 7, 12, 17, 22], [0, 6, 12, 18, 24]]
    assert found[:4] == straight and found[5] == straight[3][::-1]
    assert found[4] == [0, 6, 11]  # a knight's move: one square a step


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
    return find(browser, "[role=slider]")


def place(browser):
    return square(browser).get_attribute("aria-valuetext")


def ends_of_scale(browser):
    return find(browser, ".w-ends").text.split()


def map_of(browser):
    """RGBA of the map that the occlusion explorer shows."""
    picture = find(browser, ".w-third:nth-child(3) image:nth-of-type(2)")
    return picture_of(picture.get_dom_attribute("href"))


def coloured(means, name, low, high):
    """RGB 0 to 255 of a map, by matplotlib."""
    return 255 * matplotlib.colormaps[name]((means - low) / (high - low))[..., :3]


@pytest.mark.browser
class TestDriven:
    NAME = "occlusion"

    @pytest.mark.parametrize(
        ("face", "window", "top", "left", "target"),
        [(0, 5, 0, 0, None), (1, 9, 27, 4, 2), (2, 5, 31, 31, 0)],
    )
    def test_what_is_said_is_the_grid(
        self, browser, opened, widget, face, window, top, left, target
    ):
        watched = "said" if target is None else target
        link = f"face:{face};window:{window};stride:2;at:{left},{top}"
        opened(f"{link};target:{watched}")
        assert said_of(widget, face, window, top, left, target) in told(browser)
        now = grid_of(widget, face, window)[(top + 1) // 2, (left + 1) // 2]
        before = widget.data["plain"][face]
        cells = np.reshape(texts(browser, ".w-third tbody td"), (-1, 3))
        expected = [
            [f"{x / 10:.1f} %" for x in both] for both in zip(before, now, strict=True)
        ]
        assert cells[:, :2].tolist() == expected
        marks = find_all(browser, ".w-both span")
        drawn = [one.get_dom_attribute("style") for one in marks]
        assert drawn[::2] == [f"width: {x / 10:g}%" for x in now]
        assert drawn[1::2] == [f"left: {x / 10:g}%" for x in before]

    @pytest.mark.parametrize("reading", ["drop", "flip"])
    def test_the_whole_map_is_the_librarys(self, browser, opened, widget, reading):
        opened(f"face:1;window:9;target:2;reading:{reading}")
        button = find(browser, "button")
        square(browser).send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
        assert "3 of 225 squares seen" in told(browser)
        square(browser).send_keys(Keys.SHIFT, Keys.ARROW_UP)
        assert "8 of 225 squares seen" in told(browser)
        first = ends_of_scale(browser)
        button.click()
        assert "whole:1" in browser.current_url and "again" in button.text
        assert "225 of 225 squares seen" in told(browser)
        found, before = grid_of(widget, 1, 9), widget.data["plain"][1][2]
        drops, flips = (before - found[..., 2]) / 10, found.argmax(-1) != 2
        reach = np.abs(drops).max()
        values, name, low, high, ends = {
            "flip": (flips, SEQUENTIAL, 0, 1, ["0", "1"]),
            "drop": (
                drops,
                DIVERGING,
                -reach,
                reach,
                [f"−{reach:.1f}", f"+{reach:.1f}"],
            ),
        }[reading]
        means = pixel_means(values.astype(float), (SIDE, SIDE), 9, 2)
        assert np.ptp(means) > 0.3 * (high - low)
        shown = map_of(browser)
        assert shown[..., 3].min() == 255
        assert np.abs(shown[..., :3] - coloured(means, name, low, high)).max() < 6
        assert first == ends_of_scale(browser) == ends  # colours stay as it fills
        button.click()
        assert "1 of 225 squares seen" in told(browser)


@pytest.mark.browser
class TestWithAKernel:
    @pytest.fixture(autouse=True)
    def started(self, browser, widget):
        start_live(browser, widget)

    def test_any_square_is_asked_for_and_shown(self, browser, widget):
        assert not answer_all(browser, widget)  # the page knows this one
        put(browser, window=11, fill="mean")
        assert "the kernel is asked" in told(browser)
        first, second = answer_all(browser, widget)
        assert (first["fill"], second["fill"]) == ("zero", "mean")
        shares = said_under(WEIGHED, SQUARED[0], *second["places"][0], 11, "mean")
        said = widget.data["classes"][shares.argmax()]
        assert f"read as {said} ({100 * shares.max():.1f}" in told(browser)
        view = find(browser, ".w-place svg image").get_dom_attribute("href")
        assert np.abs(picture_of(view) - SQUARED[0].mean()).max() <= 1
        no_faults(browser)

    def test_a_late_answer_changes_nothing_and_a_refusal_is_told(self, browser, widget):
        put(browser, window=3)
        (question,) = browser.execute_script("return window.questions")
        answer = "window.answer(arguments[0])"
        browser.execute_script(answer, widget.answered(question) | {"number": 2})
        assert "the kernel is asked" in told(browser)
        refused = {"error": "no such face.", "number": question["number"]}
        browser.execute_script(answer, refused)
        assert "no such face." in find(browser, ".w-error").text
