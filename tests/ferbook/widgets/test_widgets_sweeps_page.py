"""The explorer of RAMN's sweeps, driven on a page."""

import re

import numpy as np
import pytest
from planted_sweeps import N, both_sweeps, run_of
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from widget_pages import call, no_faults, open_page, put, told, write_page

from ferbook.kit import chapter
from ferbook.widgets import sweep_explorer
from ferbook.widgets.sweep_runs import VARIED

pytestmark = pytest.mark.browser
REAL = {"dataset": "fer2013", "preset": "small"}


@pytest.fixture(scope="module")
def widget():
    """Both sweeps on rendered faces but for beta 0.03, and three real runs."""
    records = [one for one in both_sweeps((0, 1)) if one.variant != "beta_0.03"]
    lead = np.linspace(-0.06, 0.03, N)
    records += [run_of("beta", 98, lead=lead, **REAL), run_of("default", 91, **REAL)]
    return sweep_explorer([*records, run_of("baseline", 70, **REAL)])


@pytest.fixture(scope="module")
def address(widget, tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page") / "sweeps.html", widget)


def find_all(browser, selector):
    return browser.find_elements(By.CSS_SELECTOR, selector)


def numbers(mark, name):
    return [float(x) for x in re.findall(r"-?[\d.]+", mark.get_dom_attribute(name))]


def test_ticks_are_round_and_inside(browser):
    points = [[35, 60], [0, 1], [-0.05, 0.1], [-0.0312, 0.74], [0, 0.3], [-4.1, 3.9]]
    for (low, high), found in zip(
        points, call(browser, "sweeps", "ticks", points), strict=True
    ):
        assert 3 <= len(found) <= 8
        assert low - 1e-9 <= found[0] and found[-1] <= high + 1e-9
        step = found[1] - found[0]
        np.testing.assert_allclose(np.diff(found), step)
        assert found[0] - step < low and found[-1] + step > high
        assert f"{step:e}"[0] in "125"


def test_what_is_said_of_every_value_is_the_record(browser, address, widget):
    open_page(browser, address)
    group, words = widget.data["groups"][0], set()
    for name, sweep in VARIED.items():
        put(browser, "sweeps", "sweep", name)
        best = widget.data["sweeps"][name]["best"]
        for variant, value in sweep.values.items():
            put(browser, "sweeps", name, value)
            said = told(browser, "sweeps")
            if variant == "beta_0.03":
                assert said == "No run with β = 0.03 is recorded here."
                continue
            run = group["runs"][variant]
            low, high = (100 * limit for limit in run["limits"])
            assert said.startswith(f"{sweep.symbol} = {value:g}")
            assert f"{100 * run['share']:.1f} % of n = 140 test faces" in said
            assert f"interval {low:.1f} to {high:.1f}; mean of seeds 0, 1)" in said
            assert ("the paper's best (Figure 4(" in said) == (value == best)
            if value != best:
                mean, low, high = group["gaps"][name][variant]["points"]
                gap = (
                    f"{100 * mean:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
                )
                assert gap.replace("-", "−") in said
                word = "better" if low > 0 else "worse" if high < 0 else "undecided"
                assert said.endswith(f"{word}.")
                words.add(word)
    assert words == {"better", "worse", "undecided"}
    no_faults(browser)


def test_marks_of_accuracies_stand_at_their_values(browser, address, widget):
    open_page(browser, address)
    runs = widget.data["groups"][0]["runs"]
    marks = {
        m.get_dom_attribute("data-run"): m for m in find_all(browser, "[data-run]")
    }
    assert list(marks) == ["baseline", "beta_0.00", "beta_0.01", "beta", "beta_0.04"]
    heights = [numbers(mark, "cy")[0] for mark in marks.values()]
    shares = [runs[variant]["share"] for variant in marks]
    slope = np.polyfit(shares, heights, 1)
    np.testing.assert_allclose(np.polyval(slope, shares), heights, atol=1e-6)
    assert slope[0] < 0
    places = [numbers(mark, "cx")[0] for mark in marks.values()]
    steps = np.diff(places)
    np.testing.assert_allclose(steps, steps[0] * np.array([1, 1, 1, 2]))
    radii = {name: numbers(mark, "r")[0] for name, mark in marks.items()}
    assert max(radii, key=radii.get) == "beta"
    put(browser, "sweeps", "beta", 0.01)
    chosen = browser.find_element(By.CSS_SELECTOR, '[data-run="beta_0.01"]')
    assert numbers(chosen, "r")[0] == radii["beta"] > radii["beta_0.01"]
    texts = [one.text for one in find_all(browser, ".w-row svg:first-child text")]
    assert texts.count("no run") == 1 and "paper's best" in texts


@pytest.mark.parametrize("near", [False, True])
def test_bars_are_the_counts(browser, address, widget, near):
    open_page(browser, address)
    put(browser, "sweeps", "beta", 0.01)
    if near:
        put(browser, "sweeps", "near", True)
    lead = widget.data["groups"][0]["runs"]["beta_0.01"]["lead"]
    counts = np.array(lead["counts"]["near" if near else "wide"])
    assert counts[0] != counts[-1] or not near  # or the words show nothing
    heights = [numbers(bar, "height")[0] for bar in find_all(browser, "[data-bar]")]
    np.testing.assert_allclose(
        heights / np.sum(heights), counts[1:-1] / counts[1:-1].sum(), atol=1e-9
    )
    notes = find_all(browser, ".w-note")[1].text
    assert f"{100 * lead['met']:.1f} % of n = 140 faces lead by β = 0.01" in notes
    assert f"{counts[0]} to the left, {counts[-1]} to the right" in notes
    assert "Orange: no R-loss." in notes and find_all(browser, "[data-outline]")
    no_faults(browser)


def test_the_scatter_has_every_face_and_a_class_can_be_found(browser, address):
    open_page(browser, address)
    paths = find_all(browser, "[data-class]")
    assert [p.get_dom_attribute("d").count("M") for p in paths] == [N // 7] * 7
    assert len({p.get_dom_attribute("d").partition("m")[2][:9] for p in paths}) == 7
    happy = browser.find_element(By.XPATH, "//button[contains(., 'happy')]")
    happy.send_keys(Keys.ENTER)
    strong = [
        float(p.get_dom_attribute("opacity")) > 0.5
        for p in find_all(browser, "[data-class]")
    ]
    assert strong == [name == 3 for name in range(7)]
    assert "mark:3" in browser.current_url
    focused = browser.switch_to.active_element
    assert focused.text.strip() == "happy"  # so that keys can go on
    assert focused.get_dom_attribute("aria-pressed") == "true"
    focused.send_keys(Keys.ENTER)
    assert "mark:none" in browser.current_url
    no_faults(browser)


def test_real_runs_say_what_they_lack(browser, address, widget):
    open_page(browser, address)
    key = widget.data["groups"][1]["key"]
    put(browser, "sweeps", "made", key)
    assert "70.0 % of n = 140" in told(browser, "sweeps")
    notes = [one.text for one in find_all(browser, ".w-note")]
    assert notes[0].startswith("Real faces.") and "single seeds" not in notes[0]
    assert "Orange" not in notes[1]  # the control kept no leads
    put(browser, "sweeps", "sweep", "omega")
    assert "65.0 % of n = 140" in told(browser, "sweeps")
    notes = [one.text for one in find_all(browser, ".w-note")]
    assert notes[1] == "This run kept neither attention nor features."
    assert not find_all(browser, "[data-class]")
    put(browser, "sweeps", "omega", 4)
    assert told(browser, "sweeps") == "No run with ω = 4 is recorded here."
    no_faults(browser)


def test_a_setting_comes_back_from_its_address(browser, address):
    open_page(browser, address)
    put(browser, "sweeps", "sweep", "omega")
    slider = browser.find_element(By.CSS_SELECTOR, '[data-key="omega"]')
    slider.send_keys(Keys.ARROW_LEFT)
    assert slider.get_attribute("aria-valuetext") == "2"
    assert slider.accessible_name.startswith("margin ω of the C-loss")
    link, said = browser.current_url, told(browser, "sweeps")
    assert said.startswith("ω = 2:") and "sweep:omega;" in link
    assert not browser.find_element(By.CSS_SELECTOR, '[data-key="beta"]').is_displayed()
    open_page(browser, link)
    assert told(browser, "sweeps") == said
    open_page(browser, f"{address}#w-sweeps=made:gone;sweep:soup;beta:9;mark:99")
    assert told(browser, "sweeps").startswith("β = 0.04")
    no_faults(browser)


def test_on_a_phone_and_in_print(browser, address):
    open_page(browser, address, width=390)
    width = "return document.documentElement.scrollWidth"
    assert browser.execute_script(width) <= 390
    table = browser.find_element(By.CLASS_NAME, "w-fallback")
    assert not table.is_displayed()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert table.is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    no_faults(browser)


def test_the_book_s_own_runs_are_drawn(browser, tmp_path):
    records = chapter.recorded("ramn", "rendered") + chapter.recorded("ramn")
    open_page(browser, write_page(tmp_path / "own.html", sweep_explorer(records)))
    assert "test faces are read rightly" in told(browser, "sweeps")
    no_faults(browser)
