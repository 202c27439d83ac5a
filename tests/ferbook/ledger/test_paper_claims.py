"""The papers' claims: printed tables, and what would answer."""

import re
from decimal import Decimal

import pytest

from fer_lib.data import DATASETS
from fer_lib.data.protocols import FOLDS, PAIRS, PROTOCOLS
from fer_lib.expressions import EXPRESSIONS
from ferbook.ledger.arithmetic.networks import PARTS
from ferbook.ledger.claim_files import load_all_claims, load_claims
from ferbook.ledger.verdicts import checks

DEEP = load_claims("deep_emotion")  # tables and tests of its own, below
FILES = {paper.paper: paper for paper in load_all_claims()}
CLAIMS = [claim for paper in FILES.values() if paper != DEEP for claim in paper.claims]
ANSWERS = [(claim, answer) for claim in CLAIMS for answer in claim.answered_by]
# The name that a protocol's reported part has.
REPORTED = {
    "rafdb_test": "test",
    "affectnet_val8": "val",
    "sfew_val": "val",
    "ferplus_validation8": "PublicTest",
    **dict.fromkeys((*FOLDS, *PAIRS), "Test"),
}

# Rows as printed; columns are claims.
TABLES = {
    "residual_masking": (
        "fer2013.{}accuracy fer2013.{}accuracy",
        {"": "74.14", "ensemble.": "76.82", "no_mask.": "72.41", "vgg19.": "70.80"}
        | {"efficientnet_b2b.": "70.80", "googlenet.": "71.97"}
        | {"resattnet56.": "72.63", "inception_v3.": "72.72"}
        | {"bam_resnet50.": "73.14", "densenet121.": "73.16"}
        | {"resnet152.": "73.22", "cbam_resnet50.": "73.39"},
    ),
    "ramn": (
        "fer2013.{}.accuracy ckplus.{}.accuracy oulu.{}.accuracy rafdb.{}.accuracy",
        {
            "baseline": "70.15 96.08 86.06 82.83",
            "beta": "74.49 96.73 86.92 85.04",
            "beta_omega": "75.14 97.85 87.79 86.87",
        },
    ),
    "diversified_esr": (
        "affectnet.{}.accuracy fer2013.{}.accuracy rafdb.{}.accuracy",
        {
            "plain": "58.8 88.40 77.96",
            "cbam": "58.95 88.56 82.39",
            "spatial": "59.25 88.59 82.92",
            "spatial_channel": "59.3 89.15 82.95",
            "esr15_plain": "58.7 88.59 77.5",
            "esr15_cbam": "59.25 88.78 82.82",
            "esr15_spatial": "59.47 89.21 82.92",
            "esr15_spatial_channel": "60.00 89.34 83.00",
        },
    ),
    "diversified_manet": (
        "affectnet.{}accuracy fer2013.{}accuracy rafdb.{}accuracy",
        {"plain.": "59.85 87.49 88.68", "": "60.02 88.34 89.99"},
    ),
    "part_ensemble": (
        "{0}.baseline.accuracy {0}.full_transfer.accuracy {0}.eyebrows.accuracy "
        "{0}.eyes.accuracy {0}.nose.accuracy {0}.mouth.accuracy {0}.jaw.accuracy "
        "{0}.accuracy",
        {
            "ckplus": "82.56 95.87 93.29 93.96 91.86 95.16 93.28 97.31",
            "jaffe": "85.02 92.42 91.43 87.30 82.88 92.36 86.40 97.14",
            "sfew": "36.47 42.20 40.60 41.30 36.70 41.74 40.82 44.50",
            "sfew_to_ckplus": "32.85 41.31 33.33 35.49 22.97 37.72 32.62 47.53",
            "sfew_to_jaffe": "16.90 26.29 22.54 24.88 18.78 24.88 21.60 30.51",
        },
    ),
}
SIZES = {
    "official": 3589,
    "ferplus_validation8": 3199,
    "affectnet_val8": 4000,
    "rafdb_test": 3068,
    "ckplus_last3": 981,
    "oulu_last3": 1440,
    "ckplus_first_last3": 1308,
    "jaffe_subjects": 213,
    "sfew_val": 436,
    "sfew_to_ckplus": 1254,
    "sfew_to_jaffe": 213,
}


@pytest.mark.parametrize("paper", TABLES)
def test_the_printed_tables(paper):
    columns, rows = TABLES[paper]
    expected = {
        f"{paper}.{column.format(row)}": value
        for row, values in rows.items()
        for column, value in zip(columns.split(), values.split(), strict=False)
    }
    found = {
        claim.id: claim.value
        for claim in FILES[paper].claims
        if claim.kind == "value" and claim.metric == "accuracy" and claim.n
    }
    assert found == expected


def test_recalls_and_speed_of_residual_masking():
    paper = FILES["residual_masking"]
    told = {"happy": "0.91 0.81", "surprise": "0.85 0.71"}
    told |= {"fear": "0.56 0.44", "sad": "0.59 0.63"}
    for name, values in told.items():
        pair = [paper.claim(f"{paper.paper}.{d}.recall.{name}") for d in _TWO]
        assert [claim.value for claim in pair] == values.split()
        assert pair[0].number == float(values.split()[0])
    speed = paper.claim("residual_masking.speed")
    assert (speed.value, speed.unit) == ("100", "frames a second")
    vemo = ["65.94", "64.84", "63.94", "60.82"]
    found = [c.value for c in paper.claims if c.dataset == "vemo" and "acc" in c.id]
    assert found == vemo


