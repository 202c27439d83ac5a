"""The frame explorer: the page's grid against the networks, and dragged."""

import numpy as np
import pytest
from planted_explorers import framed
from selenium.webdriver.common.keys import Keys
from widget_pages import call, find, find_all, picture_of, put, texts, told

from fer_lib.evaluation.inference import probabilities
from ferbook.chapters.your_face.answers import side_for
from ferbook.chapters.your_face.frame import CROPS, REACH, SHIFTS
from ferbook.chapters.your_face.photograph import View


@pytest.fixture(scope="module")
def shown():
    return framed()


def said(shown, name, column, row, size):
    """Probabilities of one network in one frame, from the photograph."""
    networks, found = shown
    view = View(crop=CROPS[size], right=SHIFTS[column], down=SHIFTS[row])
    return probabilities(networks[name], found.see([view], side_for(networks)))[0]


@pytest.mark.browser
class TestDriven:
    NAME = "frame"

    def test_what_is_said_is_what_the_network_says_there(self, browser, opened, shown):
        for k, name in enumerate(shown[0]):
            for column, row, size in [(5, 5, 2), (0, 10, 4), (7, 2, 0)]:
                opened(f"network:{k};size:{size};at:{column},{row}", width=390)
                here = said(shown, name, column, row, size)
                straight = said(shown, name, 5, 5, 2)
                classes = shown[0][name].classes
                text = told(browser)
                for shares in (here, straight):
                    best = int(shares.argmax())
                    assert f"{classes[best]}, {100 * shares[best]:.0f}" in text
                cells = np.reshape(texts(browser, ".w-third tbody td"), (-1, 3))
                found = [float(one.split()[0]) for one in cells[:, 1]]
                np.testing.assert_allclose(found, 100 * here, atol=0.66)

    def test_the_map_counts_all_places(self, browser, opened, shown):
        opened("network:0;size:3")
        networks, _ = shown
        classes = networks["weighed"].classes
        rows = range(len(SHIFTS))
        expected = [
            classes[said(shown, "weighed", column, row, 3).argmax()]
            for row in rows
            for column in rows
        ]
        cells = find_all(browser, "rect[data-says]")
        assert [one.get_dom_attribute("data-says") for one in cells] == expected
        kept = expected.count(classes[said(shown, "weighed", 5, 5, 2).argmax()])
        assert f"in {kept} of {len(SHIFTS) ** 2} places" in told(browser)
        assert len(set(expected)) > 1  # or the test shows nothing

    def test_keys_move_the_frame_and_its_size_is_said(self, browser, opened):
        opened("")
        frame = find(browser, "[role=slider]")
        frame.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_UP, Keys.ARROW_UP)
        place = frame.get_attribute("aria-valuetext")
        assert place == "5 % of the side to the right, -10 % down"
        put(browser, size=4)
        assert "size:4;at:6,3" in browser.current_url


@pytest.mark.browser
def test_the_square_on_the_picture_is_what_the_network_sees(browser, shown, explorers):
    networks, found = shown
    data = explorers("frame").data
    wide = picture_of(data["image"])
    for crop, right, down in [(1.0, 0.0, 0.0), (0.8, 0.25, -0.2), (1.35, -0.1, 0.25)]:
        point = [crop, right, down, REACH, data["size"]]
        ((left, top, side),) = call(browser, "frame", "frameAt", [point])
        view = View(crop=crop, right=right, down=down)
        (seen,) = found.see([view], side_for(networks))
        scale = side / seen.shape[-1]
        at = np.round(scale * (np.arange(seen.shape[-1]) + 0.5) - 0.5).astype(int)
        rows, columns = (at + round(edge) for edge in (top, left))
        cut = wide[np.ix_(rows.clip(0, 191), columns.clip(0, 191))]
        assert np.corrcoef(cut.ravel(), seen.ravel())[0, 1] > 0.97
