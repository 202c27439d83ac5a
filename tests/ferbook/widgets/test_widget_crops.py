"""The crop explorer against the network itself, and driven on a page."""

import base64

import numpy as np
import pytest
import torch
from PIL import Image
from planted_explorers import attentive_ramn, noise
from selenium.webdriver.support.ui import WebDriverWait
from widget_pages import find, find_all, no_faults, open_page, put, texts, told

from fer_lib.crops import crop_boxes
from fer_lib.errors import FerError
from fer_lib.models import build
from ferbook.widgets import crops


@pytest.fixture(scope="module")
def network():
    return attentive_ramn()


@pytest.fixture(scope="module")
def widget(explorers):
    return explorers("crops")


def test_the_grid_holds_what_the_network_says_with_its_own_boxes(network, widget):
    grid, image = widget.data["network"], noise(2, 48)[1:]
    for count, scale in [(5, 1.0), (10, 0.7), (7, 1.2)]:
        own = build("ramn", preset="smoke", crops=count, crop_scale=scale).eval()
        own.load_state_dict(network.state_dict())
        with torch.inference_mode():
            out = own(own.input(image))
        at, of = crops.SCALES.index(scale), crops.NUMBERS.index(count)
        told = {"weights": out.weights, "probabilities": out.logits.softmax(1)}
        for name, expected in told.items():
            np.testing.assert_allclose(grid[name][at][1][of], expected[0], atol=6e-5)
    assert np.ptp(grid["weights"][0][1][-1]) > 0.01  # or the test shows nothing
    at = crops.SCALES.index(1.0)
    assert widget.data["boxes"][at][: len(network.boxes)] == network.boxes.tolist()


@pytest.mark.parametrize(("scale", "count"), [(1.0, 4), (0.7, 5), (1.2, 9)])
def test_areas_are_those_of_marking_pixels(scale, count):
    size, seen = 40, np.zeros((40, 40), int)
    for left, top, right, bottom in crop_boxes(count, size, scale=scale)[1:].tolist():
        seen[top:bottom, left:right] += 1
    expected = [(seen > 0).mean(), (seen == count).mean(), seen.mean()]
    np.testing.assert_allclose(crops.shared_areas(scale, count, size), expected)


def question(image, scale=1.0):
    pixels = base64.b64encode(image.tobytes()).decode()
    return {"scale": scale, "side": len(image), "pixels": pixels}


def test_the_kernel_reads_a_photograph_as_the_grid_reads_a_face(widget):
    # Grey, so that red, green and blue weigh the same.
    said = widget.answered(question(np.repeat(noise(2, 48)[0, 0, ..., None], 3, 2)))
    grid = widget.data["network"]["probabilities"][crops.SCALES.index(1.0)][0]
    found = said["answers"]
    assert [len(one["weights"]) - 1 for one in found] == list(crops.NUMBERS)
    for one, expected in zip(found, grid, strict=True):
        np.testing.assert_allclose(one["probabilities"], expected, atol=1e-3)


def test_a_question_outside_the_page_is_refused(widget):
    image = np.zeros((8, 8, 3), np.uint8)
    wrong = question(image) | {"side": 9}
    for asked in (question(image, 3.0), wrong, {}):
        assert "expected settings" in widget.answered(asked)["error"]
    with pytest.raises(FerError, match=r"crop explorer: asked for scale 3.0"):
        widget.answer(question(image, 3.0))


@pytest.mark.browser
class TestInABrowser:
    @pytest.fixture(autouse=True)
    def opened(self, browser, address_of):
        open_page(browser, f"{address_of('crops')}#w-crops=count:9;scale:0.85", 390)
        yield
        no_faults(browser)

    def test_what_is_said_is_the_grid(self, browser, widget):
        grid = widget.data["network"]
        for face, count, scale in [(0, 4, 0.7), (1, 10, 0.95), (2, 7, 1.2)]:
            put(browser, face=face, count=count, scale=scale)
            at, of = crops.SCALES.index(scale), crops.NUMBERS.index(count)
            weights = [f"{one:.3f}" for one in grid["weights"][at][face][of]]
            shown = filter(None, texts(browser, "[data-region]"))
            assert [one.split()[-1] for one in shown] == weights
            shares = grid["probabilities"][at][face][of]
            best = grid["classes"][int(np.argmax(shares))]
            covered, shared, mean = widget.data["areas"][at][of]
            text = told(browser)
            assert f"says {best}, {100 * max(shares):.1f} %" in text
            assert f"{100 * covered:.1f} % of the face; {100 * shared:.1f} %" in text
            assert f"in {mean:.2f} of them" in text
            every = grid["probabilities"][at][face]
            words = [grid["classes"][int(np.argmax(one))] for one in every]
            assert texts(browser, ".w-answers strong") == words
            numbers = [f"{100 * max(one):.1f} %" for one in every]
            shown = texts(browser, ".w-answers button")
            assert [one.splitlines()[-1] for one in shown] == numbers
        find(browser, "[data-count='4']").click()
        assert told(browser).startswith("4 sub-images cover")

    def test_an_own_photograph_stays_in_the_browser(self, browser, tmp_path):
        Image.new("RGB", (300, 200), (200, 30, 30)).save(tmp_path / "me.png")
        browser.get_log("performance")
        find(browser, "input[type=file]").send_keys(str(tmp_path / "me.png"))
        said = "never leaves your machine"
        WebDriverWait(browser, 10).until(lambda b: said in find(b, ".w-note").text)
        assert "The network says" not in told(browser)
        assert not find_all(browser, ".w-answers button")
        log = [entry["message"] for entry in browser.get_log("performance")]
        asked = [entry for entry in log if "requestWillBeSent" in entry]
        assert not [entry for entry in asked if '"http' in entry]
        assert "face:photo" in browser.current_url


@pytest.mark.browser
def test_a_file_that_is_no_picture_is_refused(browser, address_of, tmp_path):
    open_page(browser, address_of("crops"))
    (tmp_path / "me.png").write_text("no picture")
    find(browser, "input[type=file]").send_keys(str(tmp_path / "me.png"))
    WebDriverWait(browser, 10).until(lambda b: find_all(b, ".w-error"))
    told = find(browser, ".w-error").text
    assert "no picture that this browser can read" in told
