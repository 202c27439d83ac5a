"""The explorer of RAMN's sweeps: against planted records, and driven."""

from itertools import pairwise

import numpy as np
import pytest
from planted_explorers import N, run_of
from widget_pages import find_all, numbers, put, texts, told

from fer_lib.evaluation.intervals import wilson_interval
from ferbook.ledger.statistics import crossed
from ferbook.widgets import sweep_explorer, sweeps
from ferbook.widgets.sweeps import VARIED


def groups_of(records):
    return sweep_explorer(records).data["groups"]


class TestGroups:
    def test_what_differs_in_more_than_the_variant_stands_apart(self):
        records = [
            run_of("beta", 70), run_of("beta", 80, seed=1), run_of("default", 60),
            run_of("beta_0.01", 60, epochs=60), run_of("softmax", 99),
            run_of("beta_0.03", 50, dataset="fer2013"),
            run_of("beta_0.04", 50, dataset="fer2013", preset="small"),
        ]  # fmt: skip
        told = {one["label"]: set(one["runs"]) for one in groups_of(records)}
        assert told == {
            "rendered faces, preset smoke, 16 epochs": {"beta", "default"},
            "rendered faces, preset smoke; changed: epochs 60, 60 epochs": {
                "beta_0.01"
            },
            "FER2013, preset smoke, 16 epochs": {"beta_0.03"},
            "FER2013, preset small, 4 epochs": {"beta_0.04"},
        }
        keys = [one["key"] for one in groups_of(records)]
        assert len(set(keys)) == 4
        assert keys[0] == groups_of(records[2:3])[0]["key"]  # links stay good


class TestAccuracies:
    def test_gaps_are_paired_over_the_seeds_that_both_have(self):
        draw = np.random.default_rng(1)
        right = draw.random((4, N)) < 0.5
        records = [
            run_of("beta", right[0]), run_of("beta", right[1], seed=1),
            run_of("beta_0.01", right[2], seed=1),
            run_of("beta_0.01", right[3], seed=2),
            run_of("beta_0.03", 70, seed=3), run_of("omega_1", 70),
        ]  # fmt: skip
        gaps = groups_of(records)[0]["gaps"]
        expected = crossed(right[2], right[1])
        limits = [expected.mean, expected.low, expected.high]
        np.testing.assert_allclose(
            gaps["beta"]["beta_0.01"]["points"], limits, atol=6e-6
        )
        assert gaps["beta"]["beta_0.01"]["seeds"] == 1
        assert "beta_0.03" not in gaps["beta"] and "beta" not in gaps["beta"]
        assert "omega" not in gaps  # its best was not run


class TestMeasures:
    def test_they_are_of_the_first_run_that_kept_them(self):
        lead = np.linspace(-0.1, 0.1, N)
        records = [
            run_of("beta_0.04", 70, seed=0),
            run_of("beta_0.04", 70, seed=1, lead=np.full(N, np.nan)),
            run_of("beta_0.04", 70, seed=2, lead=lead),
            run_of("beta_0.04", 70, seed=3, lead=0 * lead),
        ]
        found = sweeps.measures(records)
        assert (found["seed"], found["beta"]) == (2, 0.04)
        np.testing.assert_allclose(found["lead"], lead, atol=5e-4)
        assert sweeps.measures(records[:2]) is None

    @pytest.mark.parametrize("spread", [0.004, 0.05, 0.6])
    def test_every_face_is_in_one_bar_and_in_the_right_one(self, spread):
        draw = np.random.default_rng(2)
        records = [run_of(v, 70, lead=draw.uniform(-spread, spread / 2, N))
                   for v in ("beta", "beta_0.03")]  # fmt: skip
        group = groups_of(records)[0]
        assert group["bars"]["near"] == {"start": -0.05, "width": 0.005, "count": 30}
        wide = group["bars"]["wide"]
        end = wide["start"] + wide["count"] * wide["width"]
        assert wide["start"] <= -0.01 and end >= 0.05 - 1e-9 and wide["count"] <= 41
        for record in records:
            lead = sweeps.measures([record])["lead"]
            told = group["runs"][record.variant]["lead"]
            for name, bars in group["bars"].items():
                edges = bars["start"] + bars["width"] * np.arange(bars["count"] + 1)
                edges = [-np.inf, *(edges - 1e-9), np.inf]
                expected = [
                    ((lead >= a) & (lead < b)).sum() for a, b in pairwise(edges)
                ]
                assert told["counts"][name] == expected
                assert sum(expected) == N
            assert told["met"] == round(np.mean(lead >= record.config["beta"]), 4)
            assert told["median"] == round(float(np.median(lead)), 4)
        outside = group["runs"]["beta"]["lead"]["counts"]["wide"]
        assert outside[0] + outside[-1] <= 2


