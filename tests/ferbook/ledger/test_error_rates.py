"""How often the rules err: the stored table, and a smaller one made again."""

from math import sqrt

import numpy as np
import pytest

from ferbook.ledger.error_rates import (
    DESIGNS,
    Design,
    _networks,
    coverage,
    error_rates,
    stored,
    write,
)
from ferbook.ledger.rules import rules

AGAIN = [Design(3589, 3, 0.0115, 0.05), Design(70, 3, 0.0075, 0.20)]
_EXPERIMENTS = 300


@pytest.mark.parametrize("disagree", [0.05, 0.20])
def test_networks_are_right_and_disagree_as_often_as_designed(disagree):
    right, here = _networks(np.random.default_rng(0), Design(100_000, 2, 0, disagree))
    (first, one), (second, _) = right(0), right(1)
    assert first.mean() == pytest.approx(0.7, abs=0.005)
    assert here == pytest.approx(one.mean(), abs=0.005)
    assert np.mean(first != second) == pytest.approx(disagree, abs=0.005)
    assert np.mean(first[0] != first[1]) == pytest.approx(disagree / 2, abs=0.005)
    better = right(0, 0.04)[0].mean() - first.mean()
    assert better == pytest.approx(0.04, abs=0.005)


def test_seeds_vary_as_designed():
    right, _ = _networks(np.random.default_rng(0), Design(5_000, 200, 0.0115, 0.05))
    assert right(0)[0].mean(1).std() == pytest.approx(0.0115, rel=0.15)


def _false_positives(row):
    """At the paper's scale and at a reduced one."""
    return row["reproduced"] + row["exceeds"], row["same direction"]


def test_with_seeds_enough_the_rules_err_in_five_of_a_hundred_at_most():
    """All designs of the stored table, of differences and of orders."""
    rows = [row for row in stored()["rates"] if row["seeds"] >= rules()["seeds"]]
    nothing = [row for row in rows if row["truth"] == "nothing"]
    assert {row["kind"] for row in nothing} == {"difference", "order"}
    for row in nothing:
        assert max(_false_positives(row)) <= 0.05, row
    for row in rows:
        if row["truth"] == "as printed" and row["kind"] != "value":
            assert row["not reproduced"] <= 0.05, row
            assert row["opposite direction"] <= 0.05, row


def test_one_seed_errs_more_often_which_is_why_it_answers_nothing():
    worst = max(
        row["same direction"]
        for row in stored()["rates"]
        if row["seeds"] == 1 and row["truth"] == "nothing"
    )
    assert worst > 0.10


@pytest.mark.parametrize("design", AGAIN, ids=str)
def test_the_stored_table_is_what_a_simulation_gives(design):
    assert design in DESIGNS
    was = [row for row in stored()["rates"] if design._asdict().items() <= row.items()]
    rows = error_rates(design, _EXPERIMENTS)
    assert len(was) == len(rows)
    known = {(row["kind"], row["truth"], row["paper"]): row for row in was}
    for row in rows:
        before = known[row["kind"], row["truth"], row["paper"]]
        for name in [*row][3:]:
            p = before[name]
            noise = sqrt(p * (1 - p) / _EXPERIMENTS)
            assert row[name] == pytest.approx(p, abs=5 * noise + 0.01), (row, name)
        if row["truth"] == "nothing":
            assert max(_false_positives(row)) <= 0.05


def test_percentiles_of_a_bootstrap_hold_too_seldom_with_three_seeds():
    told = coverage(Design(200, 3, 0.05, 0.05), 400)
    assert told["t"] >= 0.94 > 0.90 >= told["bootstrap"]
    for row in stored()["coverage"]:
        assert row["t"] > row["bootstrap"]


def test_tables_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "rates.json"
    write(path, [Design(40, 2, 0.01, 0.1), Design(1001, 2, 0.01, 0.1)], 10)
    tables = stored(path)
    assert {row["n"] for row in tables["rates"]} == {40, 1001}
    assert [row["n"] for row in tables["coverage"]] == [1001]
    values = [row for row in tables["rates"] if row["kind"] == "value"]
    shares = [
        row["reproduced"] + row["exceeds"] + row["not reproduced"] for row in values
    ]
    assert shares == pytest.approx([1] * len(values))
