"""The experiments of the data chapter, where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_faces import recordings, web_faces
from scipy.stats import ttest_1samp
from sklearn.linear_model import Ridge

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.metrics import accuracy, mean_class_accuracy, summarize
from fer_lib.expressions import EXPRESSIONS
from ferbook.chapters.faces import traps, traps_labels
from ferbook.kit.quick_classifier import features, nearest, one_hot, ridge


@pytest.fixture
def recorded() -> FaceSet:
    return recordings()


@pytest.fixture
def faces() -> FaceSet:
    return web_faces()


def told(cell: str) -> tuple[float, int]:
    """Share and n of a cell such as ``50.0 % (15.0-85.0), n = 4``."""
    n = cell.split("n = ")[1].split(" ")[0].replace(",", "")
    return float(cell.split(" %")[0]) / 100, int(n)


class TestClassifier:
    @pytest.mark.parametrize("columns", [5, 60])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_ridge_is_ridge_whichever_system_is_smaller(self, columns, weighted):
        rng = np.random.default_rng(0)
        known, asked = rng.normal(size=(40, columns)), rng.normal(size=(9, columns))
        targets = one_hot(rng.integers(0, 3, 40), 3)
        weights = rng.integers(1, 4, 40) / 1.0
        share = weights / weights.mean() if weighted else np.ones(40)
        centred = known - np.average(known, axis=0, weights=share)
        penalty = 0.3 * (share[:, None] * centred**2).sum() / 40
        oracle = Ridge(alpha=penalty).fit(known, targets, sample_weight=share)
        found = ridge(
            known, targets, asked, weights=weights if weighted else None, strength=0.3
        )
        np.testing.assert_allclose(found, oracle.predict(asked), atol=1e-10)

    def test_the_nearest_row_answers(self):
        rng = np.random.default_rng(0)
        known, asked = rng.normal(size=(30, 4)), rng.normal(size=(20, 4))
        targets = one_hot(np.arange(30), 30)
        for row, found in zip(asked, nearest(known, targets, asked), strict=True):
            apart = [np.linalg.norm(row - other) for other in known]
            assert found.argmax() == np.argmin(apart)

    def test_features_ignore_contrast(self, faces):
        bright = faces.images[:2] // 2 * 2
        found = features(bright)
        assert found.shape == (2, 1568)
        np.testing.assert_allclose(features(bright // 2), found, atol=1e-3)


class TestPeople:
    def test_memory_of_recordings_works_only_where_they_are_on_both_sides(
        self, recorded
    ):
        """Features that name the recording, and say nothing else."""
        x = one_hot(np.unique(recorded.sequences, return_inverse=True)[1], 70)
        blind, by_person = traps.COMPARED["lab"]
        rows, right = traps.tested(recorded, x, blind, nearest)
        assert len(np.unique(rows)) == len(rows) == 210
        # Both other frames may be in the part that selects.
        assert right.mean() > 0.9
        rows, right = traps.tested(recorded, x, by_person, nearest)
        assert len(np.unique(rows)) == len(rows) == 210
        assert right.mean() < 0.3

    def test_interval_is_students_for_people_of_equal_weight(self):
        rng = np.random.default_rng(0)
        people = np.repeat(np.arange(8), 25)
        right = rng.random(200) < np.repeat(rng.random(8), 25)
        found = traps.over_people(right, people)
        means = right.reshape(8, 25).mean(1)
        expected = ttest_1samp(means, 0).confidence_interval(0.95)
        np.testing.assert_allclose(found["accuracy_ci95"], expected)
        assert (found["n"], found["people"]) == (200, 8)
        shuffled = rng.permutation(200)
        assert traps.over_people(right[shuffled], people[shuffled]) == found

    def test_panels_have_a_row_for_each_fold(self, recorded, faces):
        drawn = {"lab": recorded, "wild": faces}
        compared = {"lab": traps.COMPARED["lab"]}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(traps, "COMPARED", compared)
            found = traps.panels(drawn)
        assert [uses.shape for uses, _ in found.values()] == [
            (10, 280), (10, 280), (1, 210), (1, 210),
        ]  # fmt: skip


class TestChoosing:
    def test_networks_depend_on_the_seed_alone(self, faces):
        x = features(faces.images)
        first, same = (traps.tries(faces, x, count=3, width=8) for _ in range(2))
        other = traps.tries(faces, x, count=3, width=8, seed=1)
        np.testing.assert_array_equal(first.right, same.right)
        assert first.right.shape == (3, 140)
        assert (first.right != other.right).any()
        assert (first.right[0] != first.right[1]).any()
        rows = traps.choice_rows(first)
        best = max(first.accuracy("PrivateTest"))
        assert told(rows[2]["accuracy on PrivateTest"])[0] == pytest.approx(
            best, abs=1e-3
        )
        assert all(told(row["accuracy on PrivateTest"])[1] == 70 for row in rows)

    def test_the_best_of_many_coins_promises_too_much(self):
        rng = np.random.default_rng(0)
        right, people = rng.random((64, 300)) < 1 / 7, np.arange(300) // 10
        gaps = traps.optimism(right, people, (1, 64)).mean(1)
        # The best of 64 normal deviates lies 2.4 standard errors up.
        assert abs(gaps[0]) < 0.01
        assert gaps[1] == pytest.approx(2.4 * np.sqrt(6 / 49 / 150), rel=0.3)

    def test_real_differences_are_no_luck(self):
        """One network is right on every face: choosing it costs nothing."""
        right = np.zeros((5, 100), bool)
        right[3] = True
        gaps = traps.optimism(right, np.arange(100) // 5, (5,))
        assert not gaps.any()


def test_copies_are_found_by_what_was_done_to_them(faces):
    rows = traps.planted_rows(faces, features(faces.images), 0.1)
    rows = {row.pop("change to the copy"): row for row in rows}
    same, mirrored = rows["none, to the byte"], rows["mirrored"]
    assert all(row["copies"] == 14 for row in rows.values())
    assert same["found byte by byte"] == same["found by hash"] == 14
    assert rows["brighter by 12 levels"]["found byte by byte"] == 0
    assert rows["JPEG, quality 40"]["found byte by byte"] == 0
    assert mirrored["found by hash"] == 0
    # Noise cannot be learned, only remembered.
    before, after = (told(same[key]) for key in ("without copies", _COPIED))
    assert before[1] == after[1] == 14 and before[0] < 0.5 < after[0]


_COPIED = "accuracy on the copied"


class TestLabels:
    def test_one_network_is_judged_by_every_rule(self, faces):
        rows = traps_labels.vote_rows(faces, features(faces.images))
        assert [row["protocol"] for row in rows][:2] == ["official", "ferplus_argmax7"]
        for row in rows:  # raters who agree with the labels change nothing
            assert row["trained on"] == "70"
            assert told(row["labels that name what is shown"]) == (1.0, 140)
            fixed = told(row["one network, tested by each rule"])
            assert fixed == told(rows[0]["trained and tested by this rule"])

    def test_counts_of_the_rules(self, faces):
        votes = faces.votes.copy()
        votes[0] = [0, 0, 0, 0, 0, 0, 0, 10, 0, 0]  # contempt
        votes[1] = [5, 5, 0, 0, 0, 0, 0, 0, 0, 0]  # no majority
        rows = {
            (row["rule"], row["classes"]): row["Training"]
            for row in traps_labels.rule_rows(replace(faces, votes=votes))
        }
        assert rows["argmax", 7] == rows["argmax", 8] == "70"
        assert rows["majority", 8] == "69" and rows["majority", 7] == "68"
        assert rows["multitarget", 8] == "70" and rows["multitarget", 7] == "69"

    def test_examples_are_of_their_kind(self, faces):
        votes = faces.votes.copy()
        votes[5] = [5, 5, 0, 0, 0, 0, 0, 0, 0, 0]
        votes[8] = [10, 0, 0, 0, 0, 0, 0, 0, 0, 0]  # disgust is shown
        rows, titles = traps_labels.vote_examples(replace(faces, votes=votes))
        kinds = dict(zip(rows, (t.split("\n")[0] for t in titles), strict=True))
        assert kinds == {0: "all agree", 5: "two expressions", 8: "mistaken"}

    def test_contempt_leaves_the_test_or_is_lost(self, recorded, monkeypatch):
        """Features that name the expression: nothing but contempt is missed."""
        x, contempt = one_hot(recorded.labels, 8), []

        def noted(known, targets, asked):
            contempt.append(targets[:, 7].any())
            return ridge(known, targets, asked)

        monkeypatch.setattr(traps_labels, "ridge", noted)
        rows = traps_labels.class_rows(recorded, x)
        assert contempt == [True, False] * 10  # both networks of every fold
        n = [told(row["accuracy"])[1] for row in rows]
        assert n == [280, 250, 250, 250, 280]
        shares = [told(row["accuracy"])[0] for row in rows]
        assert shares[:4] == [1, 1, 1, 1]
        assert shares[4] == pytest.approx(250 / 280, abs=1e-3)


class TestMetrics:
    def test_the_same_recalls_under_other_mixtures(self):
        rng = np.random.default_rng(0)
        labels = rng.integers(0, 7, 500) ** 2 // 6  # uneven
        scores = {"guess": rng.normal(size=(500, 7)) + 2 * one_hot(labels, 7)}
        confusion = np.array(summarize(scores["guess"], labels)["confusion"])
        own = np.bincount(labels, minlength=7)
        tests = {"own": (*own, 0), "even": (own > 0).astype(int)}
        (row,) = traps_labels.expected_rows(scores, labels, tests)
        assert told(row["own"])[0] == pytest.approx(accuracy(confusion), abs=1e-3)
        even = mean_class_accuracy(confusion)
        assert told(row["even"])[0] == pytest.approx(even, abs=1e-3)

    def test_three_kinds_of_answers(self, faces):
        labels = faces.labels.copy()
        labels[labels < 2] = EXPRESSIONS.index("happy")
        labels[:2] = 0, 1  # so that every class is learned
        faces = replace(faces, labels=labels)
        scores, asked = traps_labels.skewed_scores(faces, features(faces.images))
        rows = {row["answers"]: row for row in traps_labels.metric_rows(scores, asked)}
        assert next(iter(rows)) == "always happy"
        always = rows["always happy"]
        assert told(always["overall accuracy"])[0] == pytest.approx(3 / 7, abs=1e-3)
        assert told(always["mean-class accuracy"])[0] == pytest.approx(1 / 5, abs=1e-3)
        alike = scores["ridge, all classes alike"].argmax(1)
        assert (alike == 3).sum() < (
            scores["ridge, all faces alike"].argmax(1) == 3
        ).sum()
