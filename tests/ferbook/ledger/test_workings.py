"""Sums inside the papers, against the same sums by hand or by a library."""

import csv
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch import nn

from fer_lib.data.sources.ferplus import argmax_labels, read_votes
from fer_lib.errors import FerError
from ferbook.ledger.arithmetic import networks
from ferbook.ledger.arithmetic.deep_emotion import (
    FER2013_ALL,
    PRIVATE_TEST,
    chi_square,
    flat_size,
    l1_distance,
)
from ferbook.ledger.arithmetic.networks import module_of, stored_numbers
from ferbook.ledger.arithmetic.printed import (
    each_above,
    figure,
    gap,
    gives,
    on_a_par,
    parts_and_total,
    printed_as,
    two_class_accuracy,
)
from ferbook.ledger.claim_files import load_claims
from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import judge

YES, NO, OPEN = Verdict.CONSISTENT, Verdict.CONTRADICTORY, Verdict.NOT_RUN
WORKINGS = {
    "deep_emotion": {
        "fer2013.accuracy_sum": (YES, "2,502 of 3,573 images, 70.0252 %"),
        "ferg.accuracy_sum": (YES, "6,952 of 7,000"),
        "jaffe.accuracy_sum": (YES, "65 of 70 images, 92.8571 %"),
        "fer2013.caption": (NO, "sum to 3,572, the matrix to 3,573"),
        "ferg.caption": (YES, "All 7 rows agree"),
        "jaffe.caption": (YES, "All 7 rows agree"),
        "fer2013.attainable": (YES, "2,513 of 3,589"),
        "ckplus.attainable": (NO, "111/113 = 98.23 %"),
        "fer2013.test_images": (NO, "16 fewer"),
        "fer2013.label_set": (NO, "1,514 images apart"),
        "fer2013.rare_classes": (NO, "disgust 547, surprise 4,002"),
        "fer2013.split": (YES, "= 35,887"),
        "fer2013.validation_images": (NO, "3,500"),
        "ferg.split": (YES, "= 55,000; the data set has 55,767"),
        "jaffe.split": (YES, "120 + 23 + 70 = 213"),
        "ckplus.split": (YES, "= 593"),
        "ckplus.shares": (NO, "113/593 = 19.1 % for 20 %"),
        "ckplus.labelled": (NO, "327"),
        "layers": (YES, "6 layers"),
        "flattened.main": (YES, "9 x 9, 810 values"),
        "flattened.localisation": (NO, "1,000 values"),
        "fer2013.improvement": (NO, "Aff-Wild2"),
        "ferg.improvement": (YES, "3 other methods"),
        "jaffe.improvement": (NO, "CNN+SVM 95.31"),
        "ckplus.improvement": (YES, "11 other methods"),
        "fer2013.frequent_classes": (YES, "happy 8,989, neutral 6,198, sad 6,077"),
        "fer2013.hardest": (YES, "JAFFE: 92.8 against 70.02"),
    },
    "residual_masking": {
        "parameters": (NO, "137,796,423"),
        "vgg19.parameters": (YES, "139,598,919"),
        "efficientnet_b2b.parameters": (YES, "7,710,857"),
        "googlenet.parameters": (OPEN, "does not build googlenet"),
        "no_mask.parameters": (YES, "21,288,263"),
        "resattnet56.parameters": (NO, "29,776,071"),
        "inception_v3.parameters": (NO, "21,799,911"),
        "bam_resnet50.parameters": (YES, "23,880,442"),
        "densenet121.parameters": (YES, "6,961,031"),
        "resnet152.parameters": (YES, "58,158,151"),
        "cbam_resnet50.parameters": (NO, "26,054,967"),
        "most_parameters": (NO, "vgg19 139,598,919"),
        "fer2013.split": (NO, "= 36,157"),
        "vemo.parts": (YES, "= 36,470"),
        "stem": (NO, "Table I: 7 x 7"),
        "pooling": (NO, "Table I: 3 x 3"),
        "fer2013.rare_classes": (NO, "disgust 547, surprise 4,002"),
        "fer2013.second": (NO, "Table III: 73.4"),
        "resnet152.name": (NO, "Section IV-D: Resnet151"),
        "fer2013.improvement": (YES, "5 other methods"),
        "fer2013.ensemble.improvement": (YES, "4 other methods"),
        "fer2013.ensemble.margin": (YES, "76.82 - 75.42 = 1.4"),
        "fer2013.table_ii": (YES, "Cbam_resnet50: 74.14 against 73.39"),
        "ensemble.networks": (YES, "1 + 6 = 7; Section III-C has 7"),
        "accuracy_formula": (NO, "92.61 % on average"),
    },
    "ramn": {
        "fer2013.told_gain": (YES, "= 4.99"),
        "rafdb.told_gain": (YES, "= 4.04"),
        "ckplus.told_gain": (NO, "97.85 - 96.08 = 1.77; printed is 3.38"),
        "oulu.told_gain": (YES, "= 1.73"),
        "c_loss_mean": (YES, "= 1.1175; printed is 1.12"),
        "c_loss_less": (YES, "2.015 against 1.1175"),
        "c_loss_less_each": (NO, "CK+: 0.65 against 1.12"),
        "largest_gain": (NO, "FER2013 +4.99, RAF-DB +4.04"),
        "rafdb.dlp_cnn": (YES, "= 2.74"),
        "rafdb.gacnn": (YES, "= 1.8"),
        "rafdb.ran": (YES, "= 0.03"),
        "fer2013.images": (NO, "35,886"),
        "ckplus.images": (YES, "= 981"),
        "oulu.images": (YES, "= 1,440"),
        "fer2013.improvement": (YES, "5 other methods"),
        "ckplus.improvement": (YES, "4 other methods"),
        "oulu.second_highest": (YES, "DeRL 88.00, RAMN 87.79, IL-CNN 77.29"),
        "fer2013.zhang": (NO, "Zhang et al. 75.10, RAMN 75.14"),
        "abstract_intra": (NO, "Abstract: intra-class; Section I: interclass"),
        "fer2013.beta.attainable": (NO, "2673/3589 = 74.48 %"),
        "rafdb.baseline.attainable": (NO, "2541/3068 = 82.82 %"),
        "rafdb.beta_omega.attainable": (NO, "2665/3068 = 86.86 %"),
        "wild_gains": (YES, "RAF-DB and CK+: 4.04 against 1.77"),
        "best_crops": (NO, "7 and 9; Section V: 5"),
        "rafdb.images": (YES, "train: 12,271"),
        "rafdb.classes": (YES, "fear: 355, printed 355; happy: 5,957"),
    },
    "diversified_esr": {
        "affectnet.reproduced": (YES, "= 0.5"),
        "fer2013.reproduced": (NO, "= 1.23; printed is 0.85"),
        "fer2013.published": (NO, "its authors: 87.15"),
        "branches_proposed": (YES, "FER+: 89.34 against 89.15"),
        "branches_attention": (YES, "RAF-DB: 82.82 against 82.39"),
        "branches_spatial": (NO, "RAF-DB: 82.92 against 82.92"),
        "branches_original": (NO, "RAF-DB: 77.5 against 77.96"),
        "affectnet.images": (NO, "= 291,568"),
        "fer2013.improvement": (YES, "8 other methods"),
        "rafdb.esr15_spatial_channel.attainable": (NO, "2546/3068 = 82.99 %"),
        "boost": (YES, "ESR-15, RAF-DB: 83.00 against 82.82"),
        "affectnet.training_images": (NO, "287,651, printed 287,568"),
        "fer2013.images": (YES, "all: 35,887"),
        "rafdb.images": (YES, "test: 3,068, printed 3,068"),
    },
    "diversified_manet": {
        "parameters": (YES, "50,547,214"),
        "affectnet.reproduced": (YES, "= 0.44"),
        "rafdb.reproduced": (YES, "= 0.28"),
        "rafdb.improvement": (YES, "7 other methods"),
        "boost": (YES, "RAF-DB: 89.99 against 88.68"),
    },
    "part_ensemble": {
        "extractor.parameters": (YES, "294,480 trainable"),
        "nose_localisation_head.parameters": (YES, "18,834"),
        "full_localisation_head.parameters": (NO, "34,056"),
        "expression_head.parameters": (YES, "34,056"),
        "sub_network.parameters": (YES, "329,496 with moving averages"),
        "ensemble.parameters": (YES, "1,647,480 with moving averages"),
        "sub_network.flops": (NO, "0.671 GFLOPs"),
        "ensemble.flops": (NO, "3.356 GFLOPs"),
        "ensemble.flops_sum": (YES, "= 2.775"),
        "convolutions": (NO, "99.961 %"),
        "sub_network.storage": (NO, "1.32 MB or 1.26 MiB"),
        "ensemble.storage": (NO, "6.59 MB or 6.28 MiB"),
        "ensemble.storage_sum": (YES, "= 31.5"),
        "layers": (YES, "= 24"),
        "ckplus.part_order_printed": (YES, "mouth 95.16"),
        "jaffe.part_order_printed": (NO, "eyes 87.30, eyebrows 91.43"),
        "sfew.above_mean": (NO, "= 4.268"),
        "sfew.above_mouth": (YES, "= 2.76"),
        "sfew.part_order_printed": (NO, "eyebrows 40.60, jaw 40.82"),
        "sfew.drift_order_printed": (YES, "jaw 40.82, eyebrows 40.60"),
        "ckplus.benchmark": (YES, "= 0.51"),
        "jaffe.benchmark": (YES, "= 5.34"),
        "sfew.benchmark": (YES, "= 3.69"),
        "sfew_to_ckplus.above_sfew": (YES, "47.53 against 44.50"),
        "sfew_to_jaffe.below_ckplus": (YES, "47.53 against 30.51"),
        "fewer_parameters": (YES, "JAFFE: 2 against 1.65"),
        "ckplus.images": (YES, "= 1,308"),
        "sfew.images": (YES, "= 1,766"),
        "sfew.eyes.attainable": (NO, "180/436 = 41.28 %"),
        "sfew_to_ckplus.on_a_par": (YES, "3.62 points apart, chance 5.21"),
        "generalises_best": (YES, "JAFFE, EL and FTL: 30.51 against 26.29"),
        "share_of_parameters": (YES, "one part of 6.67"),
        "landmarks": (YES, "= 68"),
        "ckplus.frequent": (YES, "neutral 327, surprise 249"),
        "sfew.frequent": (OPEN, "per class are not published"),
    },
}


