"""What the explorer of RAMN's sweeps holds, against planted records."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from planted_sweeps import N, both_sweeps, run_of

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from ferbook.kit import chapter
from ferbook.ledger.claims import Claims
from ferbook.ledger.claims_file import load_claims
from ferbook.ledger.statistics import paired_difference
from ferbook.papers.ramn import make_config
from ferbook.show.tables import Sentence
from ferbook.widgets import base, sweep_explorer, sweep_measures, sweep_runs


def groups_of(records):
    return sweep_explorer(records).data["groups"]


class TestWhatIsVaried:
    def test_values_are_those_of_the_variants(self):
        for name, sweep in sweep_runs.VARIED.items():
            values = list(sweep.values.values())
            assert values == sorted(values)
            np.testing.assert_allclose(np.diff(values), sweep.step)
            for variant, value in sweep.values.items():
                assert getattr(make_config("smoke", variant), name) == value
        assert make_config("smoke", "baseline").region_weight == 0
        assert make_config("smoke", "beta").collaborative_weight == 0

    @pytest.mark.parametrize(("name", "value"), [("beta", 0.02), ("omega", 3)])
    def test_the_paper_s_best_comes_from_its_claims(self, name, value):
        sweep = sweep_runs.VARIED[name]
        variant, place = sweep_runs.claimed_best(sweep)
        assert sweep.values[variant] == value
        assert place.startswith("Figure 4") and "Section IV-D" in place

    def test_orders_without_a_top_are_refused(self, monkeypatch):
        claims = load_claims("ramn").claims
        kept = [c for c in claims if c.id.endswith(("beta_best", "rise_again"))]
        turned = [replace(c, order=c.order[::-1]) for c in kept]
        paper = Claims("ramn", "", "", (*kept, *turned), (), ())
        monkeypatch.setattr(sweep_runs, "load_claims", lambda name: paper)
        with pytest.raises(
            FerError, match=r"margin β of the R-loss leave \[\] as best"
        ):
            sweep_runs.claimed_best(sweep_runs.BETA)


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
            "rendered faces, preset smoke, 60 epochs": {"beta_0.01"},
            "FER2013, preset smoke, 16 epochs": {"beta_0.03"},
            "FER2013, preset small, 4 epochs": {"beta_0.04"},
        }
        keys = [one["key"] for one in groups_of(records)]
        assert len(set(keys)) == 4
        assert keys[0] == groups_of(records[2:3])[0]["key"]  # links stay good

    def test_the_fullest_comes_first_and_of_equals_real_faces(self):
        small = [run_of("beta", 70), run_of("beta", 70, dataset="fer2013")]
        assert [g["label"].split(",")[0] for g in groups_of(small)] == [
            "FER2013",
            "rendered faces",
        ]
        assert groups_of([*small, run_of("omega_1", 9)])[0]["label"][:8] == "rendered"

    def test_rendered_faces_and_small_networks_are_called_so(self):
        records = [run_of("beta", 70)]
        records += [
            run_of("beta", 70, dataset="fer2013", preset=p) for p in ("small", "paper")
        ]
        notes = {one["label"]: one["note"] for one in groups_of(records)}
        rendered, small, paper = (notes[label] for label in sorted(notes)[::-1])
        assert "computer graphics" in rendered and "no claim" in rendered
        sizes = "48 pixels and width 8, in the paper 224 pixels and width 64."
        assert small == f"Real faces. Here {sizes}" and paper == "Real faces."


class TestAccuracies:
    def test_a_value_is_the_mean_of_its_seeds_with_wilsons_interval(self):
        runs = groups_of([run_of("beta", 80, seed=1), run_of("beta", 70)])[0]["runs"]
        assert runs["beta"]["seeds"] == [0, 1]
        assert runs["beta"]["shares"] == [0.5, round(80 / N, 4)]
        assert runs["beta"]["share"] == round(75 / N, 5)
        limits = wilson_interval(75, N)
        np.testing.assert_allclose(runs["beta"]["limits"], limits, atol=6e-6)
        assert runs["beta"]["n"] == N

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
        expected = paired_difference(right[2], right[1])
        limits = [expected.mean, expected.low, expected.high]
        np.testing.assert_allclose(
            gaps["beta"]["beta_0.01"]["points"], limits, atol=6e-6
        )
        assert gaps["beta"]["beta_0.01"]["seeds"] == 1
        assert "beta_0.03" not in gaps["beta"] and "beta" not in gaps["beta"]
        assert "omega" not in gaps  # its best was not run

    def test_the_most_frequent_class_is_told(self):
        assert groups_of([run_of("beta", 1, n=10)])[0]["chance"] == 0.2


class TestMeasures:
    def test_they_are_of_the_first_run_that_kept_them(self):
        lead = np.linspace(-0.1, 0.1, N)
        records = [
            run_of("beta_0.04", 70, seed=0),
            run_of("beta_0.04", 70, seed=1, lead=np.full(N, np.nan)),
            run_of("beta_0.04", 70, seed=2, lead=lead),
            run_of("beta_0.04", 70, seed=3, lead=0 * lead),
        ]
        found = sweep_measures.measures(records)
        assert (found["seed"], found["beta"]) == (2, 0.04)
        np.testing.assert_allclose(found["lead"], lead, atol=5e-4)
        assert sweep_measures.measures(records[:2]) is None

    def test_a_group_without_any_has_accuracies_alone(self):
        group = groups_of([run_of("beta", 70)])[0]
        assert group["bars"] is None and group["runs"]["beta"]["lead"] is None

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
            lead = sweep_measures.measures([record])["lead"]
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

    def test_large_sets_are_sampled_alike_in_every_run(self, monkeypatch):
        monkeypatch.setattr(sweep_measures, "_MOST_FACES", 60)
        plane = np.stack([np.arange(N) / 50, np.zeros(N)], 1)
        records = [
            run_of(v, 70, lead=np.zeros(N), plane=plane + shift)
            for v, shift in (("beta", 0), ("default", 1))
        ]
        group = groups_of(records)[0]
        assert group == groups_of(records)[0]  # the page is built again
        first, second = (
            np.reshape(group["runs"][v]["plane"], (-1, 2)) for v in ("beta", "default")
        )
        assert first.shape == (60, 2) and len(np.unique(first[:, 0])) == 60
        np.testing.assert_allclose(second - first, 100, atol=1)
        faces = np.rint(first[:, 0] / 2).astype(int)  # hundredths of a fiftieth
        assert np.all(faces % 7 == group["labels"])
        (left, right), (low, high) = group["frame"]
        assert 100 * left < first.min() and 100 * right > second.max()
        assert low < 0 < 1 < high


class TestWidget:
    def test_without_runs_there_is_a_sentence(self):
        for records in ([], [run_of("softmax", 70)]):
            found = sweep_explorer(records)
            assert isinstance(found, Sentence) and "has varied" in found.text()

    def test_it_stays_small_with_many_runs_of_a_real_test_split(self):
        records = [
            record
            for preset in ("small", "student", "reduced", "paper")
            for record in both_sweeps(n=3589, dataset="fer2013", preset=preset)
        ]
        assert 100_000 < len(sweep_explorer(records).html().encode()) < base.MOST

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

    def test_it_holds_the_book_s_own_runs(self):
        records = chapter.recorded("ramn", "rendered") + chapter.recorded("ramn")
        widget = sweep_explorer(records)
        json.dumps(widget.data, allow_nan=False)
        assert "default" in widget.data["groups"][0]["runs"]
