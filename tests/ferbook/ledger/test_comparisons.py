"""Claims that compare: differences and orders."""

import numpy as np
import pytest
from judged_runs import LABELS, PAPER, claim_of, right, seeds_of

from fer_lib.errors import FerError
from ferbook.ledger.claims import Term
from ferbook.ledger.comparing import flat, recipe_gains
from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import judge


def _difference_runs(make_record, first, second, **changed):
    return [
        *seeds_of(make_record, correct=first, **changed),
        *seeds_of(make_record, correct=second, variant="plain", **changed),
    ]


@pytest.mark.parametrize(
    ("shares", "value", "expected"),
    [
        ((0.8, 0.7), "10", "reproduced"),
        ((0.8, 0.7), "30", "not reproduced"),
        ((0.8, 0.7), "1", "exceeds"),
        ((0.7, 0.8), "10", "not reproduced"),
        ((0.702, 0.70), "0.5", "undecided"),
    ],
)
def test_differences_are_paired_on_the_same_faces(make_record, shares, value, expected):
    claim = claim_of("difference", value=value, unit="points", against="plain")
    runs = _difference_runs(make_record, *map(right, shares))
    found = judge(claim, PAPER, runs)
    assert found.verdict == expected
    gap = shares[0] - shares[1]
    assert found.readings[0].found.mean == pytest.approx(gap, abs=2e-3)


def test_a_difference_needs_both_sides(make_record):
    claim = claim_of("difference", value="10", unit="points", against="plain")
    run = make_record(labels=LABELS, correct=right(0.7))
    assert judge(claim, PAPER, [run]).verdict == Verdict.NOT_RUN


def test_other_faces_are_not_compared(make_record):
    claim = claim_of("difference", value="10", unit="points", against="plain")
    first = make_record(labels=LABELS, correct=right(0.8))
    second = make_record(labels=LABELS[::-1], correct=right(0.7), variant="plain")
    found = judge(claim, PAPER, [first, second])
    assert found.verdict == Verdict.NOT_RUN
    assert "labels differ from those of" in found.left_out[second]


def test_faces_in_another_order_are_joined(make_record):
    """As folders sort their images otherwise than a table."""
    claim = claim_of("difference", value="10", unit="points", against="plain")
    rows = np.random.default_rng(1).permutation(700)
    first, second = right(0.8), right(0.7)
    data = make_record(labels=LABELS).data | {"faces_sha256": "b" * 64}
    runs = [
        make_record(labels=LABELS, correct=first, faces=np.arange(700), data=data),
        make_record(
            labels=LABELS[rows],
            correct=second[rows],
            faces=rows,
            variant="plain",
            data=data | {"sha256": "a" * 64},
        ),
    ]
    (reading,) = judge(claim, PAPER, runs).readings
    sorted_ones = _difference_runs(make_record, first, second)
    (in_order,) = judge(claim, PAPER, [sorted_ones[0], sorted_ones[3]]).readings
    assert reading.found.low < 0.1 < reading.found.high
    assert reading.found == in_order.found and reading.found.n == 700
    # Of another copy, whose faces are not known to be the same, nothing follows.
    other = make_record(
        labels=LABELS,
        correct=second,
        variant="plain",
        data=data | {"sha256": "a" * 64, "faces_sha256": "c" * 64},
    )
    found = judge(claim, PAPER, [runs[0], other])
    assert not found.readings and "other faces" in found.left_out[other]


@pytest.mark.parametrize("kind", ["value", "difference"])
def test_compared_runs_differ_in_the_variant_alone(make_record, kind):
    """A copy with a learning rate of 100 and one epoch says nothing beside them."""
    claim = claim_of(kind, value="10", unit="points", against="plain")
    config = {"epochs": 300, "learning_rate": 0.01, "warp": "input"}
    about = {"labels": LABELS, "config": config}
    runs = [make_record(correct=right(0.8), seed=seed, **about) for seed in (0, 1)]
    warped = about | {"config": config | {"warp": "none"}, "varied": ["warp"]}
    runs += [
        make_record(correct=right(0.7), seed=seed, variant="plain", **warped)
        for seed in (0, 1)
    ]
    before = judge(claim, PAPER, runs)
    wild = {"config": config | {"learning_rate": 100.0, "epochs": 1}}
    for changes in ({}, {"learning_rate": 100.0, "epochs": 1}):
        odd = make_record(correct=right(0.1), seed=2, changes=changes, **about | wild)
        after = judge(claim, PAPER, [*runs, odd])
        assert after.readings[0] == before.readings[0]
        assert (odd in after.left_out) == (not changes)
        # With its changes told it is a run of its own kind.
        assert len(after.readings) == 1 + (bool(changes) and kind == "value")


