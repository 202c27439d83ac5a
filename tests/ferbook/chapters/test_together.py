"""Networks that decide together, and a face beside its mirror image."""

from itertools import chain, combinations
from pathlib import Path

import made_records as samples
import numpy as np
import pytest

from fer_lib.evaluation.ensembles import decide
from fer_lib.evaluation.intervals import wilson_interval
from ferbook.chapters import together
from ferbook.runs.records import Record

SIZES = {"PublicTest": 42, "PrivateTest": 70}


class TestMembers:
    def parts(self):
        rng = np.random.default_rng(3)
        return [(rng.normal(size=(3, 60, 7)), rng.integers(0, 7, 60)) for _ in "ab"]

    def test_table_has_members_and_three_choices_a_rule(self):
        validation, test = self.parts()
        table = together.ensemble_table("xyz", validation, test, "noise")
        assert len(table.rows) == 3 + 2 * 3
        assert [row[0] for row in table.rows[:3]] == ["1", "2", "3"]
        hits = int((decide(test[0]) == test[1]).sum())
        low, high = (100 * limit for limit in wilson_interval(hits, 60))
        assert table.rows[3] == (
            "1, 2, 3",
            "all",
            "mean probability",
            f"{100 * (decide(validation[0]) == validation[1]).mean():.1f}",
            f"{100 * hits / 60:.1f}\n {low:.1f}–{high:.1f}",
        )
        # No other choice beats the one that peeked.
        shares = [float(row[4].split()[0]) for row in table.rows[:6]]
        assert max(shares) == shares[5]


def recorded(seed, share=0.5, flip=None, **changed):
    """A run that is right on random shares of both splits; ``flip``: mirrored."""
    rng, predictions = np.random.default_rng(seed), {}
    for split, n in SIZES.items():
        right = rng.random(n) < share
        logits, labels = samples.predictions_of(np.arange(n) % 7, right)
        logits += rng.normal(0, 0.5, logits.shape).astype(np.float16)  # no ties
        predictions[f"last/{split}/single/logits"] = logits
        predictions[f"{split}/labels"] = labels
    predictions["selected/PrivateTest/single/logits"] = logits
    if flip is not None:
        mirrored, _ = samples.predictions_of(labels, flip(right))
        predictions["selected/PrivateTest/flip/logits"] = mirrored
    content = samples.content_of(predictions, seed=seed, **changed)
    return Record(Path(f"seed{seed}.json"), content, predictions)


def accuracy(runs, split):
    """Of the mean probability, the plain way."""
    logits = np.stack([r.predictions[f"last/{split}/single/logits"] for r in runs])
    shares = np.exp(logits.astype(float))
    said = (shares / shares.sum(-1, keepdims=True)).mean(0).argmax(-1)
    return (said == np.arange(SIZES[split]) % 7).mean()


class TestRecorded:
    def test_members_are_chosen_on_validation_alone(self):
        runs = [recorded(seed, 0.3 + 0.05 * seed) for seed in range(4)]
        (found,) = together.recorded_together(runs)
        validation = [accuracy([run], "PublicTest") for run in found.runs]
        assert validation == sorted(validation, reverse=True)
        subsets = [
            list(which)
            for which in chain.from_iterable(
                combinations(found.runs, k) for k in range(1, 5)
            )
        ]
        best = max(accuracy(which, "PublicTest") for which in subsets)
        chosen = [found.runs[k] for k in found.chosen.members]
        assert accuracy(chosen, "PublicTest") == best == found.chosen.validation
        assert found.chosen.test == accuracy(chosen, "PrivateTest")
        peeked = max(accuracy(which, "PrivateTest") for which in subsets)
        assert found.peeked.test == peeked
        assert found.alone == accuracy(found.runs[:1], "PrivateTest")
        assert found.gain.mean == pytest.approx(found.chosen.test - found.alone)

    def test_other_labels_folds_and_single_runs_stand_apart(self):
        runs = [recorded(seed) for seed in range(2)]
        others = [recorded(7, protocol="ferplus_argmax7"), *map(folded, range(2))]
        (found,) = together.recorded_together([*others, *runs])
        assert set(found.runs) == set(runs)
        assert "Fewer than two" in str(together.recorded_table(others))

    def test_of_many_runs_the_best_on_validation_stand_for_choice(self):
        runs = [recorded(seed) for seed in range(11)]
        (found,) = together.recorded_together(runs)
        worst = sorted(accuracy([run], "PublicTest") for run in runs)[:3]
        kept = [accuracy([run], "PublicTest") for run in found.runs]
        assert len(kept) == 8 and min(kept) >= max(worst)

    def test_table_tells_n_interval_and_who_was_chosen(self):
        runs = [recorded(seed) for seed in range(3)]
        (found,) = together.recorded_together(runs)
        table = together.recorded_table(runs)
        (row,) = table.rows
        feigned = 100 * (found.peeked.test - found.chosen.test)
        assert f"up to {feigned:.1f} points, on 70 faces of FER2013" in table.note
        assert row[0] == "FER2013\n the data set's own labels"
        k = len(found.chosen.members)
        assert row[1] == f"{k} of 3\n {k} × Deep-Emotion"
        assert row[3].startswith(f"{100 * found.chosen.test:.1f}\n")
        assert row[3].endswith("n = 70")


def folded(fold, seed=0, **changed):
    return recorded(seed, protocol=f"jaffe_subjects-fold{fold}", **changed)


class TestMirrored:
    def test_gain_is_of_the_same_networks_over_seeds_and_faces(self):
        runs = [recorded(seed, flip=np.ones_like) for seed in range(3)]
        (found,) = together.mirrored(runs)
        shares = [run.metrics()["accuracy"] for run in runs]
        assert found.seeds == (0, 1, 2) and found.gain.n == 70
        assert found.means == pytest.approx((np.mean(shares), 1))
        assert found.gain.mean == pytest.approx(1 - np.mean(shares))
        assert found.gain.spread == pytest.approx(np.std(shares, ddof=1))

    def test_an_image_that_changes_nothing_adds_nothing_at_all(self):
        (found,) = together.mirrored(
            [recorded(seed, flip=np.copy) for seed in range(3)]
        )
        assert (found.gain.mean, found.gain.low, found.gain.high) == (0, 0, 0)

    def test_folds_count_together_of_seeds_that_have_them_all(self):
        runs = [folded(fold, seed, flip=np.copy) for fold in (0, 1) for seed in (0, 1)]
        (found,) = together.mirrored([*runs, folded(0, 2, flip=np.copy)])
        assert found.seeds == (0, 1) and found.gain.n == 140
        assert found.key.protocol == "jaffe_subjects"

    def test_sentence_counts_kinds_by_what_their_interval_says(self):
        better = [recorded(0, flip=np.ones_like)]
        worse = [recorded(0, flip=np.zeros_like, variant="no_transformer")]
        same = [recorded(0, flip=np.copy, preset="small")]
        told = str(together.mirror_tables([*better, *worse, *same]))
        assert "Of 3 kinds of runs, 1 gain by the mirror image and 1 lose" in told
        none = together.mirror_tables([recorded(0)])
        assert "No recorded run" in str(none)