@pytest.fixture(autouse=True)
def _needs_pytorchcv(request):
    if "residual_masking" in request.node.name:
        pytest.importorskip("pytorchcv")


@pytest.mark.parametrize("paper", WORKINGS)
def test_workings_of(paper):
    claims = load_claims(paper)
    found = {c.id: c for c in claims.claims if c.kind == "arithmetic"}
    assert sorted(found) == sorted(f"{paper}.{id}" for id in WORKINGS[paper])
    for id, (verdict, text) in WORKINGS[paper].items():
        judged = judge(found[f"{paper}.{id}"], claims, ())
        assert (judged.verdict, text in judged.why) == (verdict, True), judged


def test_figures_are_found_by_claim_or_quote():
    paper = load_claims("ramn")
    assert figure(paper, "ramn.ckplus.beta.accuracy") == Decimal("96.73")
    assert figure(paper, "Table III: RAN") == Decimal("86.90")
    with pytest.raises(FerError, match="no claim and no quote 'Table IX: RAN'"):
        figure(paper, "Table IX: RAN")


def test_printed_digits_are_rounded_or_cut_off():
    assert gives(Decimal("1.1175"), "1.12") and gives(Decimal("1.1175"), "1.11")
    assert not gives(Decimal("1.1175"), "1.13")
    assert gives(Decimal("142.943431"), "142.9")
    assert not gives(Decimal("137.796423"), "142.9")


