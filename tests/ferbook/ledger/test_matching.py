"""Folds, members of an ensemble, measures, and seeds that are paired."""

import numpy as np
import pytest
from judged_runs import LABELS, PAPER, claim_of, right, seeds_of

from fer_lib.errors import FerError
from ferbook.ledger.claims import Answer, Term
from ferbook.ledger.matching import all_wanted, matching, protocols_of
from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import judge

FOLDED = "ckplus_last3"


def _fold_claim(**changed):
    about = {
        "id": "deep_emotion.ckplus.accuracy",
        "dataset": "ckplus",
        "protocol": FOLDED,
        "answered_by": (Answer(FOLDED, split="Test"),),
        "n": 550,
    }
    return claim_of(**about | changed)


def _folds(make_record, hits, *, seed=0, variant="default", leave=()):
    """A run a fold: fold k has 10 (k + 1) faces, of which some are right."""
    return [
        make_record(
            labels=np.arange(10 * (k + 1)) % 7,
            correct=np.arange(10 * (k + 1)) < hits[k],
            dataset="ckplus",
            protocol=f"{FOLDED}-fold{k}",
            split="Test",
            seed=seed,
            variant=variant,
            selection={"split": "Selection", "epoch": 1, "metric": "accuracy"},
        )
        for k in range(10)
        if k not in leave
    ]


def test_folds_are_averaged_as_the_papers_do(make_record):
    hits = [5 * (k + 1) for k in range(9)] + [100]
    runs = _folds(make_record, hits)
    (reading,) = judge(_fold_claim(), PAPER, runs).readings
    assert reading.found.mean == pytest.approx((9 * 0.5 + 1.0) / 10)
    assert reading.found.n == 550 and reading.seeds == (0,)
    assert len(reading.records) == 10
    assert [d.item for d in reading.departures] == []
    assert reading.at_scale


def test_recalls_are_of_all_folds_together(make_record):
    runs = _folds(make_record, [10 * (k + 1) for k in range(9)] + [0])
    claim = _fold_claim(metric="recall.angry", n=83)
    (reading,) = judge(claim, PAPER, runs).readings
    angry = [sum(i % 7 == 0 for i in range(10 * (k + 1))) for k in range(10)]
    assert reading.found.mean == pytest.approx(sum(angry[:9]) / sum(angry))
    assert reading.found.n == sum(angry)


def test_a_seed_without_all_folds_says_nothing(make_record):
    hits = [5 * (k + 1) for k in range(10)]
    whole = _folds(make_record, hits)
    part = _folds(make_record, hits, seed=1, leave=(3,))
    assert judge(_fold_claim(), PAPER, part).readings == ()
    (reading,) = judge(_fold_claim(), PAPER, whole + part).readings
    assert reading.seeds == (0,)


def test_the_order_of_the_records_does_not_matter(make_record):
    runs = _folds(make_record, [5 * (k + 1) for k in range(10)])
    ((first,), (second,)) = (
        matching(some, _fold_claim(), Answer(FOLDED)) for some in (runs, runs[::-1])
    )
    assert first == second
    assert [r.protocol for r in first] == list(protocols_of(Answer(FOLDED)))
    assert protocols_of(Answer("official")) == ("official",)


def test_folds_are_compared_face_by_face(make_record):
    runs = []
    for share, variant in ((8, "default"), (6, "plain")):
        hits = [share * (k + 1) for k in range(10)]
        for seed in range(3):
            runs += _folds(make_record, hits, seed=seed, variant=variant)
    claim = _fold_claim(kind="difference", value="20", unit="points", against="plain")
    found = judge(claim, PAPER, runs)
    assert found.verdict == Verdict.REPRODUCED
    pair = found.readings[0].found
    assert (pair.n, pair.mean) == (550, pytest.approx(0.2))


def test_members_of_one_run_are_ordered(make_record):
    members = {"mouth": right(0.9), "eyes": right(0.7), "nose": right(0.4)}
    runs = seeds_of(make_record, correct=right(0.8), members=members)
    names = ("mouth", "eyes", "nose")
    order = tuple(Term(view=f"member.{name}") for name in names)
    claim = claim_of("order", order=order)
    assert judge(claim, PAPER, runs).verdict == Verdict.REPRODUCED
    claim = claim_of("order", order=order[::-1])
    assert judge(claim, PAPER, runs).verdict == Verdict.NOT_REPRODUCED
    claim = claim_of(value="70", answered_by=(Answer("official", view="member.eyes"),))
    assert judge(claim, PAPER, runs).readings[0].found.mean == pytest.approx(0.7)


