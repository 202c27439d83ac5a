"""The guessing explorer: its pairs, its scores, and what it says of a guess."""

import matplotlib
import numpy as np
import pytest
from planted_explorers import explained_noise
from widget_pages import call, find, find_all, picture_of, press, put, told

from fer_lib.explain.drawing.colours import DIVERGING, SEQUENTIAL
from ferbook.chapters.explanations.guess import PAIRS, pairs_of
from ferbook.study.cell import RIVALS
from ferbook.study.report import LABELS


@pytest.fixture(scope="module")
def planted():
    return explained_noise()


@pytest.fixture(scope="module")
def pairs(planted):
    maps, _, truth = planted
    return pairs_of(maps, truth)


def test_every_pair_has_one_decoy_which_is_as_often_on_either_side(pairs):
    assert len(pairs) == PAIRS
    for pair in pairs:
        assert [name in RIVALS for name in pair.names].index(True) == pair.decoy
        assert sum(name in RIVALS for name in pair.names) == 1
        assert "noise" not in pair.names and pair.face > 0
    assert sum(pair.decoy for pair in pairs) == PAIRS // 2
    assert {name for pair in pairs for name in pair.names} == {
        "saliency", "grad_cam", "edges", "mean_face", "centre_blob",
    }  # fmt: skip


def auc_by_counting(values, truth):
    """Pairs of a pixel inside and one outside of which the first is above."""
    inside, outside = values[truth][:, None], values[~truth]
    return ((inside > outside) + 0.5 * (inside == outside)).mean()


@pytest.mark.browser
def test_an_outline_goes_around_and_nowhere_else(browser):
    points = [[[5], 4], [[5, 6], 4], [[0, 1, 4, 5], 4]]
    found = call(browser, "guess", "outline", points)
    assert sorted(found[0].split("M")[1:]) == sorted(
        ["1 1h1", "1 2h1", "1 1v1", "2 1v1"]
    )
    assert found[1].count("M") == 6 and "2 1v1" not in found[1]
    assert found[2].count("M") == 8


@pytest.mark.browser
class TestDriven:
    NAME = "guess"

    @pytest.mark.parametrize("number", [1, 6, 12])
    def test_names_truth_and_scores_come_after_a_guess(
        self, browser, opened, planted, pairs, number
    ):
        opened(f"pair:{number}", width=390)
        maps, _, truth = planted
        pair = pairs[number - 1]
        labels = [LABELS[name] for name in pair.names]
        text = find(browser, ".w-body").text
        assert not any(label in text for label in labels)
        assert not any(one.get_dom_attribute("d") for one in find_all(browser, "path"))
        press(browser, "the left one is the decoy")
        text = find(browser, ".w-body").text
        for label, name in zip(labels, pair.names, strict=True):
            auc = auc_by_counting(maps[name][pair.face], truth[pair.face])
            assert f"{label}: AUC {auc:.2f}" in text
        right = pair.decoy == 0
        assert told(browser).startswith("Right" if right else "No")
        assert f"You have found {int(right)} of 1 decoys" in told(browser)
        assert find(browser, "path").get_dom_attribute("d")
        press(browser, "next pair")
        assert f"Pair {number % PAIRS + 1} of {PAIRS}" in told(browser)
        put(browser, pair=number)
        assert f"You have found {int(right)} of 1 decoys" in told(browser)

    def test_maps_are_drawn_from_their_values(self, browser, opened, planted, pairs):
        opened("pair:2")
        pair = pairs[1]
        shown = find_all(browser, ".w-third image:nth-of-type(2)")
        for picture, name in zip(shown, pair.names, strict=True):
            pixels = picture_of(picture.get_dom_attribute("href"))[..., :3]
            values = planted[0][name][pair.face]
            end = np.abs(values).max()
            low, colours = (-end, DIVERGING) if values.min() < 0 else (0, SEQUENTIAL)
            expected = matplotlib.colormaps[colours]((values - low) / (end - low))
            assert np.abs(pixels - 255 * expected[..., :3]).max() < 8