def test_runs_with_the_same_changes_are_compared(make_record):
    claim = claim_of("difference", value="10", unit="points", against="plain")
    short = {"changes": {"epochs": 60}, "config": {"epochs": 60}}
    plain = _difference_runs(make_record, right(0.8), right(0.7))[0]
    runs = _difference_runs(make_record, right(0.8), right(0.7), **short)
    (reading,) = judge(claim, PAPER, [plain, *runs]).readings
    assert dict(reading.changes) == {"epochs": 60, "precision": "float32"}
    assert plain not in reading.records


def test_superseded_runs_answer_nothing(make_record):
    record = make_record(labels=LABELS, correct=right(0.7), superseded="made again")
    found = judge(claim_of(), PAPER, [record])
    assert found.verdict == Verdict.NOT_RUN and not found.readings


def test_order_of_three_variants_needs_every_pair(make_record):
    shares = {"default": 0.9, "plain": 0.7, "small": 0.698}
    runs = {
        variant: seeds_of(make_record, correct=right(share), variant=variant)
        for variant, share in shares.items()
    }
    order = tuple(Term(variant=variant) for variant in shares)
    claim = claim_of("order", order=order)
    found = judge(claim, PAPER, flat(runs.values()))
    assert found.verdict == Verdict.UNDECIDED
    assert len(found.readings[0].pairs) == 2
    two = claim_of("order", order=order[:2])
    assert judge(two, PAPER, flat(runs.values())).verdict == Verdict.REPRODUCED
    del runs["small"]
    assert not judge(claim, PAPER, flat(runs.values())).readings


def test_seeds_with_other_test_sizes_are_left_out(make_record):
    runs = [
        make_record(labels=LABELS, correct=right(0.7)),
        make_record(labels=LABELS[:350], correct=right(0.7, 350), seed=1),
    ]
    found = judge(claim_of(), PAPER, runs)
    assert found.readings[0].seeds == (0,) and runs[1] in found.left_out


def test_arithmetic_that_cannot_be_worked_out_is_told():
    claim = claim_of("arithmetic", check="nonsense")
    with pytest.raises(FerError, match=r"names check 'nonsense', expected one of"):
        judge(claim, PAPER, ())
    claim = claim_of("arithmetic", check="parts_and_total", data={"part": 3})
    with pytest.raises(FerError, match="data that its check"):
        judge(claim, PAPER, ())


def runs(make_record, recipe, shares):
    return [
        make_record(labels=LABELS, correct=right(share), recipe=recipe, seed=seed)
        for seed, share in enumerate(shares)
    ]


def test_seeds_are_paired(make_record):
    records = runs(make_record, "paper", [0.5, 0.6])
    records += runs(make_record, "modern", [0.6, 0.8, 0.9])  # one seed more
    (gain,) = recipe_gains(records)
    found = gain.comparison
    assert found.seeds == (0, 1) and gain.key.recipe == "modern"
    assert found.difference.mean == pytest.approx(0.15, abs=2e-3)
    assert found.difference.n == 700 and len(found.p) == 2
    spread = np.std([0.1, 0.2], ddof=1)
    assert found.difference.spread == pytest.approx(spread, abs=2e-3)


def test_only_the_recipe_may_differ(make_record):
    own = runs(make_record, "paper", [0.5])
    other = make_record(
        labels=LABELS, correct=right(0.7), recipe="modern", variant="plain"
    )
    low = {"precision": {"asked": "auto", "used": "bf16"}}
    lower = make_record(labels=LABELS, correct=right(0.7), recipe="modern", **low)
    assert recipe_gains([*own, other, lower]) == ()
    assert recipe_gains(runs(make_record, "modern", [0.5])) == ()


def test_one_seed_has_no_spread(make_record):
    records = runs(make_record, "paper", [0.5]) + runs(make_record, "modern", [0.5])
    (gain,) = recipe_gains(records)
    found = gain.comparison.difference
    assert found.spread is None
    assert found.low < 0 < found.high
