"""What another recipe adds, from planted runs."""

import numpy as np
import pytest
from judged_runs import LABELS, right

from ferbook.ledger.gains import recipe_gains


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
    assert found.spread == pytest.approx(np.std([0.1, 0.2], ddof=1), abs=2e-3)


def test_only_the_recipe_may_differ(make_record):
    own = runs(make_record, "paper", [0.5])
    other = make_record(
        labels=LABELS, correct=right(0.7), recipe="modern", variant="plain"
    )
    assert recipe_gains([*own, other]) == ()
    assert recipe_gains(runs(make_record, "modern", [0.5])) == ()


def test_one_seed_has_no_spread(make_record):
    records = runs(make_record, "paper", [0.5]) + runs(make_record, "modern", [0.5])
    (gain,) = recipe_gains(records)
    assert gain.comparison.spread is None
    found = gain.comparison.difference
    assert found.low < 0 < found.high
