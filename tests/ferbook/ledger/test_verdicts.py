"""Verdicts follow the rules of the ledger, at their boundaries too."""

from dataclasses import replace

import numpy as np
import pytest
from judged_runs import LABELS, PAPER, claim_of, right, seeds_of
from small_ledgers import made_up, small_ledger

from ferbook.ledger.claims import Answer, Term
from ferbook.ledger.readings import specifications
from ferbook.ledger.rules import Direction, Verdict
from ferbook.ledger.verdicts import judge


def test_without_a_run_a_claim_tells_why():
    found = judge(claim_of(), PAPER, ())
    assert (found.verdict, found.why) == (Verdict.NOT_RUN, "compute")
    assert not found.readings and not found.decided
    found = judge(claim_of(impossible="Nobody has it."), PAPER, ())
    assert (found.verdict, found.why) == (Verdict.NOT_RUN, "Nobody has it.")


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.70, "reproduced"), (0.50, "not reproduced"), (0.80, "exceeds")],
)
def test_three_full_runs_answer_a_value(make_record, share, expected):
    found = judge(claim_of(), PAPER, seeds_of(make_record, correct=right(share)))
    assert found.verdict == expected and found.reduced is None
    (reading,) = found.readings
    assert reading.found.mean == pytest.approx(share)
    assert reading.found.low < share < reading.found.high
    assert (reading.found.n, reading.seeds) == (700, (0, 1, 2))
    assert "tolerates" in found.why


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_seeds_are_runs_and_no_verdict(make_record, count):
    found = judge(claim_of(), PAPER, seeds_of(make_record, count, correct=right(0.7)))
    assert (found.verdict, found.why) == (Verdict.NOT_RUN, f"{count} of 3 seeds")
    assert found.readings[0].found.mean == pytest.approx(0.7)


def test_seeds_are_averaged_and_widen_the_interval(make_record):
    records = [
        make_record(labels=LABELS, correct=right(share), seed=seed)
        for seed, share in enumerate((0.60, 0.70, 0.80))
    ]
    (reading,) = judge(claim_of(), PAPER, records).readings
    assert reading.found.mean == pytest.approx(0.70)
    assert reading.found.spread == pytest.approx(0.10)
    assert reading.found.low < 0.6 and reading.found.high > 0.8


NOT_ITS_RUN = {
    "another paper": {"paper": "ramn"},
    "another data set": {"dataset": "jaffe"},
    "another preset": {"preset": "smoke"},
    "another recipe": {"recipe": "ours"},
    "another variant": {"variant": "no_dropout"},
    "a protocol that is not listed": {"protocol": "ferplus_argmax7"},
    "rendered faces": {"dataset": "rendered"},
}


@pytest.mark.parametrize("why", NOT_ITS_RUN)
def test_other_runs_do_not_even_stand_beside(make_record, why):
    record = make_record(labels=LABELS, correct=right(0.7), **NOT_ITS_RUN[why])
    found = judge(claim_of(), PAPER, [record])
    assert found.verdict == Verdict.NOT_RUN and not found.readings


@pytest.mark.parametrize("kind", ["value", "difference", "order"])
def test_rendered_faces_never_answer_even_under_a_real_name(make_record, kind):
    records = []
    for variant in ("default", "plain"):
        record = make_record(labels=LABELS, correct=right(0.7), variant=variant)
        data = record.content["data"] | {"rendered": True}
        content = record.content | {"data": data}
        records.append(replace(record, content=content))
    order = (Term(variant="default"), Term(variant="plain"))
    claim = claim_of(kind, against="plain", order=order)
    found = judge(claim, PAPER, records)
    assert found.verdict == Verdict.NOT_RUN and not found.readings


BLOCKED = {
    "stated": (
        {"deviations": [{"item": "width", "paper": "10", "ours": "5"}]},
        "width",
    ),
    "too few epochs": ({"epochs": 60, "config": {"epochs": 60}}, "epochs"),
    "too many epochs": ({"epochs": 400}, "epochs"),
    "chosen on the test split": (
        {"selection": {"split": "PrivateTest", "epoch": 1, "metric": "accuracy"}},
        "test split",
    ),
}


@pytest.mark.parametrize("why", BLOCKED)
def test_a_run_of_another_scale_says_nothing_of_a_value(make_record, why):
    changed, item = BLOCKED[why]
    found = judge(
        claim_of(), PAPER, seeds_of(make_record, correct=right(0.7), **changed)
    )
    assert (found.verdict, found.why) == (Verdict.NOT_RUN, "compute")
    assert found.reduced is None and not found.decided
    (reading,) = found.readings
    assert item in [departure.item for departure in reading.departures]


