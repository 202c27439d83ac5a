"""The claims file: what it must hold, and Deep-Emotion's own."""

import copy
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_lib.errors import FerError
from fer_lib.evidence.claims import Term
from fer_lib.evidence.claims_file import load_all_claims, load_claims, parse_claims
from fer_lib.evidence.paths import claims_folder, repository_root
from fer_lib.evidence.verdicts import CHECKS
from fer_lib.expressions import EXPRESSIONS

VALUE = """
paper = "some_paper"
title = "A paper"
cite = "some2021"
epochs = 300

[[claim]]
id = "some_paper.fer2013.accuracy"
kind = "value"
where = { place = "Table 1", row = "ours", column = "accuracy" }
says = "Accuracy."
dataset = "fer2013"
protocol = "official"
value = "70.02"
n = 3589
answered_by = [{ protocol = "official" }]
not_attempted = "compute"
"""


MATRIX = """
[[matrix]]
id = "some_paper.fer2013.confusion"
where = { place = "Figure 1" }
dataset = "fer2013"
protocol = "official"
classes = ["angry", "fear"]
rows = [[3, 1], [0, 2]]
caption = [4, 2]
not_attempted = "compute"
"""
SOME = tomllib.loads(VALUE + MATRIX)


def _load(folder, text):
    (folder / "some_paper.toml").write_text(text)
    return load_claims("some_paper", folder)


def test_a_value_claim_reads_as_typed(tmp_path):
    found = _load(tmp_path, VALUE)
    claim = found.claim("some_paper.fer2013.accuracy")
    assert (claim.value, claim.n, claim.epochs) == ("70.02", 3589, 300)
    assert claim.number == pytest.approx(0.7002)
    assert str(claim.where) == "Table 1, row 'ours', column 'accuracy'"
    (answer,) = claim.answered_by
    assert (answer.split, answer.checkpoint) == ("PrivateTest", "selected")
    assert (answer.preset, answer.recipe, answer.variant) == (
        "paper",
        "paper",
        "default",
    )
    assert claim.paper == "some_paper"


def test_an_order_claim_reads_as_typed(tmp_path):
    text = (
        VALUE.replace('"value"', '"order"').replace('value = "70.02"\n', "")
        + 'order = [{ variant = "default" }, { variant = "plain" }]\n'
    )
    (claim,) = _load(tmp_path, text).claims
    assert claim.order == (Term(variant="default"), Term(variant="plain"))


FAULTS = [
    ('says = "Accuracy."\n', "", "'says' is missing"),
    ("says =", "say =", "unknown key 'say'"),
    ('kind = "value"', 'kind = "guess"', "kind is 'guess', expected one of value"),
    ('value = "70.02"\n', "", "kind value needs 'value'"),
    ("n = 3589\n", "", "kind value needs 'n'"),
    ("n = 3589", "n = 0", "n is 0, expected 1 or more"),
    ("n = 3589", 'n = "3589"', "'n' is '3589', expected int"),
    ("n = 3589", "n = true", "'n' is True, expected int"),
    ('"70.02"', '"seventy"', "value is 'seventy' %"),
    ('"70.02"', '"170.02"', "expected a share of 1"),
    ('"70.02"', '"1/0"', "value is '1/0'"),
    ('"70.02"', "70.02", "'value' is 70.02, expected str"),
    ('"compute"', '"lazy"', "not_attempted is 'lazy'"),
    ('not_attempted = "compute"\n', "", "needs 'not_attempted'"),
    ("{ protocol =", '{ color = "red", protocol =', "unknown key 'color'"),
    ("[{ protocol", '[{ checkpoint = "best_on_test", protocol', "never answers"),
    ('[{ protocol = "official" }]', '"official"', "'answered_by' is 'official'"),
    ("{ place =", "{ table =", "unknown key 'table'"),
    ("where = { place", "where = { plaice = 1, place", "unknown key 'plaice'"),
    ('"some_paper.fer2013.accuracy"', '"other.accuracy"', "must begin with"),
    ('paper = "some_paper"', 'paper = "other"', "paper is 'other', expected"),
    ("epochs = 300", "epoch = 300", "unknown key 'epoch'"),
    ("[[claim]]", "[[claims]]", "unknown key 'claims'|'claims' is"),
    ("[[claim]]", "[[claim", "no valid TOML"),
    ("n = 3589", 'n = 3589\nmetric = "speed"', "metric is 'speed'"),
    ("epochs = 300", 'epochs = "300"', "'epochs' is '300', expected int"),
]