def test_a_gap_of_means():
    paper = load_claims("part_ensemble")
    claim = paper.claim("part_ensemble.sfew.above_mean")
    members = claim.data["above"]
    assert len(members) == 5
    assert gap(paper, claim, of=members, above=members).text.startswith("40.232 - 40.2")
    assert not each_above(paper, claim, pairs={"same": [members, members]}).consistent


def test_keras_counts_moving_averages_and_no_counter():
    layer = nn.BatchNorm2d(3)
    assert stored_numbers(layer) == 12  # scale, shift, mean and variance
    assert stored_numbers(module_of("nose localisation head")) == (
        128 * 128 + 128 + 128 * 18 + 18
    )


def test_an_absent_package_leaves_the_claim_open(monkeypatch):
    def absent(*_, **__):
        raise FerError("comparison network: pip install pytorchcv.")

    monkeypatch.setattr(networks, "on_paper", absent)
    paper = load_claims("residual_masking")
    claim = paper.claim("residual_masking.vgg19.parameters")
    judged = judge(claim, paper, ())
    assert (judged.verdict, "pip install" in judged.why) == (OPEN, True)


def test_the_label_set_by_numbers():
    paper = load_claims("deep_emotion")
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
    votes, named = read_votes(path, np.array([row["Usage"] for row in rows]))
    test = np.array([row["Usage"] == "PrivateTest" for row in rows])
    labels, _ = argmax_labels(votes[test & named], 7)
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


