"""Verdicts follow the rules of the ledger, at their boundaries too."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.errors import FerError
from fer_lib.evidence.claims import Answer, Claim, Claims, Term, Where
from fer_lib.evidence.records import Deviation
from fer_lib.evidence.rules import (
    Verdict,
    blocks_value,
    judge_difference,
    judge_order,
    judge_value,
    tolerance,
)
from fer_lib.evidence.statistics import Difference
from fer_lib.evidence.verdicts import judge

PAPER = Claims("deep_emotion", "", "", (), (), ())
LABELS = np.arange(700) % 7


def right(share, n=700):
    """Correctness of n faces, a share of which is right, spread evenly."""
    return np.random.default_rng(0).permutation(n) < round(share * n)


def claim_of(kind="value", **changed):
    about = {
        "id": "deep_emotion.fer2013.accuracy",
        "kind": kind,
        "where": Where("Table 1"),
        "says": "Accuracy.",
        "dataset": "fer2013",
        "protocol": "official",
        "value": "70",
        "n": 700,
        "answered_by": (Answer("official"),),
        "not_attempted": "compute",
        "epochs": 300,
    }
    return Claim(**(about | changed))


# ---- The rules ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "paper", "n", "expected"),
    [
        # n = 1,000,000: the half-width is 0.09 points, so one point counts.
        (0.69, 0.70, 1_000_000, "reproduced"),
        (0.6899, 0.70, 1_000_000, "not reproduced"),
        (0.70, 0.70, 1_000_000, "reproduced"),
        (0.99, 0.70, 1_000_000, "reproduced"),  # above the paper
        # n = 100: the half-width is 8.85 points.
        (0.612, 0.70, 100, "reproduced"),
        (0.611, 0.70, 100, "not reproduced"),
        # n = 70, JAFFE: 6.25 points.
        (0.866, 0.928, 70, "reproduced"),
        (0.86, 0.928, 70, "not reproduced"),
    ],
)
def test_value_rule(mean, paper, n, expected):
    assert judge_value(mean, paper, n) == expected


def test_tolerance_is_a_point_or_the_half_width():
    assert tolerance(0.7, 1_000_000) == 0.01
    assert tolerance(0.7002, 3589) == pytest.approx(0.01499, abs=1e-4)
    assert tolerance(0.928, 70) == pytest.approx(0.0625, abs=1e-3)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10_000))
def test_a_better_mean_never_worsens_the_verdict(mean, paper, n):
    if judge_value(mean, paper, n) == Verdict.REPRODUCED:
        assert judge_value(min(mean + 0.05, 1), paper, n) == Verdict.REPRODUCED


def _difference(low, high):
    return Difference((low + high) / 2, low, high, 1000, 2000)


@pytest.mark.parametrize(
    ("low", "high", "paper", "expected"),
    [
        (0.01, 0.05, 0.03, "reproduced"),
        (0.01, 0.05, 0.01, "reproduced"),  # contains its own limit
        (0.01, 0.05, 0.08, "direction only"),
        (0.03, 0.05, 0.01, "direction only"),
        (-0.05, -0.01, 0.03, "not reproduced"),  # the other side
        (-0.02, 0.02, 0.05, "not reproduced"),  # excludes the paper's
        (-0.02, 0.04, 0.03, "undecided"),
        (0.0, 0.04, 0.03, "undecided"),  # touches 0
        (-0.05, -0.01, -0.03, "reproduced"),  # a claimed loss
        (0.01, 0.05, -0.03, "not reproduced"),
        (-0.09, -0.05, -0.03, "direction only"),
    ],
)
def test_difference_rule(low, high, paper, expected):
    assert judge_difference(_difference(low, high), paper) == expected


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(0.01, 0.05)], "reproduced"),
        ([(0.01, 0.05), (0.02, 0.03)], "reproduced"),
        ([(0.01, 0.05), (-0.01, 0.03)], "undecided"),
        ([(0.01, 0.05), (-0.03, -0.01)], "not reproduced"),
        ([(-0.01, 0.01), (-0.03, -0.01)], "not reproduced"),
        ([(0.0, 0.05)], "undecided"),
    ],
)
def test_order_rule(pairs, expected):
    assert judge_order([_difference(*pair) for pair in pairs]) == expected


@pytest.mark.parametrize(
    ("item", "paper", "ours", "blocks"),
    [
        ("epochs", "300", "270", False),  # exactly 10 %
        ("epochs", "300", "330", False),
        ("epochs", "300", "269", True),
        ("epochs", "300", "60", True),
        ("epochs", "until it stops", "60", True),
        ("pre-training", "faces", "none", True),
        ("input size", "224", "48", True),
        ("width", "10", "5", True),
        ("label set", "FER2013", "FER+", True),
        ("test split", "3,589", "3,573", True),
        ("learning rate", "0.005", "0.02", False),
        ("augmentation", "not told", "10 degrees", False),
    ],
)
def test_deviations_that_block_a_value(item, paper, ours, blocks):
    assert blocks_value(Deviation(item, paper, ours)) == blocks


# ---- Judging runs ------------------------------------------------------------


def test_without_a_run_a_claim_is_not_attempted():
    found = judge(claim_of(), PAPER, ())
    assert (found.verdict, found.why) == (Verdict.NOT_ATTEMPTED, "compute")
    assert found.readings == ()


@pytest.mark.parametrize(
    ("share", "expected"), [(0.70, "reproduced"), (0.50, "not reproduced")]
)
def test_a_full_run_answers_a_value(make_record, share, expected):
    record = make_record(labels=LABELS, correct=right(share))
    found = judge(claim_of(), PAPER, [record])
    assert found.verdict == expected
    (reading,) = found.readings
    assert reading.mean == pytest.approx(share)
    assert reading.low < share < reading.high and reading.n == 700
    assert "tolerates" in found.why


def test_seeds_are_averaged(make_record):
    records = [
        make_record(labels=LABELS, correct=right(share), seed=seed)
        for seed, share in enumerate((0.60, 0.80))
    ]
    (reading,) = judge(claim_of(), PAPER, records).readings
    assert reading.mean == pytest.approx(0.70)
    assert reading.seeds == (0, 1)


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
    assert found.verdict == Verdict.NOT_ATTEMPTED and not found.readings


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
    assert found.verdict == Verdict.NOT_ATTEMPTED and not found.readings


BLOCKED = {
    "stated": (
        {"deviations": [{"item": "width", "paper": "10", "ours": "5"}]},
        "width",
    ),
    "too few epochs": ({"epochs": 60}, "epochs"),
    "too many epochs": ({"epochs": 400}, "epochs"),
    "chosen on the test split": (
        {"selection": {"split": "PrivateTest", "epoch": 1, "metric": "accuracy"}},
        "test split",
    ),
}


@pytest.mark.parametrize("why", BLOCKED)
def test_a_run_that_deviates_stands_beside_only(make_record, why):
    changed, item = BLOCKED[why]
    record = make_record(labels=LABELS, correct=right(0.99), **changed)
    found = judge(claim_of(), PAPER, [record])
    assert (found.verdict, found.why) == (Verdict.NOT_ATTEMPTED, "compute")
    (reading,) = found.readings
    assert reading.verdict is None
    assert item in [deviation.item for deviation in reading.departures]


def test_ten_per_cent_of_the_epochs_may_be_missing(make_record):
    record = make_record(labels=LABELS, correct=right(0.7), epochs=270)
    assert judge(claim_of(), PAPER, [record]).verdict == Verdict.REPRODUCED


def test_another_label_set_or_test_size_stands_beside(make_record):
    answers = (Answer("official"), Answer("ferplus_argmax7"))
    claim = claim_of(n=701, answered_by=answers)
    records = [
        make_record(labels=LABELS, correct=right(0.9), protocol=answer.protocol)
        for answer in answers
    ]
    found = judge(claim, PAPER, records)
    assert found.verdict == Verdict.NOT_ATTEMPTED
    items = [[d.item for d in reading.departures] for reading in found.readings]
    assert items == [["test split"], ["label set"]]


def test_the_answering_run_wins_over_those_beside(make_record):
    answers = (Answer("ferplus_argmax7"), Answer("official"))
    records = [
        make_record(labels=LABELS, correct=right(s), protocol=answer.protocol)
        for answer, s in zip(answers, (0.9, 0.3), strict=True)
    ]
    found = judge(claim_of(answered_by=answers), PAPER, records)
    assert found.verdict == Verdict.NOT_REPRODUCED
    assert len(found.readings) == 2


def test_best_on_test_is_not_what_is_read(make_record):
    record = make_record(labels=LABELS, correct=right(0.3))
    selected = record.content["results"]["selected"]
    best = {"best_on_test": {"PrivateTest": {"single": {"accuracy": 0.99}}}}
    content = record.content | {"results": {"selected": selected} | best}
    found = judge(claim_of(), PAPER, [replace(record, content=content)])
    assert found.verdict == Verdict.NOT_REPRODUCED


def test_recall_is_read_from_its_class(make_record):
    correct = LABELS != 2  # every face of fear is wrong
    record = make_record(labels=LABELS, correct=correct)
    for name, expected in (("fear", 0.0), ("sad", 1.0)):
        claim = claim_of(metric=f"recall.{name}", n=100)
        (reading,) = judge(claim, PAPER, [record]).readings
        assert (reading.mean, reading.n) == (expected, 100)


def _difference_runs(make_record, first, second, **changed):
    return [
        make_record(labels=LABELS, correct=first, **changed),
        make_record(labels=LABELS, correct=second, variant="plain", **changed),
    ]


@pytest.mark.parametrize(
    ("shares", "value", "expected"),
    [
        ((0.8, 0.7), "10", "reproduced"),
        ((0.8, 0.7), "30", "direction only"),
        ((0.7, 0.8), "10", "not reproduced"),
        ((0.702, 0.70), "0.5", "undecided"),
    ],
)
def test_differences_are_paired_on_the_same_faces(make_record, shares, value, expected):
    claim = claim_of("difference", value=value, unit="points", against="plain")
    runs = _difference_runs(make_record, *map(right, shares))
    found = judge(claim, PAPER, runs)
    assert found.verdict == expected
    assert found.readings[0].mean == pytest.approx(shares[0] - shares[1], abs=2e-3)
    assert ("would decide" in found.why) == (expected == "undecided")


def test_a_deviating_run_still_answers_a_difference(make_record):
    claim = claim_of("difference", value="10", unit="points", against="plain")
    runs = _difference_runs(make_record, right(0.8), right(0.7), epochs=60)
    found = judge(claim, PAPER, runs)
    assert found.verdict == Verdict.REPRODUCED
    assert [d.item for d in found.readings[0].departures] == ["epochs"]


def test_a_difference_needs_both_sides(make_record):
    claim = claim_of("difference", value="10", unit="points", against="plain")
    run = make_record(labels=LABELS, correct=right(0.7))
    assert judge(claim, PAPER, [run]).verdict == Verdict.NOT_ATTEMPTED


def test_other_faces_are_not_compared(make_record):
    claim = claim_of("difference", value="10", unit="points", against="plain")
    first = make_record(labels=LABELS, correct=right(0.8))
    second = make_record(labels=LABELS[::-1], correct=right(0.7), variant="plain")
    with pytest.raises(FerError, match="on the same faces, but labels differ"):
        judge(claim, PAPER, [first, second])


def test_order_of_classes_within_one_run(make_record):
    correct = np.where(np.isin(LABELS, (1, 2)), right(0.4), right(0.8))
    record = make_record(labels=LABELS, correct=correct, epochs=60)
    easy = Term(classes=("happy", "neutral"))
    rare = Term(classes=("disgust", "fear"))
    claim = claim_of("order", order=(easy, rare))
    assert judge(claim, PAPER, [record]).verdict == Verdict.REPRODUCED
    claim = claim_of("order", order=(rare, easy))
    assert judge(claim, PAPER, [record]).verdict == Verdict.NOT_REPRODUCED


def test_order_of_three_variants_needs_every_pair(make_record):
    shares = {"default": 0.9, "plain": 0.7, "small": 0.698}
    runs = {
        variant: make_record(labels=LABELS, correct=right(share), variant=variant)
        for variant, share in shares.items()
    }
    order = tuple(Term(variant=variant) for variant in shares)
    claim = claim_of("order", order=order)
    found = judge(claim, PAPER, runs.values())
    assert found.verdict == Verdict.UNDECIDED
    assert len(found.readings[0].pairs) == 2
    two = claim_of("order", order=order[:2])
    assert judge(two, PAPER, runs.values()).verdict == Verdict.REPRODUCED
    del runs["small"]
    assert judge(claim, PAPER, runs.values()).verdict == Verdict.NOT_ATTEMPTED


def test_seeds_with_other_test_sizes_are_refused(make_record):
    runs = [
        make_record(labels=LABELS, correct=right(0.7)),
        make_record(labels=LABELS[:350], correct=right(0.7, 350), seed=1),
    ]
    with pytest.raises(FerError, match=r"tested \[350, 700\] faces"):
        judge(claim_of(), PAPER, runs)


def test_arithmetic_that_cannot_be_worked_out_is_told():
    claim = claim_of("arithmetic", check="nonsense")
    with pytest.raises(FerError, match=r"names check 'nonsense', expected one of"):
        judge(claim, PAPER, ())
    claim = claim_of("arithmetic", check="parts_and_total", data={"part": 3})
    with pytest.raises(FerError, match="data that its check"):
        judge(claim, PAPER, ())
