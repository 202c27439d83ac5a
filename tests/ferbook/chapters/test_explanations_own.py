"""Tables of chapter 11 on the networks' own parts, from a study that is known."""

import numpy as np
import pytest
from planted_studies import column, planted_study

from ferbook.chapters.explanations import own
from ferbook.study import report as told


@pytest.fixture(scope="module")
def study():
    return planted_study()


def test_regions_and_branches(study):
    table = own.region_table(study)
    assert len(table.rows) == 4  # RAMN did not learn the eyes
    shares = table.rows[0][1:]
    assert shares[4].startswith("28.6 (") and shares[0].startswith("14.3 (")
    table = own.branch_table(study)
    assert len(table.rows) == 5 and table.rows[0][1] == "100 %\n mass 0.20"


def test_a_branch_without_any_map_says_so():
    study = planted_study()
    study.arrays["branch_mass"][0, :, :, 2] = np.nan
    row = own.branch_table(study).rows[0]
    assert row[3] == "100 %\n no map above zero" and row[4].endswith("mass 0.20")


def test_attention_by_place():
    study = planted_study(spread=0)
    table = own.attention_table(study)
    ramn = {place: column(table, place)["RAMN"] for place in ("mouth", "eyes")}
    assert ramn["mouth"].startswith("0.40 (0.40") and ramn["eyes"] == ""
    assert column(table, "eyes")["Deep-Emotion"].startswith("0.40 (0.40")


def test_the_window_beside_the_picture():
    study = planted_study()
    study.arrays["window"][:, 0] = (0.9, 0.6)
    table = own.window_table(study)
    assert len(table.rows) == 5
    mouth = {name: column(table, name)[told.PLACES["mouth"]] for name in table.header}
    assert mouth["Of the evidence"].startswith("90.0 (90.0 to 90.0")
    assert mouth["Of the picture"].startswith("60.0 (")
    assert mouth["Difference"].startswith("30.0 (")


def test_landmarks_before_and_after(study):
    table = own.landmark_table(study)
    cell = column(table, "nose")[told.PLACES["jaw"]]
    assert cell == "2.0 to 5.0\n 3.0 (3.0 to 3.0)"


@pytest.mark.parametrize("name", ["region", "branch", "window", "landmark"])
def test_a_part_that_is_missing_or_learned_nothing_is_told(name):
    make = getattr(own, f"{name}_table")
    study = planted_study()
    study.arrays["correct"][:] = 0
    assert "learned a task" in make(study).text()
    for lost in ("theta", "branch_mass", "window", "landmark_error"):
        del study.arrays[lost]
    assert "is in this study" in make(study).text()