def test_parts_may_be_off_by_what_rounding_hides():
    paper = load_claims("deep_emotion")
    claim = paper.claims[0]
    told = {"parts": [34000, 14000, 7000], "about": 1000}
    assert parts_and_total(paper, claim, total=56500, **told).consistent
    assert not parts_and_total(paper, claim, total=56501, **told).consistent
    assert not parts_and_total(paper, claim, parts=[1, 2], total=4).consistent


@given(st.data())
def test_equation_2_class_by_class_against_a_confusion_matrix(data):
    classes = data.draw(st.integers(2, 8))
    counts = st.lists(st.integers(0, 9), min_size=classes, max_size=classes)
    rows = [data.draw(counts) for _ in range(classes)]
    matrix = np.array(rows) + np.eye(classes, dtype=int)
    total, hits = matrix.sum(), np.trace(matrix)
    false = matrix.sum(0) + matrix.sum(1) - 2 * np.diag(matrix)
    exact = 100 * (1 - false / total).mean()
    claim = load_claims("residual_masking").claim("residual_masking.accuracy_formula")
    claim = replace(claim, value=str(100 * hits / total))
    text = two_class_accuracy(None, claim, classes=classes).text
    assert f"with {exact:.2f} % on average" in text


def test_equally_good_networks_are_on_a_par_in_95_of_100_draws():
    paper = load_claims("part_ensemble")
    ids = ["part_ensemble.sfew_to_ckplus.accuracy", "part_ensemble.sfew.accuracy"]
    sides, rng = [paper.claim(id) for id in ids], np.random.default_rng(0)
    hits = [rng.binomial(claim.n, 0.45, 2000) for claim in sides]
    found = []
    for pair in zip(*hits, strict=True):
        drawn = [
            replace(claim, value=f"{100 * k / claim.n}")
            for claim, k in zip(sides, pair, strict=True)
        ]
        told = replace(paper, claims=tuple(drawn))
        found.append(on_a_par(told, sides[0], pairs={"EL": ids}).consistent)
    assert np.mean(found) == pytest.approx(0.95, abs=0.015)


def test_flat_sizes_against_torch():
    layers = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.MaxPool2d(2), nn.Conv2d(8, 10, 3), nn.MaxPool2d(2)
    )
    with torch.inference_mode():
        found = layers(torch.zeros(1, 1, 48, 48)).numel()
    assert found == flat_size(48, "3p3p", 10) == 1000
