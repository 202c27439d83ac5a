"""The crop explorer against the network itself, and driven on a page."""

import base64

import numpy as np
import pytest
import torch
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from test_ramn_chapter import TINY, drawn_splits
from widget_pages import no_faults, open_page, put, told, write_page

from fer_lib.crops import crop_boxes
from fer_lib.errors import FerError
from ferbook.papers import ramn as recipe
from ferbook.runs.run import Run
from ferbook.widgets import crop_explorer, crops


@pytest.fixture(scope="module")
def run() -> Run:
    """An untrained RAMN whose attention differs from region to region."""
    config, splits = recipe.make_config("smoke", **TINY), drawn_splits()
    network = recipe.make_network(config, 7, seed=1).eval()
    with torch.no_grad():
        layer = network.attention.fc
        scores = layer(network.region_features(network.input(splits.test.images)))
        layer.weight /= scores.std()
        layer.bias.copy_((layer.bias - scores.mean()) / scores.std())
    return Run(network, config, splits, None)


@pytest.fixture(scope="module")
def widget(run):
    return crop_explorer(run.splits.test.images[:2], ["first", "second"], run, "Noise.")


@pytest.fixture(scope="module")
def address(widget, tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page") / "crops.html", widget)


def test_the_grid_holds_what_the_network_says_with_its_own_boxes(run, widget):
    grid, image = widget.data["network"], run.splits.test.images[1:2]
    for count, scale in [(5, 1.0), (10, 0.7), (7, 1.2)]:
        config = recipe.make_config("smoke", **TINY, crops=count, crop_scale=scale)
        network = recipe.make_network(config, 7, seed=1).eval()
        network.load_state_dict(run.network.state_dict())
        with torch.inference_mode():
            out = network(run.network.input(image))
        at = crops.SCALES.index(scale), 1, crops.NUMBERS.index(count)
        theta, said = (grid[key] for key in ("weights", "probabilities"))
        for table, expected in ((theta, out.weights), (said, out.logits.softmax(1))):
            found = table[at[0]][at[1]][at[2]]
            np.testing.assert_allclose(found, expected[0], atol=6e-5)
    assert np.ptp(grid["weights"][0][1][-1]) > 0.01  # or the test shows nothing


def test_boxes_are_those_of_the_network(run, widget):
    at = crops.SCALES.index(1.0)
    boxes = run.network.boxes.tolist()
    assert widget.data["boxes"][at][: len(boxes)] == boxes
    assert widget.data["size"] == run.network.input.size


@pytest.mark.parametrize(("scale", "count"), [(1.0, 4), (0.7, 5), (1.2, 9)])
def test_areas_are_those_of_marking_pixels(scale, count):
    size, seen = 40, np.zeros((40, 40), int)
    for left, top, right, bottom in crop_boxes(count, size, scale=scale)[1:].tolist():
        for y in range(top, bottom):
            for x in range(left, right):
                seen[y, x] += 1
    expected = [(seen > 0).mean(), (seen == count).mean(), seen.mean()]
    np.testing.assert_allclose(crops.shared_areas(scale, count, size), expected)


def test_without_a_network_the_boxes_remain():
    data = crop_explorer([], []).data
    assert data["network"] is None and len(data["boxes"]) == len(crops.SCALES)
    assert [face["title"] for face in data["faces"]] == ["astronaut"]


def question(image, count=5, scale=1.0):
    pixels = base64.b64encode(image.tobytes()).decode()
    return {"count": count, "scale": scale, "side": len(image), "pixels": pixels}


def test_the_kernel_reads_a_photograph_as_the_grid_reads_a_face(run, widget):
    face = run.splits.test.images[0, 0]
    # Grey, so that red, green and blue weigh the same.
    said = widget.answered(question(np.repeat(face[..., None], 3, 2)))
    grid = widget.data["network"]["probabilities"][crops.SCALES.index(1.0)][0]
    at = crops.NUMBERS.index(5)
    assert len(said["weights"]) == 6
    np.testing.assert_allclose(said["probabilities"], grid[at], atol=1e-3)


def test_a_question_outside_the_page_is_refused(widget):
    image = np.zeros((8, 8, 3), np.uint8)
    for asked in (question(image, 6), question(image, 5, 3.0), {}):
        assert "expected settings" in widget.answered(asked)["error"]
    with pytest.raises(FerError, match="crop explorer: asked for 6"):
        widget.answer(question(image, 6))


@pytest.mark.browser
class TestInABrowser:
    def test_what_is_said_is_the_grid(self, browser, address, widget):
        open_page(browser, address)
        grid = widget.data["network"]
        for face, count, scale in [(0, 4, 0.7), (1, 10, 0.95), (2, 7, 1.2)]:
            put(browser, "crops", "face", face)
            put(browser, "crops", "count", count)
            put(browser, "crops", "scale", scale)
            at, of = crops.SCALES.index(scale), crops.NUMBERS.index(count)
            weights = grid["weights"][at][face][of]
            shown = [
                button.text.replace("\n", " ").split()[-1]
                for button in browser.find_elements(By.CSS_SELECTOR, "[data-region]")
                if button.is_displayed()
            ]
            assert shown == [f"{weight:.3f}" for weight in weights]
            shares = grid["probabilities"][at][face][of]
            best = grid["classes"][int(np.argmax(shares))]
            covered, shared, mean = widget.data["areas"][at][of]
            text = told(browser, "crops")
            assert f"says {best}, {100 * max(shares):.1f} %" in text
            assert f"{100 * covered:.1f} % of the face; {100 * shared:.1f} %" in text
            assert f"in {mean:.2f} of them" in text
        no_faults(browser)

    def test_boxes_and_crops_show_the_same_places(self, browser, address, widget):
        open_page(browser, f"{address}#w-crops=count:9;scale:0.85")
        boxes = widget.data["boxes"][crops.SCALES.index(0.85)]
        views = browser.find_elements(By.CSS_SELECTOR, "[data-region] svg")
        for view, (left, top, right, bottom) in zip(views, boxes, strict=True):
            expected = f"{left} {top} {right - left} {bottom - top}"
            assert view.get_dom_attribute("viewBox") == expected
        frames = browser.find_elements(By.CSS_SELECTOR, "svg > rect")
        shown = [f.get_dom_attribute("visibility") == "visible" for f in frames]
        assert shown == [True] * 9 + [False]
        middle = (
            float(frames[4].get_dom_attribute("x"))
            + float(frames[4].get_dom_attribute("width")) / 2
        )
        assert middle == pytest.approx((boxes[5][0] + boxes[5][2]) / 2)
        no_faults(browser)

    def test_pressing_a_crop_points_at_its_box(self, browser, address):
        open_page(browser, address, width=390)
        region = browser.find_element(By.CSS_SELECTOR, '[data-region="5"]')
        browser.execute_script("arguments[0].scrollIntoView()", region)
        region.send_keys(" ")
        frames = browser.find_elements(By.CSS_SELECTOR, "svg > rect")
        strong = [frame.get_dom_attribute("opacity") == "1" for frame in frames]
        assert strong == [False] * 4 + [True] + [False] * 5
        assert "mark:5" in browser.current_url
        width = "return document.documentElement.scrollWidth"
        assert browser.execute_script(width) <= 390
        no_faults(browser)

    def test_an_own_photograph_stays_in_the_browser(self, browser, address, tmp_path):
        open_page(browser, address)
        Image.new("RGB", (300, 200), (200, 30, 30)).save(tmp_path / "me.png")
        field = browser.find_element(By.CSS_SELECTOR, "input[type=file]")
        browser.get_log("performance")
        field.send_keys(str(tmp_path / "me.png"))
        note = (By.CLASS_NAME, "w-note")
        said = lambda b: "never leaves your machine" in b.find_element(*note).text  # noqa: E731
        WebDriverWait(browser, 10).until(said)
        assert "The network says" not in told(browser, "crops")
        log = [entry["message"] for entry in browser.get_log("performance")]
        asked = [entry for entry in log if "requestWillBeSent" in entry]
        assert not [entry for entry in asked if '"http' in entry]
        assert "face:photo" in browser.current_url
        no_faults(browser)

    def test_a_file_that_is_no_picture_is_refused(self, browser, address, tmp_path):
        open_page(browser, address)
        (tmp_path / "me.png").write_text("no picture")
        field = browser.find_element(By.CSS_SELECTOR, "input[type=file]")
        field.send_keys(str(tmp_path / "me.png"))
        box = lambda b: b.find_elements(By.CLASS_NAME, "w-error")  # noqa: E731
        WebDriverWait(browser, 10).until(box)
        assert "no picture that this browser can read" in box(browser)[0].text
