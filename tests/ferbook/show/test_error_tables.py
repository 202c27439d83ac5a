"""The rules and their errors, as pages tell them."""

from ferbook.ledger.error_rates import stored
from ferbook.ledger.rules import rules
from ferbook.show.rules import error_table, rules_list


def test_every_rule_is_told():
    made = rules_list()
    assert dict(made.rows) == rules()["words"]
    assert rules()["fixed"] in made.note


def test_errors_are_those_of_the_simulation():
    large, small, words = error_table().tables
    assert "3,589 faces and 3 seeds" in large.caption and "70 faces" in small.caption
    rows = {row[:2]: row[2:] for row in large.rows}
    found = rows["a difference, 1 point", "nothing is there"]
    shares = [
        row["reproduced"]
        for row in stored()["rates"]
        if (row["n"], row["seeds"], row["kind"], row["truth"], row["paper"])
        == (3589, 3, "difference", "nothing", 0.01)
    ]
    assert found[0] == f"{100 * min(shares):.1f}–{100 * max(shares):.1f}"
    assert "bootstrap" in words.words
