"""The page's diversity is the library's, and sliders, keys and links move it."""

import itertools
import re

import numpy as np
import pytest
import torch
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from widget_pages import call, no_faults, open_page, put, told, write_page

from fer_lib.losses.diversified import MEASURES
from fer_lib.losses.diversity import AUTHORS_GAMMA, GAMMA_TIMES_SIZE, similarity
from fer_lib.models.diversified_esr import DiversifiedESR
from ferbook.widgets import diversity, diversity_explorer

COUNTS = range(2, 10)
SETTINGS = [
    {"count": n, "apart": d, "moved": a, "group": g, "gamma": gamma}
    for n, d, a, g, gamma in itertools.product(
        COUNTS, (0.3, 1.0, 2.4, 6.0), (0.0, 0.5, 3.0), (1, 2, 3), (30 / 512, 1.0, 10.0)
    )
]


def branches(count, apart, moved, group):
    """Features ``[L, 1, D]`` of branches at these distances."""
    groups = torch.arange(count) // group
    corners = torch.nn.functional.one_hot(groups, count).double() * apart / 2**0.5
    own = torch.zeros(count, 1, dtype=torch.float64)
    own[-1] = 1
    return torch.cat((corners, own * moved), 1)[:, None]


def by_library(count, apart, moved, group, gamma):
    """Similarity, and of both formulas the value and its two slopes."""
    lengths = torch.tensor([apart, moved], dtype=torch.float64, requires_grad=True)
    similar = similarity(branches(count, *lengths, group), gamma)
    found = [similar.detach().numpy()]
    for measure in MEASURES.values():
        value = measure(branches(count, *lengths, group), gamma)
        (slopes,) = torch.autograd.grad(value, lengths)
        found.append([value.item(), *slopes.tolist()])
    return found


@pytest.mark.browser
def test_diversity_and_slopes_are_the_librarys_on_a_grid(browser):
    found = call(browser, "diversity", "diversities", [[one] for one in SETTINGS])
    signs, unknown = set(), 0
    for setting, page in zip(SETTINGS, found, strict=True):
        similar, *formulas = by_library(**setting)
        np.testing.assert_allclose(page["similar"], similar, atol=1e-12)
        for name, expected in zip(("paper", "code"), formulas, strict=True):
            told_by_page = [page[name][key] for key in ("value", "byApart", "byMoved")]
            # torch's slopes are not a number where determinants nearly underflow.
            known = np.isfinite(expected)
            unknown += not known.all()
            filled = np.where(known, expected, 0)
            np.testing.assert_allclose(told_by_page, filled, atol=1e-9)
            # Of marks that must stay inside their picture.
            scale = 1 if name == "paper" else setting["count"] - 1
            assert abs(page[name]["value"]) <= 1.001 * scale
        signs.add((setting["count"] % 2, np.sign(round(page["code"]["value"], 6))))
    assert {(0, -1), (1, 1), (0, 1)} <= signs  # twins turn an even number, too
    assert unknown < 0.05 * len(SETTINGS)


@pytest.mark.browser
def test_branches_that_are_all_the_same_have_no_slope(browser):
    same = {"apart": 0, "moved": 0, "group": 1, "gamma": 1}
    points = [[same | {"count": n}] for n in COUNTS]
    for n, page in zip(
        COUNTS, call(browser, "diversity", "diversities", points), strict=True
    ):
        assert page["paper"] == {"value": 0, "byApart": 0, "byMoved": 0}
        assert page["code"]["value"] == pytest.approx((-1) ** (n - 1) * (n - 1))
        assert page["code"]["byApart"] == page["code"]["byMoved"] == 0


@pytest.mark.browser
def test_the_determinant_is_numpys(browser):
    draw = np.random.default_rng(0)
    matrices = [draw.normal(size=(n, n)) for n in (1, 2, 3, 5, 9)]
    matrices += [np.eye(4)[[1, 0, 3, 2]], np.eye(3)[[1, 2, 0]], np.ones((3, 3))]
    found = call(browser, "diversity", "determinant", [[m.tolist()] for m in matrices])
    np.testing.assert_allclose(found, np.linalg.det(matrices_of(matrices)), atol=1e-9)


def matrices_of(matrices):
    """Padded by the identity, which leaves determinants as they are."""
    padded = np.tile(np.eye(9), (len(matrices), 1, 1))
    for place, matrix in zip(padded, matrices, strict=True):
        place[: len(matrix), : len(matrix)] = matrix
    return padded


def test_the_gammas_are_the_librarys_for_the_networks_own_sizes():
    network = DiversifiedESR(width=64, branches=1, input_size=96).eval()
    with torch.inference_mode():
        said = network(torch.zeros(1, 3, 96, 96))
    sizes = {"channels": said.channel.shape[-1], "positions": said.spatial.shape[-1]}
    assert sizes == diversity.SIZES
    gammas = dict(diversity_explorer().data["gammas"])
    assert {AUTHORS_GAMMA, *(GAMMA_TIMES_SIZE / n for n in sizes.values())} < set(
        gammas
    )
    assert gammas[AUTHORS_GAMMA] == "10: the authors' code"
    assert list(gammas) == sorted(gammas)


