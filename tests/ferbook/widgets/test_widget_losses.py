"""The losses that pages compute are the library's, and hands move them."""

import itertools

import numpy as np
import pytest
import torch
from widget_pages import call, find, open_page, put, told

from fer_lib.losses.collaborative import (
    centre_distances,
    collaborative_loss,
    inter_class_loss,
)
from fer_lib.losses.diversified import MEASURES
from fer_lib.losses.diversity import similarity
from fer_lib.losses.region import region_loss


def doubles(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def slope(value, *of):
    (found,) = torch.autograd.grad(value, *of)
    return found


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

    def test_the_slope_by_the_score_goes_through_the_sigmoid(self, browser):
        scores = doubles([[0.3, -0.2, 1.4]])
        theta = scores.sigmoid()
        point = theta[0].tolist(), [1, 0, -1]
        (page,) = call(browser, "region_loss", "scoreGradient", [point])
        expected = slope(region_loss(theta, 0.9), scores)[0]
        np.testing.assert_allclose(page, expected, atol=1e-12)


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
            np.testing.assert_allclose(page["gradient"], slope(loss, x), atol=1e-9)
            pulled += page["inter"] > 0
        assert 20 < pulled < 110  # both sides of the hinge were seen

    def test_the_trap_of_unit_length_is_named(self, browser, address_of):
        open_page(browser, address_of("collaborative"))
        put(browser, normalise=True, omega=3.9)
        assert "no two centres" not in told(browser)
        put(browser, omega=4)
        assert "no two centres are far enough" in told(browser)


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
    lengths = doubles([apart, moved])
    features = branches(count, *lengths, group)
    found = [similarity(features, gamma).detach().numpy()]
    for measure in MEASURES.values():
        value = measure(branches(count, *lengths, group), gamma)
        found.append([value.item(), *slope(value, lengths).tolist()])
    return found


class TestDiversity:
    @pytest.mark.browser
    def test_values_and_slopes_are_the_librarys_on_a_grid(self, browser):
        found = call(browser, "diversity", "diversities", [[one] for one in SETTINGS])
        signs, unknown = set(), 0
        for setting, page in zip(SETTINGS, found, strict=True):
            similar, *formulas = by_library(**setting)
            np.testing.assert_allclose(page["similar"], similar, atol=1e-12)
            for name, expected in zip(("paper", "code"), formulas, strict=True):
                told_by_page = [page[name][k] for k in ("value", "byApart", "byMoved")]
                # torch's slopes are not a number where determinants nearly underflow.
                known = np.isfinite(expected)
                unknown += not known.all()
                filled = np.where(known, expected, 0)
                np.testing.assert_allclose(told_by_page, filled, atol=1e-9)
                # Of marks that must stay inside their picture.
                scale = 1 if name == "paper" else setting["count"] - 1
                assert abs(page[name]["value"]) <= 1.001 * scale
            sign = np.sign(round(page["code"]["value"], 6))
            signs.add((setting["count"] % 2, sign))
        assert {(0, -1), (1, 1), (0, 1)} <= signs  # twins turn an even number, too
        assert unknown < 0.05 * len(SETTINGS)


@pytest.mark.browser
class TestDiversityDriven:
    NAME = "diversity"

    @pytest.mark.parametrize(
        ("count", "word", "way"),
        [(3, "odd", "together"), (4, "even", "apart"), (9, "odd", "together")],
    )
    def test_the_code_turns_with_the_number(self, browser, opened, count, word, way):
        opened(f"count:{count}")
        assert f"n = {count} is {word}" in told(browser)
        ours, theirs = told(browser).split("Authors' code")
        assert "training pulls branches apart" in ours
        assert f"training pulls branches {way}" in theirs

    def test_an_underflow_is_named(self, browser, opened):
        opened("count:9;apart:4;gamma:10", width=390)
        assert "3e-70 alike, which is 0 in 32 bits" in told(browser)
        assert told(browser).count("training pulls nothing") == 2
        assert find(browser, "table[aria-label]").size["width"] <= 366
        put(browser, apart=0)
        assert "no gradient can part them" in told(browser)
        put(browser, apart=0.3)
        assert "32 bits" not in told(browser)
