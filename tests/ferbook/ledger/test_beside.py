"""What stands beside an answer follows from its runs alone."""

import numpy as np
import pytest
from judged_runs import LABELS, PAPER, claim_of, right, seeds_of

from ferbook.ledger.beside import beside
from ferbook.ledger.chances import d33
from ferbook.ledger.claims import Term
from ferbook.ledger.verdicts import judge

GAP = {"value": "10", "unit": "points", "against": "plain"}


def _noisy(make_record, share, spread=0.01, **about):
    """Three seeds that differ by as much."""
    return [
        make_record(labels=LABELS, correct=right(share + d), seed=seed, **about)
        for seed, d in enumerate((-spread, 0, spread))
    ]


def _beside(claim, runs):
    return beside(claim, judge(claim, PAPER, runs).readings[0])


def test_a_difference_has_all_of_it(make_record):
    claim = claim_of("difference", **GAP)
    runs = _noisy(make_record, 0.8)
    runs += _noisy(make_record, 0.7, variant="plain")
    found = _beside(claim, runs)
    assert found.if_right["reproduced"] > 0.8
    assert found.if_nothing.get("reproduced", 0) < 0.05
    assert sum(found.if_nothing.values()) == pytest.approx(1)
    # The runs are nested: they disagree where the better one alone is right.
    assert found.d33 == pytest.approx(d33(700, 0.1), rel=0.15)
    assert not found.smaller and found.bayes_factor > 1
    assert found == _beside(claim, runs)  # from the cache, as it was


def test_one_seed_has_ways_to_read_it_and_no_chances(make_record):
    known = np.arange(700) < 70
    runs = [make_record(labels=LABELS, correct=right(0.7), in_training=known)]
    found = _beside(claim_of(), runs)
    assert {way.label for way in found.curve} == {
        "selected weights, single, unseen faces",
        "selected weights, single, all faces",
    }
    assert found.if_right is None and found.d33 is None


def test_agreement_counts_the_ways_with_the_same_outcome(make_record):
    """All faces tell another story than those that are unseen."""
    known = np.arange(700) < 100
    first = np.where(known, True, right(0.6))
    second = np.where(known, False, right(0.6))
    claim = claim_of("difference", **GAP)
    about = {"in_training": known}
    runs = seeds_of(make_record, correct=first, **about)
    runs += seeds_of(make_record, correct=second, variant="plain", **about)
    found = _beside(claim, runs)
    outcomes = {way.label: way.outcome for way in found.curve}
    assert outcomes == {
        "selected weights, single, unseen faces": "not reproduced",
        "selected weights, single, all faces": "exceeds",
    }
    assert found.agreed == 0.5


@pytest.mark.parametrize(
    "order",
    [
        (Term(classes=("happy", "neutral")), Term(classes=("disgust", "fear"))),
        (Term(variant="default"), Term(variant="plain"), Term(variant="small")),
    ],
)
def test_an_order_is_rarely_reproduced_where_nothing_is_there(make_record, order):
    runs = _noisy(make_record, 0.7)
    for variant, share in (("plain", 0.6), ("small", 0.5)):
        runs += _noisy(make_record, share, variant=variant)
    claim = claim_of("order", order=order, value="")
    found = _beside(claim, runs)
    assert found.if_nothing.get("reproduced", 0) < 0.05
    assert found.if_right is None  # no gaps are printed


def test_small_runs_are_judged_by_directions(make_record):
    short = {"epochs": 60, "config": {"epochs": 60}}
    runs = _noisy(make_record, 0.8, **short)
    runs += _noisy(make_record, 0.7, variant="plain", **short)
    found = _beside(claim_of("difference", **GAP), runs)
    assert set(found.if_nothing) <= {
        "same direction",
        "opposite direction",
        "not told apart",
    }
    value = _beside(claim_of(), runs[:3])
    assert value.if_right is None and {way.outcome for way in value.curve} == {""}
