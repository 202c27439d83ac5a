"""The losses that pages compute are the library's, and hands move them."""

import itertools
import re

import numpy as np
import pytest
import torch
from selenium.webdriver.support.ui import WebDriverWait
from widget_pages import call, find, find_all, open_page, press, put, texts, told

from fer_lib.losses.collaborative import (
    centre_distances,
    collaborative_loss,
    inter_class_loss,
)
from fer_lib.losses.diversified import MEASURES
from fer_lib.losses.region import region_loss


def doubles(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def slope(value, *of):
    (found,) = torch.autograd.grad(value, *of)
    return found


def until_said(browser, text):
    WebDriverWait(browser, 20).until(lambda b: text in told(b))


@pytest.mark.browser
class TestRegionLoss:
    def test_loss_and_gradient_are_the_librarys_on_a_grid(self, browser):
        grid = [0.1, 0.48, 0.5, 0.52, 0.9]
        points = list(itertools.product(grid, grid, grid))
        points = [[one, beta] for one in points for beta in (0.0, 0.02, 0.3)]
        found = call(browser, "region_loss", "regionLoss", points)
        for (one, beta), page in zip(points, found, strict=True):
            theta = doubles([one])
            loss = region_loss(theta, beta)
            assert page["loss"] == pytest.approx(loss.item(), abs=1e-12)
            expected = slope(loss, theta)[0]
            np.testing.assert_allclose(page["gradient"], expected, atol=1e-12)

    def test_a_step_is_gradient_descent_on_the_scores(self, browser):
        draw = np.random.default_rng(3)
        points = [[one, 0.02] for one in draw.uniform(0.2, 0.8, (8, 6)).tolist()]
        points += [[[0.5] * 6, 0.02], [[0.3, 0.3, 0.9, 0.2, 0.2, 0.2], 0.3]]
        found = call(browser, "region_loss", "stepped", points)
        moved = 0
        for (weights, beta), page in zip(points, found, strict=True):
            scores = doubles([weights]).logit().detach().requires_grad_()
            region_loss(scores.sigmoid(), beta).backward()
            expected = (scores - 0.2 * scores.grad).sigmoid()[0].detach()
            np.testing.assert_allclose(page, expected, atol=1e-12)
            moved += page != pytest.approx(weights)
        assert 0 < moved < len(points)

    def test_the_slope_by_the_score_goes_through_the_sigmoid(self, browser):
        scores = doubles([[0.3, -0.2, 1.4]])
        theta = scores.sigmoid()
        point = theta[0].tolist(), [1, 0, -1]
        (page,) = call(browser, "region_loss", "scoreGradient", [point])
        expected = slope(region_loss(theta, 0.9), scores)[0]
        np.testing.assert_allclose(page, expected, atol=1e-12)


@pytest.mark.browser
class TestRegionLossDriven:
    NAME = "region_loss"

    def weights(self, browser):
        fields = find_all(browser, ".w-tile input")
        return [float(one.get_attribute("value")) for one in fields]

    def test_training_moves_the_face_and_one_crop_until_it_leads(self, browser, opened):
        opened("beta:0.02", width=390)
        before = self.weights(browser)
        press(browser, "one training step")
        assert "Steps taken: 1." in told(browser)
        press(browser, "run 20 steps")
        until_said(browser, "Steps taken: 21.")
        after = self.weights(browser)
        best = 1 + int(np.argmax(before[1:]))
        still = [k for k in range(1, 6) if k != best]
        assert [after[k] for k in still] == [before[k] for k in still]
        assert after[best] - after[0] >= 0.02 > before[best] - before[0]
        assert "The loss is 0 and pulls on nothing" in told(browser)
        drawn = find(browser, ".w-tile .w-bar").get_dom_attribute("style")
        assert abs(numbers_of(drawn)[0] - 100 * after[0]) < 0.051

    def test_a_link_keeps_the_weights_and_equals_share_the_pull(self, browser, opened):
        even = ";".join(f"w{k}:0.5" for k in range(6))
        opened(f"beta:0.1;{even}")
        assert self.weights(browser) == [0.5] * 6
        assert "5 crops together lead" in told(browser)
        pulls = texts(browser, ".w-pull")
        assert pulls[1:] == 5 * ["▲ score +0.010"]
        press(browser, "as RAMN learned them")
        assert self.weights(browser) != [0.5] * 6


def numbers_of(text):
    return [float(one) for one in re.findall(r"[\d.]+", text)]


def task_loss(feature, own, other, omega, normalise):
    """By the library: a face of task 0, then one that shows another task.

    Both centres of the second task, and its features, are not looked at.
    """
    scaled = torch.nn.functional.normalize if normalise else lambda x, dim: x
    for label, pair in ((0, (other, own)), (1, (own, other))):
        x = feature.expand(1, 2, 2)
        centres = torch.stack(pair)[None].expand(2, 2, 2)
        distances = centre_distances(
            scaled(x, dim=-1), torch.tensor([label]), scaled(centres, dim=-1)
        )
        inter = inter_class_loss(*distances, omega)
        yield [value[0, 0].item() for value in (*distances, inter)]


@pytest.mark.browser
class TestCollaborative:
    @pytest.mark.parametrize("normalise", [False, True])
    def test_loss_and_gradient_are_the_librarys(self, browser, normalise):
        draw = np.random.default_rng(0)
        places = draw.uniform(-2.6, 2.6, (24, 3, 2)).tolist()
        omegas = [0.0, 1.0, 3.0, 4.0, 6.0]
        points = [[*one, omega, normalise] for one in places for omega in omegas]
        found = call(browser, "collaborative", "taskLoss", points)
        pulled = 0
        for (feature, own, other, omega, _), page in zip(points, found, strict=True):
            x, *centres = (doubles(one) for one in (feature, own, other))
            ours = [page[key] for key in ("positive", "negative", "inter")]
            for parts in task_loss(x, *centres, omega, normalise):
                np.testing.assert_allclose(ours, parts, atol=1e-9)
            # A single task that every face belongs to is the whole loss.
            loss = collaborative_loss(
                x[None, None],
                torch.tensor([0]),
                torch.stack(centres[::-1])[None],
                omega=omega,
                normalise=normalise,
            )
            assert page["loss"] == pytest.approx(loss.item(), abs=1e-9)
            slopes = torch.autograd.grad(loss, [x, *centres])
            by_page = [page["gradient"], *page["centres"]]
            np.testing.assert_allclose(by_page, torch.stack(slopes), atol=1e-9)
            pulled += page["inter"] > 0
        assert 20 < pulled < 110  # both sides of the hinge were seen

    @pytest.mark.parametrize("normalise", [False, True])
    def test_a_step_is_gradient_descent_on_all_places(self, browser, normalise):
        draw = np.random.default_rng(1)
        points = [
            [one, 3.0, normalise] for one in draw.uniform(-2, 2, (6, 10)).tolist()
        ]
        found = call(browser, "collaborative", "stepped", points)
        for (places, *_), page in zip(points, found, strict=True):
            own, other, *features = moving = [
                doubles(one) for one in np.reshape(places, (5, 2)).tolist()
            ]
            pairs = [(own, other), (own, other), (other, own)]  # of three features
            losses = [
                collaborative_loss(
                    x[None, None],
                    torch.tensor([0]),
                    torch.stack(pair[::-1])[None],
                    omega=3.0,
                    normalise=normalise,
                )
                for x, pair in zip(features, pairs, strict=True)
            ]
            (sum(losses) / 3).backward()
            expected = torch.cat([one.detach() - 0.05 * one.grad for one in moving])
            np.testing.assert_allclose(page, expected, atol=1e-9)

    def test_training_brings_all_features_into_their_half_planes(
        self, browser, address_of
    ):
        open_page(browser, address_of("collaborative"), width=390)
        assert texts(browser, ".w-body td:last-child") != 3 * ["yes"]
        assert len(find_all(browser, ".w-safe")) == 2
        for _ in range(2):
            before = browser.current_url
            press(browser, "run 20 steps")
            WebDriverWait(browser, 20).until(lambda b, old=before: b.current_url != old)
        assert texts(browser, ".w-body td:last-child") == 3 * ["yes"]
        press(browser, "points back to the start")
        assert texts(browser, ".w-body td:last-child") != 3 * ["yes"]

    def test_the_trap_of_unit_length_is_named(self, browser, address_of):
        open_page(browser, address_of("collaborative"))
        put(browser, normalise=True, omega=3.9)
        assert "no two centres" not in told(browser)
        put(browser, omega=4)
        assert "no two centres are far enough" in told(browser)


def planes(count, reach, seed):
    """Places ``[count, 2]`` of branches in the square."""
    draw = np.random.default_rng(seed).uniform(-reach, reach, (count, 2))
    return 0.5 + draw


def by_library(points, gamma, formula):
    """The diversity of branches at these points, and its gradient."""
    features = doubles(points)
    value = MEASURES[formula](features[:, None], gamma)
    return value.item(), slope(value, features).numpy()


@pytest.mark.browser
class TestDiversity:
    def test_values_and_gradients_are_the_librarys(self, browser):
        settings = itertools.product(range(2, 16), (0.05, 0.5), (1.0, 15.0, 100.0))
        points = [
            [planes(n, reach, n).tolist(), gamma, formula]
            for n, reach, gamma in settings
            for formula in MEASURES
        ]
        found = call(browser, "diversity", "diversity", points)
        signs, unknown = set(), 0
        for (places, gamma, formula), page in zip(points, found, strict=True):
            value, gradient = by_library(places, gamma, formula)
            assert page["value"] == pytest.approx(value, abs=1e-9)
            # torch's slopes are not a number where determinants nearly underflow.
            known = np.isfinite(gradient)
            unknown += not known.all()
            told_by_page = np.where(known, page["gradient"], 0)
            expected = np.where(known, gradient, 0)
            np.testing.assert_allclose(told_by_page, expected, atol=1e-8)
            if formula == "authors_code" and len(places) == 2:
                signs.add(np.sign(page["pairs"][0]["force"]))
        assert signs == {1.0}  # of two branches the code's pushes apart, too
        assert unknown < 0.1 * len(points)

    def test_forces_are_slopes_by_the_distance_of_two(self, browser):
        places = planes(5, 0.3, 0)
        for formula in MEASURES:
            point = [places.tolist(), 8.0, formula]
            (page,) = call(browser, "diversity", "diversity", [point])
            squares = doubles(((places[:, None] - places) ** 2).sum(-1))
            similar = torch.exp(-8.0 * squares)
            value = torch.linalg.det(
                similar - (formula == "authors_code") * torch.eye(5)
            )
            slopes = slope(value, squares)
            for pair in page["pairs"]:
                one, other = pair["l"], pair["k"]
                distance = squares[one, other].item() ** 0.5
                expected = (
                    2 * distance * (slopes[one, other] + slopes[other, one]).item()
                )
                assert pair["force"] == pytest.approx(expected, abs=1e-9)

    @pytest.mark.parametrize("formula", MEASURES)
    def test_a_step_goes_uphill_or_stays(self, browser, formula):
        points = [[planes(n, 0.3, n).tolist(), 15.0, formula] for n in (2, 3, 9, 15)]
        points.append([np.full((4, 2), 0.5).tolist(), 15.0, formula])
        found = call(browser, "diversity", "stepped", points)
        for (places, gamma, _), page in zip(points, found, strict=True):
            before, after = (
                by_library(one, gamma, formula)[0] for one in (places, page)
            )
            assert after > before or page == places
            far = np.linalg.norm(np.subtract(page, places), axis=1)
            assert far.max() <= 0.02 + 1e-9
        assert found[-1] == points[-1][0] and found[0] != points[0][0]


def branches_of(browser, count):
    """Points that the page's address holds."""
    listed = re.search(r"points:([\d.,-]+)", browser.current_url)[1]
    return np.reshape([float(one) for one in listed.split(",")], (-1, 2))[:count]


@pytest.mark.browser
class TestDiversityDriven:
    NAME = "diversity"

    @pytest.mark.parametrize(
        ("count", "odd", "pairs", "way"),
        [
            (3, "odd", 3, "together"),
            (4, "even", 6, "apart"),
            (9, "odd", 36, "together"),
        ],
    )
    def test_the_code_turns_with_the_number(
        self, browser, opened, count, odd, pairs, way
    ):
        opened(f"count:{count};formula:authors_code")
        press(browser, "nearly the same")
        assert f"n = {count} is {odd}" in told(browser)
        assert f"training pulls {pairs} of {pairs} pairs {way}" in told(browser)

    @pytest.mark.parametrize("formula", MEASURES)
    def test_training_parts_nine_by_the_paper_and_heaps_them_by_the_code(
        self, browser, opened, formula
    ):
        opened(f"count:9;gamma:15;formula:{formula}", width=390)
        press(browser, "run 60 steps")
        WebDriverWait(browser, 20).until(lambda b: "points:" in b.current_url)
        value, _ = by_library(branches_of(browser, 9), 15.0, formula)
        assert value > (0.9 if formula == "paper" else 7)  # of 1; all alike have 8
        heaps = texts(browser, ".w-heap")
        assert heaps == ([] if formula == "paper" else 3 * ["× 3"])

    def test_where_nothing_pulls_is_said(self, browser, opened):
        opened("count:9;gamma:1000", width=390)
        assert "training pulls nothing" in told(browser)
        assert not find_all(browser, "line[data-pull]")
        put(browser, gamma=15)
        assert "training pulls nothing" not in told(browser)
        press(browser, "exactly the same")
        assert "no gradient can part them" in told(browser)
