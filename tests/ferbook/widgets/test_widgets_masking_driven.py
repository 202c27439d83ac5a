"""The masking explorer driven by hand on a page."""

import base64
import re

import matplotlib
import numpy as np
import pytest
from planted_masks import CHANNELS, FACES, SIDES, TITLES, a_run, by_kind, maps_of
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from widget_pages import call, no_faults, open_page, picture_of, put, told, write_page

from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.masking import MULTIPLES
from fer_lib.expressions import EXPRESSIONS
from ferbook.widgets import masking_explorer

pytestmark = pytest.mark.browser
NAME = "masking"


@pytest.fixture(scope="module")
def run():
    return a_run()


@pytest.fixture(scope="module")
def widget(run):
    return masking_explorer(run, FACES, TITLES, "Noise.")


@pytest.fixture(scope="module")
def direct(run):
    return by_kind(run)


@pytest.fixture(scope="module")
def address(widget, tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page") / "masking.html", widget)


def short(value):
    """As the page writes a number: three digits."""
    return f"{float(f'{value:.3g}'):g}"


def numbers(text, pattern):
    return [float(one) for one in re.search(pattern, text).groups()]


def legends(browser):
    found = browser.find_elements(By.CSS_SELECTOR, ".w-ends")
    return [one.text.split() for one in found]


def body_of(browser):
    return browser.find_element(By.CSS_SELECTOR, ".w-body").text


def test_numbers_of_a_map_are_unpacked(browser, widget):
    plane = widget.data["seen"]["softmax"]["blocks"][1]["planes"][1][3]
    (found,) = call(browser, NAME, "planeOf", [[plane]])
    for key, text in zip(("before", "mask", "after"), plane, strict=False):
        low, high = (plane[4], plane[5]) if key == "mask" else (0, plane[3])
        shares = np.frombuffer(base64.b64decode(text), np.uint8) / 255
        np.testing.assert_allclose(found[key], low + (high - low) * shares)
    assert found["means"] == plane[6:]


def test_bins_are_the_librarys(browser, widget):
    block = widget.data["seen"]["sigmoid"]["blocks"][3]
    point = [block, widget.data["edges"], widget.data["bins"]]
    (found,) = call(browser, NAME, "bars", [point])
    counts, first = np.array(block["counts"]), block["first"]
    edges = np.log10(MULTIPLES)[first : first + len(counts) + 1]
    np.testing.assert_allclose([one["from"] for one in found], edges[:-1], atol=1e-9)
    np.testing.assert_allclose([one["to"] for one in found], edges[1:], atol=1e-9)
    shares = [one["share"] for one in found]
    np.testing.assert_allclose(shares, 100 * counts / counts.sum())


@pytest.mark.parametrize(
    ("face", "block", "kind", "channel"),
    [(0, 0, "softmax", 0), (1, 2, "softmax", 5), (0, 3, "sigmoid", 16)],
)
def test_what_is_shown_is_what_the_network_does(
    browser, address, direct, face, block, kind, channel
):
    place = f"face:{face};block:{block};kind:{kind};channel:{channel};scale:own"
    open_page(browser, f"{address}#w-{NAME}={place}")
    maps = maps_of(direct, kind, block, face, channel)
    count, text = CHANNELS[block], told(browser, NAME)
    before, mask, after = maps
    constant = before.mean() * (1 + 1 / count)
    assert f"C = {count} channels, {SIDES[block]} x {SIDES[block]} places" in text
    assert f"1/C is {short(1 / count)}." in text
    assert numbers(text, r"activation is ([\d.]+) before and ([\d.]+) after") == (
        pytest.approx([before.mean(), after.mean()], rel=6e-3)
    )
    assert numbers(text, r"would make ([\d.]+) of it") == (
        pytest.approx([constant], rel=6e-3)
    )
    if channel:
        spread = [mask.min(), mask.max(), mask.mean()]
        found = numbers(text, r"mask is ([\d.]+) to ([\d.]+), on average ([\d.]+);")
        assert found == pytest.approx(spread, rel=6e-3, abs=1e-9)
    else:
        assert f"the mask is {short(1 / count)} everywhere" in text
    shares = direct[kind][1][face]
    assert f"Read as {EXPRESSIONS[shares.argmax()]} ({100 * shares.max():.1f}" in text
    pictures = browser.find_elements(By.CSS_SELECTOR, ".w-fourth img")[1:]
    tops = [max(before.max(), after.max())] * 3
    lows = [0, mask.min() if channel else 0, 0]
    tops[1] = mask.max() if channel else 2 / count
    for picture, values, low, top in zip(pictures, maps, lows, tops, strict=True):
        shown = picture_of(picture.get_dom_attribute("src"))[..., :3]
        colours = matplotlib.colormaps[SEQUENTIAL]((values - low) / (top - low))
        assert np.abs(shown - 255 * colours[..., :3]).max() < 8
    no_faults(browser)


def test_legends_state_the_scale_of_each_picture(browser, address, direct):
    place = "block:1;channel:2;face:1"
    before, mask, after = maps_of(direct, "softmax", 1, 1, 2)
    top = short(max(before.max(), after.max()))
    open_page(browser, f"{address}#w-{NAME}={place}")
    assert legends(browser) == [["0", top], ["0", "1"], ["0", top]]
    put(browser, NAME, "scale", "own")
    own = [short(mask.min()), short(mask.max())]
    assert legends(browser) == [["0", top], own, ["0", top]]
    no_faults(browser)


def test_the_histogram_of_a_constant_stands_at_the_line(browser, address):
    open_page(browser, f"{address}#w-{NAME}=kind:constant;block:3")
    bars = browser.find_elements(By.CSS_SELECTOR, ".w-histogram [data-share]")
    shares = [float(bar.get_dom_attribute("data-share")) for bar in bars]
    assert sum(shares) == pytest.approx(100, abs=0.01) and max(shares) > 99
    line, _, dot = browser.find_elements(
        By.CSS_SELECTOR, ".w-histogram line, .w-histogram circle"
    )
    at = float(line.get_dom_attribute("x1"))
    assert float(dot.get_dom_attribute("cx")) == pytest.approx(at, abs=0.1)
    tallest = bars[shares.index(max(shares))]
    left = float(tallest.get_dom_attribute("x"))
    right = left + float(tallest.get_dom_attribute("width"))
    assert min(abs(left - at), abs(right - at)) < 0.1
    assert "What if: the weights were trained with softmax" in body_of(browser)
    put(browser, NAME, "kind", "softmax")
    assert "What if" not in body_of(browser).replace("what if", "")


def test_the_range_of_a_channel_is_marked_on_the_axis(browser, address, direct):
    _, mask, _ = maps_of(direct, "softmax", 3, 2, 7)
    open_page(browser, f"{address}#w-{NAME}=block:3;channel:7;face:2")
    bar = browser.find_element(By.CSS_SELECTOR, ".w-histogram [data-share]")
    decade = 10 * float(bar.get_dom_attribute("width"))  # a bin is a tenth of it
    control, reach, dot = browser.find_elements(
        By.CSS_SELECTOR, ".w-histogram line, .w-histogram circle"
    )
    at = float(control.get_dom_attribute("x1"))
    places = [float(reach.get_dom_attribute(one)) for one in ("x1", "x2")]
    places.append(float(dot.get_dom_attribute("cx")))
    values = np.array([mask.min(), mask.max(), mask.mean()])
    expected = at + decade * np.log10(values * CHANNELS[3])
    np.testing.assert_allclose(places, expected, atol=0.5)
    assert places[1] > places[0] + 5


def test_keys_choose_a_channel_and_another_block_may_lack_it(browser, address):
    open_page(browser, f"{address}#w-{NAME}=block:3", 390)
    strip = browser.find_elements(By.CSS_SELECTOR, "[data-channel]")
    assert [one.text for one in strip] == ["mean", *map(str, range(1, 17))]
    strip[9].send_keys(Keys.ENTER)
    pressed = browser.find_elements(By.CSS_SELECTOR, '[aria-pressed="true"]')
    assert [one.text for one in pressed] == ["9"]
    assert browser.switch_to.active_element.text == "9"
    assert "channel 9 on one" in told(browser, NAME)
    assert "channel:9" in browser.current_url
    put(browser, NAME, "block", 1)
    assert "the mean of all channels" in told(browser, NAME)
    width = "return document.documentElement.scrollWidth"
    assert browser.execute_script(width) <= 390
    no_faults(browser)