def test_the_table_for_print_has_the_closed_determinants():
    rows = diversity_explorer(shares=(0.5,)).fallback.rows
    assert [row[0] for row in rows] == [str(n) for n in COUNTS]
    for n, (_, cell) in zip(COUNTS, rows, strict=True):
        ours = 0.5 ** (n - 1) * (1 + (n - 1) / 2)
        theirs = (-1) ** (n - 1) * (n - 1) / 2**n
        assert cell == f"{ours:+.3f}; {theirs:+.3f}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "diversity.html"
    return write_page(path, diversity_explorer())


def texts(browser, selector):
    return [one.text for one in browser.find_elements(By.CSS_SELECTOR, selector)]


@pytest.mark.browser
class TestInABrowser:
    @pytest.mark.parametrize(
        ("count", "word", "way"),
        [(3, "odd", "together"), (4, "even", "apart"), (9, "odd", "together")],
    )
    def test_the_code_turns_with_the_number(self, browser, address, count, word, way):
        open_page(browser, address)
        put(browser, "diversity", "count", count)
        said = told(browser, "diversity")
        assert f"n = {count} is {word}" in said
        ours, theirs = said.split("Authors' code")
        assert "training pulls branches apart" in ours
        assert f"training pulls branches {way}" in theirs
        no_faults(browser)

    def test_matrix_and_results_are_the_librarys(self, browser, address):
        setting = {"count": 5, "apart": 1.0, "moved": 0.5, "group": 2, "gamma": 1.0}
        link = ";".join(f"{key}:{value:g}" for key, value in setting.items())
        open_page(browser, f"{address}#w-diversity={link}")
        similar, ours, theirs = by_library(**setting)
        cells = texts(browser, "table[aria-label] tbody td")
        expected = [f"{one:.2f}" for one in similar.flat]
        expected[::6] = ["1 (0)"] * 5
        assert cells == expected
        told_rows = texts(browser, ".w-row > div:nth-child(2) tbody td")
        both = np.array([ours, theirs])[:, [0, 0, 1, 2]].T * [[1], [-1], [1], [1]]
        expected = [f"{value:.3f}" if abs(value) > 1e-9 else "0" for value in both.flat]
        assert told_rows[:8] == expected and expected.count("0") == 4
        assert theirs[1] < 0 < theirs[2]  # what the words say
        assert told_rows[8:] == ["nothing", "branches together, the last one away"]
        no_faults(browser)

    def test_marks_stand_at_the_values(self, browser, address):
        open_page(browser, f"{address}#w-diversity=count:4;apart:0.5;gamma:1")
        similar, features = np.exp(-0.25), branches(4, 0.5, 0, 1)
        ours, theirs = (float(measure(features, 1.0)) for measure in MEASURES.values())
        left, right, top, bottom = 54, 350, 10, 218  # the frame of a chart
        for name, value in (("paper", ours), ("code", theirs / 3)):
            mark = browser.find_element(By.CSS_SELECTOR, f'[data-mark="{name}"]')
            moved = mark.get_dom_attribute("transform")
            x, y = map(float, re.findall(r"[\d.]+", moved))
            assert (x - left) / (right - left) == pytest.approx(similar, abs=1e-6)
            height = (bottom - y) / (bottom - top)
            assert -1.1 + 2.2 * height == pytest.approx(value, abs=1e-3)

    def test_an_underflow_is_named(self, browser, address):
        open_page(browser, f"{address}#w-diversity=count:9;apart:4;gamma:10")
        said = told(browser, "diversity")
        assert "3e-70 alike, which is 0 in 32 bits" in said
        assert said.count("training pulls nothing") == 2
        put(browser, "diversity", "apart", 0)
        assert "no gradient can part them" in told(browser, "diversity")
        put(browser, "diversity", "apart", 0.3)
        assert "32 bits" not in told(browser, "diversity")
        no_faults(browser)

    def test_keys_move_the_last_branch(self, browser, address):
        open_page(browser, address, width=390)
        slider = browser.find_element(By.CSS_SELECTOR, '[data-key="moved"]')
        slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        assert slider.get_attribute("aria-valuetext") == "0.10"
        assert "the last one away" in told(browser, "diversity")
        assert "the last one back" in told(browser, "diversity")
        assert "moved:0.1;" in browser.current_url
        no_faults(browser)

    def test_nine_branches_fit_a_phone_in_print_the_table_stands(
        self, browser, address
    ):
        open_page(browser, f"{address}#w-diversity=count:9", width=390)
        width = "return document.documentElement.scrollWidth"
        assert browser.execute_script(width) <= 390
        matrix = browser.find_element(By.CSS_SELECTOR, "table[aria-label]")
        assert matrix.size["width"] <= 366
        table = browser.find_element(By.CLASS_NAME, "w-fallback")
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        try:
            assert table.is_displayed()
        finally:
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        no_faults(browser)