class TestWidget:
    def test_the_table_for_print_tells_what_is_missing(self):
        lead = np.where(np.arange(N) < 35, 0.5, 0)
        widget = sweep_explorer([run_of("beta", 70, lead=lead), run_of("omega_4", 7)])
        rows = {row[1]: row[2:] for row in widget.fallback.rows}
        assert list(rows) == [
            "no R-loss", "β = 0", "β = 0.01", "β = 0.02", "β = 0.03", "β = 0.04",
            "no C-loss", "ω = 1", "ω = 2", "ω = 3", "ω = 4",
        ]  # fmt: skip
        low, high = (100 * x for x in wilson_interval(70, N))
        told = f"50.0 % ({low:.1f}–{high:.1f})\n n = 140, seeds 0"
        assert (
            rows["β = 0.02"] == rows["no C-loss"] == (told, "25.0 % of faces\n seed 0")
        )
        assert rows["ω = 4"][1] == "not kept"
        assert rows["ω = 3"] == ("no run recorded", "")
        assert "β = 0.02 (Figure 4(a)" in widget.fallback.note


@pytest.fixture(scope="module")
def widget(explorers):
    return explorers("sweeps")


@pytest.mark.browser
class TestInABrowser:
    NAME = "sweeps"

    @pytest.fixture(autouse=True)
    def first(self, opened):
        opened("")

    def test_what_is_said_of_every_value_is_the_record(self, browser, widget):
        group, words = widget.data["groups"][0], set()
        for name, sweep in VARIED.items():
            put(browser, sweep=name)
            best = widget.data["sweeps"][name]["best"]
            for variant, value in sweep["values"]:
                put(browser, **{name: value})
                said = told(browser)
                if variant == "beta_0.03":
                    assert said == "No run with β = 0.03 is recorded here."
                    continue
                run = group["runs"][variant]
                low, high = (100 * limit for limit in run["limits"])
                assert said.startswith(f"{sweep['symbol']} = {value:g}")
                assert f"{100 * run['share']:.1f} % of n = 140 test faces" in said
                assert f"interval {low:.1f} to {high:.1f}; mean of seeds 0, 1)" in said
                assert ("the paper's best (Figure 4(" in said) == (value == best)
                if value != best:
                    gap = 100 * np.array(group["gaps"][name][variant]["points"])
                    mean, low, high = (f"{x:+.1f}".replace("-", "−") for x in gap)
                    assert f"{mean} points ({low} to {high})" in said
                    sign = int(gap[1] > 0) - int(gap[2] < 0)
                    word = {1: "better", -1: "worse", 0: "undecided"}[sign]
                    assert said.endswith(f"{word}.")
                    words.add(word)
        assert words == {"better", "worse", "undecided"}

    @pytest.mark.parametrize("near", [False, True])
    def test_bars_are_the_counts(self, browser, widget, near):
        put(browser, beta=0.01)
        if near:
            put(browser, near=True)
        lead = widget.data["groups"][0]["runs"]["beta_0.01"]["lead"]
        counts = np.array(lead["counts"]["near" if near else "wide"])
        assert counts[0] != counts[-1] or not near  # or the words show nothing
        heights = [numbers(bar, "height")[0] for bar in find_all(browser, "[data-bar]")]
        shares = counts[1:-1] / counts[1:-1].sum()
        np.testing.assert_allclose(heights / np.sum(heights), shares, atol=1e-9)
        note = texts(browser, ".w-note")[1]
        assert f"{100 * lead['met']:.1f} % of n = 140 faces lead by β = 0.01" in note
        assert f"{counts[0]} to the left, {counts[-1]} to the right" in note
        assert "Orange: no R-loss." in note and find_all(browser, "[data-outline]")