_TWO = ("fer2013", "vemo")


def test_sizes_and_names():
    for claim in CLAIMS:
        _check_claim(claim)


def _check_claim(claim):
    assert re.fullmatch(r"[a-z0-9_.]+", claim.id)
    if claim.kind in ("value", "difference") and claim.metric == "accuracy" and claim.n:
        assert claim.n == SIZES[claim.protocol]
    for term in claim.order:
        assert set(term.classes) <= set(EXPRESSIONS)
        assert term.view.removeprefix("member.") in (*PARTS, "single", "early_exit", "")
    if claim.dataset not in DATASETS and claim.kind != "arithmetic":
        assert claim.dataset in ("vemo", "not told") and not claim.answered_by
        assert claim.impossible


def test_answers_name_protocols_that_exist_and_the_split_they_report():
    for claim, answer in ANSWERS:
        assert answer.protocol in {*PROTOCOLS, *FOLDS, *PAIRS}, claim.id
        assert answer.split == REPORTED.get(answer.protocol, "PrivateTest"), claim.id
        assert answer.recipe == "paper" and answer.checkpoint == "selected"


def test_the_first_answer_is_the_papers_own_protocol():
    for claim in CLAIMS:
        if claim.answered_by:
            assert claim.answered_by[0].protocol == claim.protocol
            assert claim.answered_by[0].preset == "paper"


def test_open_data_may_be_answered_at_reduced_sizes():
    open_sets = [pair for pair in ANSWERS if pair[0].dataset == "fer2013"]
    by_claim = {}
    for claim, answer in open_sets:
        by_claim.setdefault(claim.id, set()).add(answer.preset)
    for claim, answer in open_sets:
        sizes = {"paper", "reduced", "small"}
        if ".drift." in claim.id:  # shorter runs do not learn to place landmarks
            sizes = {"paper"}
        if "comparison/" in f"{answer.variant} {claim.against}":  # in no small size
            sizes = {"paper", "reduced"}
        assert by_claim[claim.id] == sizes, claim.id


def _accuracy_of(claim, variant):
    """The printed accuracy of a variant on the same data."""
    return next(
        Decimal(other.value)
        for other in CLAIMS
        if other.kind == "value"
        and other.metric == "accuracy"
        and (other.paper, other.protocol) == (claim.paper, claim.protocol)
        and other.answered_by
        and other.answered_by[0].variant == variant
        and other.answered_by[0].view == "single"
    )


# Differences that a text tells, too; it does not tell the others.
TOLD = ("4.99", "4.04", "1.73")
# What a text tells, of which no table has the rows.
TOLD_OTHERWISE = {
    f"ramn.{name}.crops_10" for name in ("fer2013", "rafdb", "ckplus", "oulu")
} | {"residual_masking.fer2013.ensemble.gain"}


def test_differences_are_those_of_the_printed_rows():
    for claim in CLAIMS:
        if claim.kind == "difference" and claim.id not in TOLD_OTHERWISE:
            assert claim.asked or claim.value in TOLD, claim.id
            first = _accuracy_of(claim, claim.answered_by[0].variant)
            second = _accuracy_of(claim, claim.against)
            assert Decimal(claim.value) == first - second, claim.id


def test_the_two_networks_of_one_paper_quote_the_same():
    one, other = FILES["diversified_esr"], FILES["diversified_manet"]
    assert (one.quotes, one.cite) == (other.quotes, other.cite)


def test_the_four_tables():
    told = {
        "fer2013": ("Table 1", "70.02", 3589),
        "ferg": ("Table 2", "99.3", 7000),
        "jaffe": ("Table 3", "92.8", 70),
        "ckplus": ("Table 4", "98.0", 113),
    }
    for dataset, expected in told.items():
        claim = DEEP.claim(f"deep_emotion.{dataset}.accuracy")
        assert (claim.where.place, claim.value, claim.n) == expected
        assert claim.kind == "value"


@pytest.mark.parametrize(
    ("name", "hits", "total"),
    [("fer2013", 2502, 3573), ("ferg", 6952, 7000), ("jaffe", 65, 70)],
)
def test_the_three_matrices(name, hits, total):
    matrix = DEEP.matrix(f"deep_emotion.{name}.confusion")
    assert (matrix.hits, matrix.total) == (hits, total)


def test_each_recall_of_a_matrix_is_a_claim():
    recalls = [c for c in DEEP.claims if c.metric.startswith("recall.")]
    assert len(recalls) == 21
    fear = DEEP.claim("deep_emotion.fer2013.confusion.recall.fear")
    assert (fear.value, fear.n) == ("46/99", 99)
    assert fear.number == pytest.approx(46 / 99)
    assert fear.epochs == 300


def test_every_check_is_known_and_every_known_check_is_used():
    claims = [claim for paper in load_all_claims() for claim in paper.claims]
    used = {claim.check for claim in claims if claim.kind == "arithmetic"}
    assert used == set(checks())
