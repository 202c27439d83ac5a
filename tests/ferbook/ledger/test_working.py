"""Sums inside the paper, against the same sums by hand or by scipy."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch import nn

from fer_lib.data.sources.ferplus import argmax_labels, read_votes
from ferbook.ledger.arithmetic.deep_emotion import (
    FER2013_ALL,
    PRIVATE_TEST,
    chi_square,
    flat_size,
    l1_distance,
)
from ferbook.ledger.arithmetic.working import (
    attainable,
    parts_and_total,
    printed_as,
    shares,
)
from ferbook.ledger.claims_file import load_claims
from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import judge


@pytest.fixture(scope="module")
def paper():
    return load_claims("deep_emotion")


def _judge(paper, id):
    found = judge(paper.claim(f"deep_emotion.{id}"), paper, ())
    return found.verdict, found.why


WORKINGS = {
    "fer2013.accuracy_sum": ("consistent", "2,502 of 3,573 images, 70.0252 %"),
    "ferg.accuracy_sum": ("consistent", "6,952 of 7,000"),
    "jaffe.accuracy_sum": ("consistent", "65 of 70 images, 92.8571 %"),
    "fer2013.caption": ("contradictory", "sum to 3,572, the matrix to 3,573"),
    "ferg.caption": ("consistent", "All 7 rows agree"),
    "jaffe.caption": ("consistent", "All 7 rows agree"),
    "fer2013.attainable": ("consistent", "2,513 of 3,589"),
    "ckplus.attainable": ("contradictory", "111/113 = 98.23 %"),
    "fer2013.test_images": ("contradictory", "16 fewer"),
    "fer2013.label_set": ("contradictory", "1,514 images apart"),
    "fer2013.rare_classes": ("contradictory", "disgust 547, surprise 4,002"),
    "fer2013.split": ("consistent", "= 35,887"),
    "fer2013.validation_images": ("contradictory", "3,500"),
    "ferg.split": ("consistent", "= 55,000; the data set has 55,767"),
    "jaffe.split": ("consistent", "120 + 23 + 70 = 213"),
    "ckplus.split": ("consistent", "= 593"),
    "ckplus.shares": ("contradictory", "113/593 = 19.1 % for 20 %"),
    "ckplus.labelled": ("contradictory", "327"),
    "layers": ("consistent", "6 layers"),
    "flattened.main": ("consistent", "9 x 9, 810 values"),
    "flattened.localisation": ("contradictory", "1,000 values"),
    "fer2013.improvement": ("contradictory", "Aff-Wild2"),
    "ferg.improvement": ("consistent", "3 other methods"),
    "jaffe.improvement": ("contradictory", "CNN+SVM 95.31"),
    "ckplus.improvement": ("consistent", "11 other methods"),
}


@pytest.mark.parametrize("id", WORKINGS)
def test_workings_of_deep_emotion(paper, id):
    verdict, text = WORKINGS[id]
    found, why = _judge(paper, id)
    assert found == Verdict(verdict)
    assert text in why


def test_no_arithmetic_claim_is_left_out(paper):
    claims = [c.id for c in paper.claims if c.kind == "arithmetic"]
    assert sorted(claims) == sorted(f"deep_emotion.{id}" for id in WORKINGS)


def test_the_label_set_by_numbers(paper):
    sums = paper.matrix("deep_emotion.fer2013.confusion").row_sums
    counts = tuple(sums[name] for name in FER2013_ALL)
    own, votes = PRIVATE_TEST.values()
    assert (sum(own), sum(votes)) == (3589, 3574)
    assert (l1_distance(counts, own), l1_distance(counts, votes)) == (1514, 23)
    for others in (own, votes):
        expected = [n * sum(counts) / sum(others) for n in others]
        assert chi_square(counts, others) == pytest.approx(
            chisquare(counts, expected).statistic
        )
    assert chi_square(counts, votes) < 12.6 < chi_square(counts, own)
    assert sum(FER2013_ALL.values()) == 35887


@pytest.mark.skipif(
    not os.environ.get("FER_DATA"), reason="FER_DATA names no real FER2013"
)
def test_the_votes_are_counted_in_the_real_file():
    path = Path(os.environ["FER_DATA"]) / "fer2013new.csv"
    with path.open(newline="") as source:
        rows = list(csv.DictReader(source))
    votes = read_votes(path, np.array([row["Usage"] for row in rows]))
    test = np.array([row["Usage"] == "PrivateTest" for row in rows])
    labels, _ = argmax_labels(votes["votes"][test & votes["named"]], 7)
    assert tuple(np.bincount(labels)) == PRIVATE_TEST["FER+ votes"]


@given(st.integers(1, 400), st.data())
def test_printed_digits_of_a_share_are_recognised(n, data):
    hits = data.draw(st.integers(0, n))
    exact = 100 * hits / n
    assert printed_as(hits, n, f"{int(exact * 10 + 1e-9) / 10:.1f}")
    assert not printed_as(hits, n, f"{exact + 0.3:.1f}")


def test_ties_round_up_and_digits_are_kept():
    assert printed_as(1, 8, "12.5") == "rounded"  # exact
    assert printed_as(1, 16, "6.3") == "rounded"  # 6.25
    assert printed_as(1, 16, "6.2") == "cut off"
    assert printed_as(1, 16, "6.25") == "rounded"
    assert printed_as(1, 16, "6.20") == ""


def test_attainable_agrees_with_trying_every_count(paper):
    claim = paper.claim("deep_emotion.ckplus.attainable")
    assert not any(printed_as(k, 113, "98.0") for k in range(114))
    assert not attainable(paper, claim).consistent


def test_parts_may_be_off_by_what_rounding_hides(paper):
    claim = paper.claims[0]
    told = {"parts": [34000, 14000, 7000], "about": 1000}
    assert parts_and_total(paper, claim, total=56500, **told).consistent
    assert not parts_and_total(paper, claim, total=56501, **told).consistent
    assert not parts_and_total(paper, claim, parts=[1, 2], total=4).consistent


def test_shares_to_a_per_cent(paper):
    claim = paper.claims[0]
    assert shares(paper, claim, parts=[70, 10, 20], percent=[70, 10, 20]).consistent


def test_flat_sizes_against_torch():
    layers = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.MaxPool2d(2), nn.Conv2d(8, 10, 3), nn.MaxPool2d(2)
    )
    with torch.inference_mode():
        found = layers(torch.zeros(1, 1, 48, 48)).numel()
    assert found == flat_size(48, "3p3p", 10) == 1000