@pytest.mark.parametrize(("old", "new", "told"), FAULTS)
def test_each_planted_fault_is_told(tmp_path, old, new, told):
    assert old in VALUE
    with pytest.raises(FerError, match=told) as caught:
        _load(tmp_path, VALUE.replace(old, new, 1))
    message = str(caught.value)
    assert str(tmp_path / "some_paper.toml") in message
    assert "\n" not in message


def test_a_duplicate_id_is_told(tmp_path):
    twice = VALUE + VALUE[VALUE.index("[[claim]]") :]
    with pytest.raises(FerError, match="occurs twice"):
        _load(tmp_path, twice)


@pytest.mark.parametrize(
    "order",
    [
        '[{ variant = "default" }]',
        '[{ variant = "default" }, { classes = ["fear"] }]',
        '[{ variant = "a", classes = ["fear"] }, { variant = "b" }]',
        "[{}, {}]",
    ],
)
def test_an_order_of_mixed_or_single_terms_is_refused(tmp_path, order):
    text = VALUE.replace('"value"', '"order"') + f"order = {order}\n"
    with pytest.raises(FerError, match="two terms or more"):
        _load(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rows = [[3, 1], [0, 2]]", "rows = [[3, 1], [0]]"),
        ("rows = [[3, 1], [0, 2]]", "rows = [[3, 1]]"),
        ("caption = [4, 2]", "caption = [4]"),
    ],
)
def test_a_matrix_that_is_not_square_is_refused(tmp_path, old, new):
    with pytest.raises(FerError, match="needs 2 rows, columns and caption"):
        _load(tmp_path, VALUE + MATRIX.replace(old, new))


def test_missing_paper_names_the_known(tmp_path):
    _load(tmp_path, VALUE)
    with pytest.raises(FerError, match="papers known are some_paper"):
        load_claims("another", tmp_path)


def test_repository_root_can_be_named(tmp_path, monkeypatch):
    (tmp_path / "book" / "claims").mkdir(parents=True)
    monkeypatch.setenv("FER_BOOK_ROOT", str(tmp_path))
    assert repository_root() == tmp_path.resolve()
    monkeypatch.setenv("FER_BOOK_ROOT", str(tmp_path / "none"))
    with pytest.raises(FerError, match="set FER_BOOK_ROOT to a clone"):
        repository_root()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.data())
def test_whatever_a_file_says_is_read_or_refused(data):
    told = copy.deepcopy(SOME)
    table = data.draw(st.sampled_from([told, *told["claim"], *told["matrix"]]))
    key = data.draw(st.sampled_from([*table, "order", "metric", "extra"]))
    table[key] = data.draw(anything)
    try:
        found = parse_claims(Path("some_paper.toml"), told)
    except FerError as error:
        assert "some_paper.toml" in str(error)
    else:
        assert all(claim.paper == "some_paper" for claim in found.claims)


# ---- Deep-Emotion's own file -------------------------------------------------


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
    assert used == set(CHECKS)


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
    for matrix in copy.deepcopy(told["matrix"]):
        assert set(matrix["classes"]) == set(EXPRESSIONS[:7])
    for claim in paper.claims:
        for term in claim.order:
            assert set(term.classes) <= set(EXPRESSIONS)
        assert re.fullmatch(r"[a-z0-9_.]+", claim.id)
