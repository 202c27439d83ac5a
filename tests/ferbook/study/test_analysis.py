"""Statistics against cases that are known: planted effects, none, and hand."""

import json
import re

import numpy as np
import pytest
from planted_records import SETTINGS, made, on_photographs
from scipy.stats import false_discovery_control, mannwhitneyu

from fer_lib.errors import FerError
from ferbook.runs.paths import repository_root
from ferbook.study.analysis import answers, area, drawn, holm, interval_of, records_of
from ferbook.study.cell import RIVALS, ROWS
from ferbook.study.paper import results
from ferbook.study.plan import HYPOTHESES, RANK, frozen
from ferbook.study.record import digest, records_folder
from ferbook.study.settings import Cell
from ferbook.study.standing import places, standings

DRAWS = 300


def test_a_planted_effect_is_confirmed_and_its_opposite_contradicted():
    found = {a.hypothesis.key: a for a in answers(made(
        {"smooth_grad": 0.2, "grad_cam": -0.2, "attention": 0.1}), DRAWS)}  # fmt: skip
    assert found["H1"].word == found["H2"].word == "confirmed"
    assert found["H3"].word == "contradicted"
    assert found["H4"].word == found["H5"].word == "confirmed"
    assert found["H1"].found.mean == pytest.approx(0.2, abs=0.02)
    assert found["H1"].against in RIVALS
    assert found["H10"].word == "undecided"
    assert {"H8", "H9"}.isdisjoint(found), "no record speaks of these"


def test_one_strong_rival_is_enough_to_lose():
    told = made({"smooth_grad": 0.2, "mean_parts": 0.3})
    [one] = [a for a in answers(told, DRAWS) if a.hypothesis.key == "H1"]
    assert one.against == "mean_parts" and one.word == "contradicted"
    assert one.p > 0.9


def test_nothing_is_seldom_confirmed():
    told = [answers(made(seed=seed), 150) for seed in range(12)]
    words = [one.word for each in told for one in each]
    assert words.count("confirmed") <= 1


def test_shortcuts_are_held_against_the_weakest():
    told = made({}, conditions=("fair", "tied75", "tied90", "tied100"), seeds=1)
    [one] = [a for a in answers(told, DRAWS) if a.hypothesis.key == "H9"]
    assert one.found.mean == pytest.approx(0.05, abs=0.02)
    assert one.p < 0.05 and one.found.low > 0


@pytest.mark.parametrize(("sign", "word"), [(1, "confirmed"), (-1, "contradicted")])
def test_rendered_faces_foretell_photographs_or_not(sign, word):
    order = np.linspace(0, 0.3, len(ROWS))
    tied = dict(zip(ROWS, order, strict=True))
    photographs = list(on_photographs(sign * order))
    told = made(tied, conditions=("tied75", "tied100"), photographs=photographs)
    assert told.values["photos100"]["cue_mass"].shape[1:] == (4, 6, 1, 80)
    [one] = [a for a in answers(told, DRAWS) if a.hypothesis.key == "H11"]
    assert -1.5 <= one.found.low <= one.found.mean <= one.found.high <= 0.5
    assert one.word == word
    assert one.found.mean == pytest.approx(sign - 0.5, abs=0.05)
    # Without one of the two it is not asked.
    for without in (made(tied), made(photographs=photographs)):
        assert "H11" not in {a.hypothesis.key for a in answers(without, 20)}


def test_maps_of_networks_that_did_not_learn_are_left_out():
    told = made(learned=False)
    assert not told.learned["fair"].any()
    assert np.isnan(told.values["fair"]["unit_deletion"]).all()
    assert np.nanmax(np.abs(told.auc["fair"] - 0.5)) < 0.35


def test_drawn_means_have_the_spread_of_what_is_drawn():
    rng = np.random.default_rng(1)
    of_task = rng.normal(size=(1, 30, 1, 1, 1))
    values = np.broadcast_to(of_task, (1, 30, 4, 2, 5)).astype("f4")
    spread = drawn(values, 2000).std()
    assert spread == pytest.approx(of_task.std() / 30**0.5, rel=0.1)
    holed = values.copy()
    holed[:, :, 1, :, 2] = np.nan
    assert drawn(holed, 500).std() == pytest.approx(spread, rel=0.2)
    # One face alone decides nothing when all faces are the same.
    assert np.ptp(drawn(np.ones((2, 3, 3, 2, 4)), 50)) < 1e-6


