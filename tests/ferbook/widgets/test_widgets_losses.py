"""The losses that the page computes are the library's, and hands move them."""

import numpy as np
import pytest
import torch
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from widget_pages import call, drag, no_faults, open_page, put, told, write_page

from fer_lib.losses.collaborative import (
    centre_distances,
    collaborative_loss,
    inter_class_loss,
)
from fer_lib.losses.region import region_loss
from ferbook.widgets import collaborative_explorer, region_loss_explorer

pytestmark = pytest.mark.browser


def doubles(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_region_loss_and_gradient_are_the_librarys_on_a_grid(browser):
    grid = [0.1, 0.48, 0.5, 0.52, 0.9]
    weights = [[a, b, c] for a in grid for b in grid for c in grid]
    points = [[one, beta] for one in weights for beta in (0.0, 0.02, 0.3)]
    found = call(browser, "region_loss", "regionLoss", points)
    for (one, beta), page in zip(points, found, strict=True):
        theta = doubles([one])
        loss = region_loss(theta, beta)
        (gradient,) = torch.autograd.grad(loss, theta)
        assert page["loss"] == pytest.approx(float(loss.detach()), abs=1e-12)
        np.testing.assert_allclose(page["gradient"], gradient[0], atol=1e-12)


def test_the_slope_by_the_score_goes_through_the_sigmoid(browser):
    scores = doubles([[0.3, -0.2, 1.4]])
    theta = scores.sigmoid()
    loss = region_loss(theta, 0.9)
    (gradient,) = torch.autograd.grad(loss, scores)
    point = theta[0].tolist(), [1, 0, -1]
    (page,) = call(browser, "region_loss", "scoreGradient", [point])
    np.testing.assert_allclose(page, gradient[0], atol=1e-12)


def task_loss(feature, own, other, omega, normalise):
    """By the library: a face of task 0, then one that shows another task.

    Both centres of the second task, and its features, are not looked at.
    """
    scaled = torch.nn.functional.normalize if normalise else lambda x, dim: x
    found = []
    for label, pair in ((0, (other, own)), (1, (own, other))):
        x = feature.expand(1, 2, 2)
        centres = torch.stack(pair)[None].expand(2, 2, 2)
        distances = centre_distances(
            scaled(x, dim=-1), torch.tensor([label]), scaled(centres, dim=-1)
        )
        inter = inter_class_loss(*distances, omega)
        found.append([value[0, 0] for value in (*distances, inter)])
    return found


@pytest.mark.parametrize("normalise", [False, True])
def test_collaborative_loss_and_gradient_are_the_librarys(browser, normalise):
    draw = np.random.default_rng(0)
    places = draw.uniform(-2.6, 2.6, (24, 3, 2)).tolist()
    omegas = [0.0, 1.0, 3.0, 4.0, 6.0]
    points = [[*one, omega, normalise] for one in places for omega in omegas]
    found = call(browser, "collaborative", "taskLoss", points)
    pulled = 0
    for (feature, own, other, omega, _), page in zip(points, found, strict=True):
        x, *centres = (doubles(one) for one in (feature, own, other))
        for told_by_library in task_loss(x, *centres, omega, normalise):
            parts = [value.item() for value in told_by_library]
            ours = [page[key] for key in ("positive", "negative", "inter")]
            np.testing.assert_allclose(ours, parts, atol=1e-9)
        # A single task that every face belongs to is the whole loss.
        loss = collaborative_loss(
            x[None, None],
            torch.tensor([0]),
            torch.stack(centres[::-1])[None],
            omega=omega,
            normalise=normalise,
        )
        (gradient,) = torch.autograd.grad(loss, x)
        assert page["loss"] == pytest.approx(float(loss.detach()), abs=1e-9)
        np.testing.assert_allclose(page["gradient"], gradient, atol=1e-9)
        pulled += page["inter"] > 0
    assert 20 < pulled < 110  # both sides of the hinge were seen


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "losses.html"
    return write_page(path, region_loss_explorer(), collaborative_explorer())


def marks(browser):
    return browser.find_elements(By.CSS_SELECTOR, "[role=slider]")


def place(mark):
    text = mark.get_attribute("aria-valuetext").replace("x", "").replace("y", "")
    return [float(number) for number in text.split(",")]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_mark_follows_the_pointer(browser, address, width):
    open_page(browser, address, width)
    mark, scale = marks(browser)[2], pixels_a_unit(browser)
    before, said = place(mark), told(browser, "collaborative")
    drag(browser, mark, -round(scale), round(scale))
    np.testing.assert_allclose(np.subtract(place(mark), before), -1, atol=0.05)
    assert told(browser, "collaborative") != said
    drag(browser, mark, 0, -round(5 * scale))  # out of the picture
    assert place(mark)[1] == 2.6
    no_faults(browser)


def pixels_a_unit(browser):
    """Of the screen, for a step of 1 in the plane, whose frame is 5.2 wide."""
    script = """const frames = document.querySelectorAll(".w-frame");
    return frames[1].getBoundingClientRect().width / 5.2;"""
    return browser.execute_script(script)


def test_arrow_keys_move_a_mark_and_what_is_said(browser, address):
    open_page(browser, address)
    own = marks(browser)[0]
    own.send_keys(Keys.ARROW_UP, Keys.ARROW_RIGHT, Keys.SHIFT + Keys.ARROW_DOWN)
    np.testing.assert_allclose(place(own), [1.1, -0.4], atol=1e-9)
    apart = np.hypot(1.1, 1.4)
    assert f"{apart:.2f} apart" in told(browser, "collaborative")
    assert "meets (5)" in told(browser, "collaborative")
    assert "points:1.1,-0.4,0,1," in browser.current_url
    browser.find_element(By.CSS_SELECTOR, "button").click()
    assert "1.41 apart" in told(browser, "collaborative")
    no_faults(browser)


def test_the_trap_of_unit_length_is_named(browser, address):
    open_page(browser, address)
    put(browser, "collaborative", "normalise", True)
    put(browser, "collaborative", "omega", 3.9)
    assert "no two centres" not in told(browser, "collaborative")
    put(browser, "collaborative", "omega", 4)
    assert "no two centres are far enough" in told(browser, "collaborative")


def test_what_is_said_of_the_region_loss_is_the_librarys(browser, address):
    open_page(browser, address)
    for beta, whole, first in [(0.02, 0.5, 0.51), (0.02, 0.5, 0.53), (0.3, 0.7, 0.41)]:
        settings = {"beta": beta, "whole": whole, "first": first, "second": 0.4}
        for key, value in settings.items():
            put(browser, "region_loss", key, value)
        loss = float(region_loss(torch.tensor([[whole, first, 0.4]]), beta))
        expected = f"the loss is {loss:.3f} and pulls" if loss else "the loss is 0"
        assert expected in told(browser, "region_loss")
    no_faults(browser)


def test_keys_move_a_slider(browser, address):
    open_page(browser, address)
    slider = browser.find_element(By.CSS_SELECTOR, '[data-key="beta"]')
    slider.send_keys(Keys.ARROW_RIGHT)
    assert slider.get_attribute("aria-valuetext") == "0.025"
    label = browser.find_element(By.XPATH, "//label[contains(., 'margin β')]")
    assert label.text.split() == ["margin", "β", "0.025"]
    assert "asked is 0.025" in told(browser, "region_loss")
