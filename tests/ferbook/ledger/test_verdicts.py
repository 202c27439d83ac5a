"""Verdicts follow the rules of the ledger, at their boundaries too."""

from dataclasses import replace

import pytest
from judged_runs import LABELS, PAPER, claim_of, right

from ferbook.ledger.claims import Answer, Term
from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import judge


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
    "too few epochs": ({"epochs": 60, "config": {"epochs": 60}}, "epochs"),
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


@pytest.mark.parametrize("recipe, stands_beside", [("paper", False), ("modern", True)])
def test_a_run_may_stop_early_where_its_recipe_says_so(
    make_record, recipe, stands_beside
):
    """A recipe of 300 epochs that ended after 120, as it may."""
    changed = {"epochs": 120, "config": {"epochs": 300}, "recipe": recipe}
    record = make_record(labels=LABELS, correct=right(0.7), **changed)
    claim = claim_of(answered_by=(Answer("official", recipe=recipe),))
    (reading,) = judge(claim, PAPER, [record]).readings
    assert (reading.verdict is None) == stands_beside


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
