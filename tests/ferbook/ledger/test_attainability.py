"""The GRIM test against trying every count, and on the papers' own values."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_lib.errors import FerError
from ferbook.ledger.arithmetic.attainability import (
    at_least,
    attained,
    attained_claim,
    decimals_of,
    passing_rate,
    tally,
)
from ferbook.ledger.claim_files import load_claims
from ferbook.ledger.claims import Claim, Where


def _digits(number, decimals):
    """12345 with 2 decimals is 123.45."""
    whole, rest = divmod(number, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals else str(whole)


def _forms(hits, n, decimals):
    """How hits / n is printed, rounded and cut off, by fractions alone."""
    scaled = Fraction(100 * hits, n) * 10**decimals
    cut_off, rounded = int(scaled), int(scaled + Fraction(1, 2))
    return {_digits(number, decimals) for number in (rounded, cut_off)}


def _reachable(n, decimals):
    return set().union(*(_forms(hits, n, decimals) for hits in range(n + 1)))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(0, 2), st.data())
def test_every_printed_accuracy_is_judged_as_by_trying_all_counts(n, decimals, data):
    number = data.draw(st.integers(0, 100 * 10**decimals))
    printed = _digits(number, decimals)
    found = attained(printed, n)
    assert (found.hits is not None) == (printed in _reachable(n, decimals))
    if found.hits is not None:
        assert printed in _forms(found.hits, n, decimals)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2))
def test_the_chance_is_the_share_of_all_printable_that_pass(n, decimals):
    printable = 100 * 10**decimals + 1
    expected = len(_reachable(n, decimals)) / printable
    assert passing_rate(n, decimals) == pytest.approx(expected)


@given(st.integers(1, 50_000), st.data())
def test_what_was_counted_always_passes(n, data):
    hits = data.draw(st.integers(0, n))
    for printed in _forms(hits, n, 2):
        assert attained(printed, n).hits is not None


@pytest.mark.parametrize(
    ("n", "decimals", "rate"),
    [(436, 2, 0.065), (1254, 2, 0.188), (213, 2, 0.032), (3589, 2, 0.538)],
)
def test_chances_of_the_papers_test_sets(n, decimals, rate):
    assert passing_rate(n, decimals) == pytest.approx(rate, abs=5e-4)
    assert passing_rate(n, 0) == 1


def test_one_hit_more_or_less():
    assert attained("74.14", 3589).hits == 2661
    assert attained("76.82", 3589).hits == 2757
    assert attained("41.28", 436).hits == 180
    assert attained("41.30", 436).hits is None
    assert (attained("0", 5).hits, attained("100.00", 5).hits) == (0, 5)
    assert attained("98.0", 113).hits is None


def test_cutting_off_is_told_apart_from_rounding():
    assert attained("66.67", 3).how == "rounded"
    assert attained("66.66", 3).how == "cut off"
    assert attained("66.65", 3).how == ""
    # Several counts fit one digit where n is large; the nearest is told.
    assert attained("70", 3589).hits == 2512


@pytest.mark.parametrize("printed", ["", "seventy", "-1", "100.1", "nan", "inf"])
def test_no_accuracy_is_refused(printed):
    with pytest.raises(FerError, match="expected 0 to 100 per cent"):
        attained(printed, 10)


def test_impossible_sizes_are_refused():
    with pytest.raises(FerError, match="n is 0"):
        attained("50", 0)
    with pytest.raises(FerError, match="decimals 7"):
        passing_rate(10, 7)
    assert decimals_of("1E+1") == 0


def test_the_tail_is_that_of_a_binomial_where_all_chances_agree():
    assert at_least(0, [0.3] * 4) == pytest.approx(1)
    assert at_least(4, [0.3] * 4) == pytest.approx(0.3**4)
    assert at_least(1, [0.3, 0.5]) == pytest.approx(1 - 0.7 * 0.5)
    assert at_least(10, [passing_rate(3199, 2)] * 10) == pytest.approx(6.5e-4, 0.01)


# Printed columns with the sizes that were tried: how many are k of n.
FERPLUS = "88.40 88.56 88.59 89.15 88.59 88.78 89.21 89.34 87.49 88.34"
ONTO_CKPLUS = "32.85 41.31 33.33 35.49 22.97 37.72 32.62 47.53"
FINDINGS = [
    (FERPLUS, 3199, 10),
    (FERPLUS, 3153, 3),
    (ONTO_CKPLUS, 1254, 8),
    (ONTO_CKPLUS, 1308, 1),
    (ONTO_CKPLUS, 1236, 3),
    ("96.08 96.73 97.85", 981, 2),
    ("86.06 86.92 87.79", 1440, 0),
    ("85.02 92.42 91.43 87.30 82.88 92.36 86.40 97.14", 213, 0),
]


@pytest.mark.parametrize(("column", "n", "passed"), FINDINGS)
def test_columns_of_the_papers(column, n, passed):
    found = [attained(printed, n) for printed in column.split()]
    assert sum(one.hits is not None for one in found) == passed


def test_ferplus_values_speak_for_the_validation_split():
    hows = [attained(printed, 3199).how for printed in FERPLUS.split()]
    assert (hows.count("rounded"), hows.count("cut off")) == (8, 2)


TALLIES = {
    ("residual_masking", "fer2013", 3589): (12, 12),  # one is the ensemble
    ("diversified_esr", "affectnet", 4000): (8, 8),
    ("diversified_esr", "fer2013", 3199): (8, 8),
    ("diversified_esr", "rafdb", 3068): (7, 8),
    ("diversified_manet", "affectnet", 4000): (2, 2),
    ("diversified_manet", "fer2013", 3199): (2, 2),
    ("diversified_manet", "rafdb", 3068): (2, 2),
    ("part_ensemble", "sfew", 436): (7, 8),
    ("part_ensemble", "sfew", 1254): (8, 8),
    ("part_ensemble", "sfew", 213): (8, 8),
    ("ramn", "fer2013", 3589): (2, 3),
    ("ramn", "rafdb", 3068): (1, 3),
}


def test_tallies_of_the_papers():
    found = {
        (paper, told.dataset, told.n): (told.passed, told.tried)
        for paper in {name for name, *_ in TALLIES}
        for told in tally(load_claims(paper).claims)
    }
    assert found == TALLIES  # folds and unknown n are not asked


def test_only_accuracies_on_a_told_number_of_faces_are_asked():
    about = {
        "id": "ramn.x",
        "kind": "value",
        "where": Where("Table 1"),
        "says": "",
        "dataset": "ckplus",
        "protocol": "official",
        "value": "97.85",
        "n": 981,
    }
    assert attained_claim(Claim(**about)).hits == 960
    for change in (
        {"protocol": "ckplus_last3"},
        {"n": None},
        {"kind": "difference"},
        {"metric": "recall.happy"},
        {"unit": "of 1", "value": "0.98"},
    ):
        assert attained_claim(Claim(**about | change)) is None