def test_two_tables_are_drawn_alike():
    values = np.random.default_rng(2).normal(size=(1, 5, 4, 2, 6)).astype("f4")
    gap = drawn(values + 1, 100) - drawn(values, 100)
    np.testing.assert_allclose(gap, 1, atol=1e-5)


def test_an_interval_has_the_quantile_of_the_fewest():
    values = np.zeros((6, 3, 2, 4))
    means = np.random.default_rng(0).normal(0.3, 0.1, 4000)
    found, p = interval_of(0.3, means, values)
    assert found.df == 2 and found.high - found.low == pytest.approx(0.86, abs=0.03)
    assert 0.02 < p < 0.08, "three standard errors with two degrees of freedom"


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03], 3), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.01], 10), [0.1])
    assert holm([0.5, 0.9], 2).max() == 1
    values = np.array([0.001, 0.2, 0.02])
    assert (holm(values, 3) >= false_discovery_control(values)).all()
    assert len(holm([], 4)) == 0


def test_areas_are_those_of_mann_and_whitney():
    rng = np.random.default_rng(0)
    moved = rng.random(60) < 0.3
    scores = np.round(rng.normal(size=60) + moved, 1)
    share = mannwhitneyu(scores[moved], scores[~moved]).statistic
    found, low = area(scores, moved)
    assert found == pytest.approx(share / (moved.sum() * (~moved).sum()))
    assert low < found and np.isnan(area(scores, np.zeros(60, bool))).all()


def test_places_with_one_left_out():
    told = places(made({"smooth_grad": 0.2, "noise": -0.2}), "unit_deletion", DRAWS)
    assert told[0].row == "smooth_grad" and told[-1].row == "noise"
    assert told[0].without == (1, 1) and told[0].best == told[0].worst == 1
    middle = told[len(told) // 2]
    assert middle.without[0] < middle.without[1], "equal rows change places"
    assert {one.row for one in told} == set(ROWS)


def test_a_mean_of_shares_is_not_said_to_lie_outside_of_them():
    """Two networks leave Student's quantile of one degree of freedom."""
    told = made({"smooth_grad": 0.2}, seeds=2)
    told.values["fair"][RANK] = told.values["fair"][RANK].copy()
    table = told.values["fair"][RANK]
    table[:, :, 0], table[:, :, 1:] = 0.02, 0.9
    for one in places(told, RANK, DRAWS):
        assert 0 <= one.low < one.mean < one.high <= 1
    one = standings(told, RANK, ("smooth_grad",), draws=DRAWS)["smooth_grad"]
    assert 0 <= one.found.low < one.found.mean < one.found.high <= 1


def test_records_of_two_plans_do_not_mix():
    told = {"plan_sha256": "a", "plan": frozen(SETTINGS)}
    cells = [
        (Cell("fair", "ramn", k), told | {"plan_sha256": str(k)}, {}) for k in (0, 1)
    ]
    with pytest.raises(FerError, match="records of 2 plans"):
        records_of(cells, np.zeros((2, 6), bool))
    with pytest.raises(FerError, match="no record"):
        records_of([], np.zeros((2, 6), bool))


def test_hypotheses_name_rows_that_there_are():
    for one in HYPOTHESES:
        rows = {one.row, *one.others} - {""}
        if one.kind in ("orders", "foretells"):
            rows = set()
        assert rows <= set(ROWS), one.key
    assert len({one.key for one in HYPOTHESES}) == len(HYPOTHESES)


def test_the_report_has_what_it_names():
    told = made({"smooth_grad": 0.2}, seeds=2)
    found = json.loads(json.dumps(results(told, SETTINGS, 60), allow_nan=False))
    text = (repository_root() / "book/paper/report.typ").read_text(encoding="utf-8")
    for name in set(re.findall(r"told\.(\w+)", text)) - {"records"}:
        assert name in found, name
    for name in re.findall(r"#s\.(\w+)", text):
        assert name in found["settings"], name
    assert found["learned"] == {"of": 36, "number": 36}
    assert found["places"]["unit_deletion"][0]["row"] == "SmoothGrad"
    [first] = [one for one in found["answers"] if one["key"] == "H1"]
    assert first["low"] < first["mean"] < first["high"] and first["against"]


def test_the_report_is_that_of_the_records():
    """Else: python -m ferbook.study.paper, then typst compile (see its docstring)."""
    folder = repository_root() / "book/paper"
    told = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert told["records"] == digest(records_folder())
    assert told["records"].encode() in (folder / "report.pdf").read_bytes()
    assert told["cells"]["recorded"] == told["cells"]["planned"]