def test_ten_per_cent_of_the_epochs_may_be_missing(make_record):
    runs = seeds_of(make_record, correct=right(0.7), epochs=270)
    assert judge(claim_of(), PAPER, runs).verdict == Verdict.REPRODUCED


@pytest.mark.parametrize("recipe, at_scale", [("paper", True), ("modern", False)])
def test_a_run_may_stop_early_where_its_recipe_says_so(make_record, recipe, at_scale):
    """A recipe of 300 epochs that ended after 120, as it may."""
    changed = {"epochs": 120, "config": {"epochs": 300}, "recipe": recipe}
    record = make_record(labels=LABELS, correct=right(0.7), **changed)
    claim = claim_of(answered_by=(Answer("official", recipe=recipe),))
    (reading,) = judge(claim, PAPER, [record]).readings
    assert reading.at_scale == at_scale


def test_another_test_size_is_of_another_scale(make_record):
    runs = seeds_of(make_record, correct=right(0.7))
    found = judge(claim_of(n=720), PAPER, runs)
    assert found.verdict == Verdict.NOT_RUN
    assert [d.item for d in found.readings[0].departures] == ["test split"]


def test_runs_of_two_precisions_are_read_apart(make_record):
    """Whether it was asked for, or the machine's choice."""
    left, low, high = (
        make_record(labels=LABELS, correct=right(0.7), seed=seed, changes=changes)
        for seed, changes in enumerate(({}, {}, {"precision": "float32"}))
    )
    took = {"precision": {"asked": "auto", "used": "bf16"}}
    low = replace(low, content=low.content | took)
    runs = judge(claim_of(), PAPER, [left, low, high]).readings
    told = {dict(one.changes)["precision"]: one.seeds for one in runs}
    assert told == {"float32": (0, 2), "bf16": (1,)}


def test_two_readings_are_answered_each_under_its_own_labels(make_record):
    """The labels that a reading is about are no departure from it."""
    read = Answer("ferplus_argmax7", reading="under FER+'s labels", n=700)
    answers = (Answer("official"), read)
    other = [{"item": "label set", "paper": "FER2013", "ours": "FER+"}]
    runs = seeds_of(make_record, correct=right(0.5))
    runs += seeds_of(
        make_record, correct=right(0.7), protocol="ferplus_argmax7", deviations=other
    )
    found = judge(claim_of(answered_by=answers), PAPER, runs)
    told = {answer.reading: answer.verdict for answer in found.answers}
    assert told == {"": "not reproduced", read.reading: "reproduced"}
    assert found.verdict == Verdict.NOT_REPRODUCED
    alone = judge(claim_of(answered_by=answers), PAPER, runs[3:])
    assert alone.verdict == Verdict.NOT_RUN and alone.decided


def test_best_on_test_is_not_what_is_read(make_record):
    runs = []
    for record in seeds_of(make_record, correct=right(0.3)):
        selected = record.content["results"]["selected"]
        best = {"best_on_test": {"PrivateTest": {"single": {"accuracy": 0.99}}}}
        content = record.content | {"results": {"selected": selected} | best}
        runs.append(replace(record, content=content))
    assert judge(claim_of(), PAPER, runs).verdict == Verdict.NOT_REPRODUCED


def test_recall_is_read_from_its_class(make_record):
    record = make_record(labels=LABELS, correct=LABELS != 2)  # no fear is right
    for name, expected in (("fear", 0.0), ("sad", 1.0)):
        claim = claim_of(metric=f"recall.{name}", n=100)
        (reading,) = judge(claim, PAPER, [record]).readings
        assert (reading.found.mean, reading.found.n) == (expected, 100)
        assert reading.at_scale


SHORT = {"epochs": 60, "config": {"epochs": 60}}
PLAIN = {"value": "2", "unit": "points", "against": "plain"}


def _pair(make_record, first, second, **about):
    runs = seeds_of(make_record, correct=first, **about)
    return runs + seeds_of(make_record, correct=second, variant="plain", **about)


def test_scales_are_answered_apart(make_record):
    """Full runs do not differ; short ones do, and reproduce nothing."""
    claim = claim_of("difference", **PLAIN)
    full = _pair(make_record, right(0.7), right(0.7))
    short = _pair(make_record, right(0.8), right(0.7), changes={"epochs": 60}, **SHORT)
    found = judge(claim, PAPER, full + short)
    assert (found.verdict, found.reduced) == (Verdict.NOT_REPRODUCED, Direction.SAME)
    found = judge(claim, PAPER, short)
    assert (found.verdict, found.reduced) == (Verdict.NOT_RUN, Direction.SAME)
    assert found.why == "compute" and found.decided