def test_a_member_needs_a_plain_name(make_record):
    with pytest.raises(FerError, match=r"is 'member\.a b', expected match pattern"):
        make_record(labels=LABELS, correct=right(0.8), members={"a b": right(0.5)})


def _measured(make_record, rng, **changed):
    before = rng.uniform(0.02, 0.06, 700)
    measures = {"before": before, "after": before + rng.normal(-0.004, 0.01, 700)}
    return seeds_of(make_record, correct=right(0.8), measures=measures, **changed)


def test_measures_are_ordered(make_record):
    runs = _measured(make_record, np.random.default_rng(0))
    order = (Term(measure="before"), Term(measure="after"))
    found = judge(claim_of("order", order=order), PAPER, runs)
    assert found.verdict == Verdict.REPRODUCED
    assert found.readings[0].found.mean == pytest.approx(0.004, abs=1e-3)
    found = judge(claim_of("order", order=order[::-1]), PAPER, runs)
    assert found.verdict == Verdict.NOT_REPRODUCED


def test_one_measure_of_two_variants(make_record):
    rng, runs = np.random.default_rng(0), []
    for variant, mean in (("default", 0.5), ("plain", 0.4)):
        measures = {"heat": rng.normal(mean, 0.1, 700)}
        about = {"correct": right(0.8), "variant": variant, "measures": measures}
        runs += seeds_of(make_record, **about)
    names = ("default", "plain")
    order = tuple(Term(variant=name, measure="heat") for name in names)
    claim = claim_of("order", order=order)
    assert judge(claim, PAPER, runs).verdict == Verdict.REPRODUCED
    assert judge(claim, PAPER, runs[:3]).verdict == Verdict.NOT_RUN


def test_a_run_without_the_measure_is_told(make_record):
    record = make_record(labels=LABELS, correct=right(0.8))
    claim = claim_of("order", order=(Term(measure="before"), Term(measure="after")))
    found = judge(claim, PAPER, [record])
    assert found.verdict == Verdict.NOT_RUN
    assert "no array 'PrivateTest/measures/before'" in found.left_out[record]


def test_only_seeds_of_both_sides_are_compared(make_record):
    claim = claim_of("difference", value="10", unit="points", against="plain")
    runs = [
        make_record(labels=LABELS, correct=right(share), variant=variant, seed=seed)
        for variant, seed, share in (
            ("default", 0, 0.8),
            ("default", 1, 0.1),
            ("plain", 0, 0.7),
            ("plain", 2, 0.1),
        )
    ]
    (reading,) = judge(claim, PAPER, runs).readings
    assert reading.seeds == (0,) and reading.found.mean == pytest.approx(0.1)
    assert judge(claim, PAPER, runs[1:3]).readings == ()


def test_recall_of_two_variants(make_record):
    happy, runs = LABELS == 3, []
    for variant, share in (("default", 0.9), ("plain", 0.4)):
        correct = np.where(happy, right(share), right(1 - share))
        runs += seeds_of(make_record, correct=correct, variant=variant)
    order = (Term(variant="default"), Term(variant="plain"))
    claim = claim_of("order", metric="recall.happy", order=order)
    found = judge(claim, PAPER, runs)
    assert found.verdict == Verdict.REPRODUCED
    assert found.readings[0].found.n == 100
    other = claim_of("order", metric="recall.sad", order=order)
    assert judge(other, PAPER, runs).verdict == Verdict.NOT_REPRODUCED


def test_a_variant_of_another_recipe_is_compared(make_record):
    ours = seeds_of(make_record, correct=right(0.8))
    about = {"correct": right(0.7), "paper": "comparison", "variant": "vgg19"}
    theirs = seeds_of(make_record, **about)
    about = {"value": "10", "unit": "points", "against": "comparison/vgg19"}
    claim = claim_of("difference", **about)
    assert judge(claim, PAPER, ours + theirs).verdict == Verdict.REPRODUCED
    own = make_record(labels=LABELS, correct=right(0.7), variant="vgg19")
    assert not judge(claim, PAPER, [*ours, own]).readings
    (answer,) = claim.answered_by
    found = {(run.paper, run.variant) for run in all_wanted(claim, answer)}
    assert found == {("deep_emotion", "default"), ("comparison", "vgg19")}


def test_what_an_answer_needs_is_told_once():
    order = tuple(Term(view=f"member.{name}") for name in ("mouth", "eyes"))
    claim = _fold_claim(kind="order", order=order)
    runs = all_wanted(claim, claim.answered_by[0])
    assert [run.protocol for run in runs] == [f"{FOLDED}-fold{k}" for k in range(10)]
    assert {run.dataset for run in runs} == {"ckplus"}
