"""The claims of Deep-Emotion, as the book states them."""

import re
import tomllib

import pytest

from fer_lib.expressions import EXPRESSIONS
from ferbook.ledger.claims_file import load_all_claims, load_claims
from ferbook.ledger.verdicts import checks
from ferbook.runs.paths import claims_folder


@pytest.fixture(scope="module")
def paper():
    return load_claims("deep_emotion")


def test_the_four_tables(paper):
    told = {
        "fer2013": ("Table 1", "70.02", 3589),
        "ferg": ("Table 2", "99.3", 7000),
        "jaffe": ("Table 3", "92.8", 70),
        "ckplus": ("Table 4", "98.0", 113),
    }
    for dataset, expected in told.items():
        claim = paper.claim(f"deep_emotion.{dataset}.accuracy")
        assert (claim.where.place, claim.value, claim.n) == expected
        assert claim.kind == "value"


@pytest.mark.parametrize(
    ("name", "hits", "total"),
    [("fer2013", 2502, 3573), ("ferg", 6952, 7000), ("jaffe", 65, 70)],
)
def test_the_three_matrices(paper, name, hits, total):
    matrix = paper.matrix(f"deep_emotion.{name}.confusion")
    assert (matrix.hits, matrix.total) == (hits, total)


def test_each_recall_of_a_matrix_is_a_claim(paper):
    recalls = [c for c in paper.claims if c.metric.startswith("recall.")]
    assert len(recalls) == 21
    fear = paper.claim("deep_emotion.fer2013.confusion.recall.fear")
    assert (fear.value, fear.n) == ("46/99", 99)
    assert fear.number == pytest.approx(46 / 99)
    assert fear.epochs == 300


def test_the_first_claim_lists_both_label_sets(paper):
    claim = paper.claim("deep_emotion.fer2013.accuracy")
    protocols = [answer.protocol for answer in claim.answered_by]
    assert protocols == ["official", "ferplus_argmax7"]
    assert claim.protocol == "official"


def test_every_check_is_known_and_every_known_check_is_used():
    claims = [claim for paper in load_all_claims() for claim in paper.claims]
    used = {claim.check for claim in claims if claim.kind == "arithmetic"}
    assert used == set(checks())


def test_quotes_are_the_tables_other_rows(paper):
    counts = {}
    for quote in paper.quotes:
        counts[quote.place] = counts.get(quote.place, 0) + 1
    assert counts == {"Table 1": 7, "Table 2": 3, "Table 3": 5, "Table 4": 11}


def test_all_files_read_and_no_id_occurs_in_two():
    ids = [claim.id for paper in load_all_claims() for claim in paper.claims]
    assert len(ids) == len(set(ids))


def test_the_file_names_no_class_that_the_book_does_not_know(paper):
    text = (claims_folder() / "deep_emotion.toml").read_text()
    told = tomllib.loads(text)
    for matrix in told["matrix"]:
        assert set(matrix["classes"]) == set(EXPRESSIONS[:7])
    for claim in paper.claims:
        for term in claim.order:
            assert set(term.classes) <= set(EXPRESSIONS)
        assert re.fullmatch(r"[a-z0-9_.]+", claim.id)