def _share(judgement):
    return round(judgement.shown.found.mean, 2)


def test_what_is_told_first_is_what_the_standing_rests_on(make_record):
    """Not the first run there is, nor one at the paper's scale that decides nothing."""
    short = seeds_of(
        make_record, 1, correct=right(0.5), changes={"epochs": 60}, **SHORT
    )
    full = seeds_of(make_record, correct=right(0.7))
    assert _share(judge(claim_of(), PAPER, short)) == 0.5
    for runs in (short + full, full + short):
        assert _share(judge(claim_of(), PAPER, runs)) == 0.7
    claim = claim_of("difference", **PLAIN)
    one = seeds_of(make_record, 1, correct=right(0.6))
    one += seeds_of(make_record, 1, correct=right(0.7), variant="plain")
    pairs = _pair(make_record, right(0.8), right(0.7), changes={"epochs": 60}, **SHORT)
    assert _share(judge(claim, PAPER, one + pairs)) == 0.1
    two = _pair(make_record, right(0.8), right(0.7), count=2)
    low = {"changes": {"precision": "bf16"}}
    one = _pair(make_record, right(0.6), right(0.7), count=1, **low)
    assert _share(judge(claim, PAPER, one + two)) == 0.1


def test_the_reading_that_decides_is_told_first(make_record):
    read = Answer("ferplus_argmax7", reading="under FER+'s labels", n=700)
    claim = claim_of(answered_by=(Answer("official"), read))
    runs = seeds_of(make_record, 1, correct=right(0.5))
    runs += seeds_of(make_record, correct=right(0.7), protocol="ferplus_argmax7")
    assert _share(judge(claim, PAPER, runs)) == 0.7


@pytest.mark.parametrize(
    ("shares", "value", "expected"),
    [
        ((0.8, 0.7), "10", "same direction"),
        ((0.7, 0.8), "10", "opposite direction"),
        ((0.7, 0.8), "-10", "same direction"),
        ((0.702, 0.7), "10", "not told apart"),
    ],
)
def test_reduced_runs_tell_directions_alone(make_record, shares, value, expected):
    claim = claim_of("difference", **PLAIN | {"value": value})
    found = judge(claim, PAPER, _pair(make_record, *map(right, shares), **SHORT))
    assert (found.verdict, found.reduced) == (Verdict.NOT_RUN, expected)
    one = judge(claim, PAPER, [r for r in found.readings[0].records if r.seed == 0])
    assert one.reduced == Direction.TOO_FEW and not one.decided


def test_faces_that_were_trained_on_are_left_out(make_record):
    """What makes the difference is known by heart."""
    known = np.arange(700) < 100
    first = np.where(known, True, right(0.6))
    second = np.where(known, False, right(0.6))
    claim = claim_of("difference", **PLAIN)
    runs = _pair(make_record, first, second, in_training=known)
    found = judge(claim, PAPER, runs)
    assert found.verdict == Verdict.NOT_REPRODUCED
    (reading,) = found.readings
    assert (reading.found.mean, reading.found.n) == (0, 600)
    curve = {label: figure for label, figure, _ in specifications(claim, reading)}
    assert curve["selected weights, single, unseen faces"] == reading.found
    assert curve["selected weights, single, all faces"].mean == pytest.approx(1 / 7)
    value = judge(claim_of(), PAPER, runs[:3]).readings[0]  # as the paper tested
    assert (value.found.mean, value.found.n) == (pytest.approx(first.mean()), 700)


@pytest.mark.parametrize(("null", "expected"), [(0.1, "undecided"), (0.002, "exceeds")])
def test_an_effect_no_larger_than_the_null_contrast(make_record, null, expected):
    claim = claim_of("difference", **PLAIN, null=("constant", "plain"))
    runs = _pair(make_record, right(0.78), right(0.70))
    constant = {"correct": right(0.70 + null), "variant": "constant"}
    found = judge(claim, PAPER, runs + seeds_of(make_record, **constant))
    assert found.verdict == expected and "null contrast" in found.why


@pytest.mark.parametrize(
    ("control", "expected"), [(0.2, "undecided"), (0.0, "reproduced")]
)
def test_where_a_network_looks_counts_beyond_its_control(
    make_record, control, expected
):
    rng = np.random.default_rng(0)

    def runs(effect, **about):
        noise = rng.normal(0, 0.05, (2, 700))
        measures = {"mouth": 0.5 + effect + noise[0], "jaw": 0.5 + noise[1]}
        return seeds_of(make_record, correct=right(0.7), measures=measures, **about)

    order = (Term(measure="mouth"), Term(measure="jaw"))
    claim = claim_of("order", order=order, control="no_mask")
    told = runs(0.2) + runs(control, variant="no_mask")
    assert judge(claim, PAPER, told).verdict == expected
    assert not judge(claim, PAPER, told[:3]).readings  # its control is missing


