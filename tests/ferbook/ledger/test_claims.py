"""The claims file: what it must hold, and Deep-Emotion's own."""

import copy
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_lib.errors import FerError
from ferbook.ledger.claim_files import load_claims, parse_claims
from ferbook.ledger.claims import Term
from ferbook.runs.paths import repository_root

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
    (
        'kind = "value"',
        'kind = "guess"',
        "'kind' is 'guess', expected 'value', 'difference'",
    ),
    ('value = "70.02"\n', "", "kind value needs 'value'"),
    ("n = 3589\n", "", "kind value needs 'n'"),
    ("n = 3589", "n = 0", "'n' is 0, expected greater than or equal to 1"),
    ("n = 3589", 'n = "3589"', "'n' is '3589', expected a valid integer"),
    ("n = 3589", "n = true", "'n' is True, expected a valid integer"),
    ('"70.02"', '"seventy"', "value is 'seventy' %"),
    ('"70.02"', '"170.02"', "expected a share of 1"),
    ('"70.02"', '"1/0"', "value is '1/0'"),
    ('"70.02"', "70.02", "'value' is 70.02, expected a valid string"),
    ('"compute"', '"lazy"', "'not_attempted' is 'lazy'"),
    ('not_attempted = "compute"\n', "", "needs 'not_attempted'"),
    (
        "{ protocol =",
        '{ color = "red", protocol =',
        "unknown key 'answered_by.0.color'",
    ),
    (
        "[{ protocol",
        '[{ checkpoint = "best_on_test", protocol',
        "'answered_by.0.checkpoint' is 'best_on_test'",
    ),
    ('[{ protocol = "official" }]', '"official"', "'answered_by' is 'official'"),
    ("{ place =", "{ table =", "unknown key 'where.table'|'where.place' is missing"),
    ("where = { place", "where = { plaice = 1, place", "unknown key 'where.plaice'"),
    ('"some_paper.fer2013.accuracy"', '"other.accuracy"', "must begin with"),
    ('paper = "some_paper"', 'paper = "other"', "paper is 'other', expected"),
    ("epochs = 300", "epoch = 300", "unknown key 'epoch'"),
    ("[[claim]]", "[[claims]]", "unknown key 'claims'|'claims' is"),
    ("[[claim]]", "[[claim", "no valid TOML"),
    ("n = 3589", 'n = 3589\nmetric = "speed"', "'metric' is 'speed', expected match"),
    ("epochs = 300", 'epochs = "300"', "'epochs' is '300', expected a valid integer"),
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
        '[{ classes = ["sad"], measure = "m" }, { classes = ["fear"], measure = "m" }]',
        '[{ measure = "m", faces = "wrong" }, { measure = "m", faces = "right" }]',
        '[{ variant = "a", measure = "m" }, { variant = "b", measure = "m" }]',
    ],
)
def test_an_order_of_measures_may_be_of_some_faces(tmp_path, order):
    text = VALUE.replace('"value"', '"order"') + f"order = {order}\n"
    assert len(_load(tmp_path, text).claims[0].order) == 2


@pytest.mark.parametrize(
    "order",
    [
        '[{ variant = "default" }]',
        '[{ variant = "a", faces = "wrong" }, { variant = "b", faces = "wrong" }]',
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
