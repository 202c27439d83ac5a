"""The folds explorer: the page's split and classifier against others, and dragged."""

import re

import numpy as np
import pytest
from planted_explorers import recorded
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from widget_pages import call, find, find_all, press, told

from ferbook.chapters.faces.traps import over_people
from ferbook.kit.quick_classifier import nearest, one_hot
from ferbook.widgets import folds


@pytest.fixture(scope="module")
def faces():
    """The faces that the explorer shows, their features, and who they are."""
    every, features = recorded()
    rows = folds.last_frames(every)
    shown = every.select(rows)
    return shown, features[rows], np.unique(shown.subjects, return_inverse=True)[1]


def by_hand(faces, where):
    """Rows in test and whether they are read correctly, by the chapter's classifier."""
    shown, x, people = faces
    asked = folds.sides_of(where, people)
    targets = one_hot(shown.labels[~asked], 8)
    said = nearest(x[~asked], targets, x[asked]).argmax(1)
    return np.flatnonzero(asked), said == shown.labels[asked]


WHERE = [
    [0] * 6 + [2] * 2,
    [1] * 8,
    [0, 1, 2, 1, 0, 2, 2, 1],
    [2] * 7 + [0],
    [1] + [0] * 7,
]


def test_of_recordings_the_last_frames_stand_and_nobody_beyond_the_eighth(faces):
    shown, _, people = faces
    assert len(shown) == 8 * 4 * 3 and len(np.unique(shown.subjects)) == 8
    assert (np.bincount(people) == 12).all()
    assert 6 not in shown.labels  # the first frame of a recording is neutral


def test_people_on_both_sides_are_tested_on_the_last_of_three(faces):
    people = faces[2]
    asked = folds.sides_of([1] + [0] * 6 + [2], people)
    assert np.flatnonzero(asked & (people == 0)).tolist() == [2, 5, 8, 11]
    assert asked[people == 7].all() and not asked[(people > 0) & (people < 7)].any()


@pytest.mark.browser
class TestWhatThePageComputes:
    @pytest.mark.parametrize("where", WHERE)
    def test_the_nearest_face_is_the_chapters(self, browser, faces, where):
        shown, x, people = faces
        known = {
            "people": people.tolist(),
            "labels": shown.labels.tolist(),
            "frames": 3,
        }
        known["order"] = folds.neighbours(x).ravel().tolist()
        (page,) = call(browser, "folds", "tested", [[where, known]])
        rows, right = by_hand(faces, where)
        assert [one["right"] for one in page] == right.tolist()
        assert [one["who"] for one in page] == people[rows].tolist()
        familiar = (np.asarray(where)[people[rows]] == 1).tolist()
        assert [one["familiar"] for one in page] == familiar

    def test_the_interval_is_that_over_people(self, browser, explorers):
        draw = np.random.default_rng(0)
        for count in (2, 5, 8):
            people = np.sort(draw.integers(0, count, 40))
            right = draw.random(40) < 0.4 + 0.05 * people
            told_by = [
                {"who": int(who), "right": bool(one)}
                for who, one in zip(people, right, strict=True)
            ]
            quantiles = explorers("folds").data["quantiles"]
            (page,) = call(browser, "folds", "overPeople", [[told_by, quantiles]])
            expected = over_people(right, people)
            assert page["accuracy"] == pytest.approx(expected["accuracy"])
            assert page["limits"] == pytest.approx(expected["accuracy_ci95"], abs=1e-4)
        (alone,) = call(browser, "folds", "overPeople", [[told_by[:1], quantiles]])
        assert alone["limits"] is None


@pytest.mark.browser
class TestDriven:
    NAME = "folds"

    def sentence(self, faces, where):
        rows, right = by_hand(faces, where)
        return f"for {100 * right.mean():.0f} % of {len(rows)} test faces"

    def boxes(self, browser):
        return [
            len(one.find_elements("css selector", "button"))
            for one in find_all(browser, ".w-chips")
        ]

    def test_buttons_deal_everybody(self, browser, opened, faces):
        opened("")
        assert self.sentence(faces, WHERE[0]) in told(browser)
        assert "None of them stands in training" in told(browser)
        press(browser, "split picture by picture")
        assert self.boxes(browser) == [0, 8, 0]
        assert self.sentence(faces, [1] * 8) in told(browser)
        assert "8 of them stand in training, too" in told(browser)
        share = float(re.search(r"for (\d+)", told(browser))[1])
        press(browser, "split by person")
        assert share - float(re.search(r"for (\d+)", told(browser))[1]) > 20

    @pytest.mark.parametrize("width", [1280, 390])
    def test_a_person_is_dragged_to_another_box(self, browser, opened, faces, width):
        opened("", width=width)
        person = find(browser, "[data-person='7']")
        target = find_all(browser, ".w-side")[1]
        ActionChains(browser).drag_and_drop(person, target).perform()
        assert self.boxes(browser) == [6, 1, 1]
        where = [0] * 6 + [2, 1]
        assert self.sentence(faces, where) in told(browser)
        assert "person 8: Both sides" in person.accessible_name
        assert "deal:0,0,0,0,0,0,2,1" in browser.current_url

    def test_taps_and_keys_take_a_person_on_and_empty_sides_are_named(
        self, browser, opened, faces
    ):
        opened("")
        find(browser, "[data-person='7']").click()  # from test to training
        assert self.boxes(browser) == [7, 0, 1]
        find(browser, "[data-person='6']").send_keys(Keys.ENTER)
        assert self.boxes(browser) == [8, 0, 0]
        assert told(browser) == "Nobody is left to be tested."
        browser.switch_to.active_element.send_keys(Keys.ENTER)
        assert self.boxes(browser) == [7, 1, 0]
        assert self.sentence(faces, [0] * 6 + [1, 0]) in told(browser)
        assert "of 1 person." in told(browser)
        opened("deal:2,2,2,2,2,2,2,2")
        assert told(browser) == "Nobody is left to learn from."