def test_what_is_forced_is_not_testable(make_record):
    claim = claim_of(forced="The loss asks for it.")
    found = judge(claim, PAPER, seeds_of(make_record, correct=right(0.7)))
    assert (found.verdict, found.why) == ("not testable this way", claim.forced)
    assert found.readings


def test_groups_of_classes_hold_class_by_class(make_record):
    """The mean of a group may hide that one of its classes is the worst."""
    shares = np.array([0.3, 0.5, 0.5, 0.99, 0.99, 0.99, 0.99])[LABELS]
    correct = np.random.default_rng(0).random(700) < shares
    runs = seeds_of(make_record, correct=correct)
    rare = Term(classes=("disgust", "fear"))
    upper = ("happy", "sad", "surprise", "neutral")
    claim = claim_of("order", order=(Term(classes=upper), rare))
    found = judge(claim, PAPER, runs)
    assert found.verdict == Verdict.REPRODUCED
    assert len(found.readings[0].pairs) == 8
    claim = claim_of("order", order=(Term(classes=("angry", *upper)), rare))
    assert judge(claim, PAPER, runs).verdict == Verdict.NOT_REPRODUCED


def test_a_measure_on_the_faces_of_some_classes(make_record):
    rng = np.random.default_rng(0)
    heat = rng.normal(0.5, 0.1, 700) + 0.2 * (LABELS == 3)
    runs = seeds_of(make_record, correct=right(0.7), measures={"heat": heat})
    names = [("happy",), ("sad", "neutral")]
    order = tuple(Term(classes=name, measure="heat") for name in names)
    claim = claim_of("order", order=order)
    assert judge(claim, PAPER, runs).verdict == Verdict.REPRODUCED
    claim = claim_of("order", order=order[::-1])
    assert judge(claim, PAPER, runs).verdict == Verdict.NOT_REPRODUCED


def test_a_measure_on_the_faces_that_a_run_gets_wrong(make_record):
    """Each seed has wrong faces of its own."""
    rng, runs = np.random.default_rng(0), []
    for seed in range(3):
        correct = right(0.7)[rng.permutation(700)]
        odd = rng.random(700) < np.where(correct, 0.2, 0.5)
        measures = {"odd": odd, "even": ~odd}
        about = {"labels": LABELS, "correct": correct, "measures": measures}
        runs.append(make_record(seed=seed, **about))
    terms = {faces: Term(measure="odd", faces=faces) for faces in ("wrong", "right")}
    claim = claim_of("order", order=(terms["wrong"], terms["right"]))
    found = judge(claim, PAPER, runs)
    assert found.verdict == Verdict.REPRODUCED
    assert found.readings[0].found.mean == pytest.approx(0.3, abs=0.05)
    most = (terms["wrong"], Term(measure="even", faces="wrong"))
    (reading,) = judge(claim_of("order", order=most), PAPER, runs).readings
    assert reading.outcome == Verdict.UNDECIDED  # half of the wrong ones
    assert reading.found.mean == pytest.approx(0, abs=0.1)


def test_classes_that_others_are_called(make_record):
    """The made-up runs call a wrong face by the class after its own."""
    correct = ~np.isin(LABELS, (2, 3)) | right(0.5)  # some fear and happy are wrong
    runs = seeds_of(make_record, correct=correct)
    terms = (Term(classes=("happy", "sad")), Term(classes=("neutral", "disgust")))
    claim = claim_of("order", metric="false", order=terms)
    found = judge(claim, PAPER, runs)
    assert found.verdict == Verdict.REPRODUCED
    assert found.readings[0].found.mean == pytest.approx(50 / 700, abs=0.02)
    claim = claim_of("order", metric="false", order=terms[::-1])
    assert judge(claim, PAPER, runs).verdict == Verdict.NOT_REPRODUCED


def test_data_that_runs_were_made_on_are_not_out_of_reach():
    claim = "part_ensemble.jaffe.accuracy"
    assert small_ledger().judgement(claim).why == "data gated"
    jaffe = made_up(dataset="jaffe", protocol="jaffe_deep_emotion")
    assert small_ledger(jaffe).judgement(claim).why == "compute"
    assert small_ledger(jaffe).judgement("part_ensemble.sfew.accuracy").why != "compute"
