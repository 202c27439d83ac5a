"""Sentences that say what a chapter's figures show, for planted figures both ways."""

import numpy as np
import pytest
import torch
from small_ledgers import made_up, small_ledger

from fer_lib.crops import crop_names
from fer_lib.explain.attention import CBAMAttention, RegionWeights
from ferbook.chapters import deep_emotion
from ferbook.chapters.diversified import told
from ferbook.chapters.diversified.manet import Gated
from ferbook.chapters.ramn.regions import told_leads, told_shares
from ferbook.chapters.residual_masking.masks import PREFERENCES, preference_box
from ferbook.chapters.residual_masking.protocol import told_passes
from ferbook.ledger.rules import Verdict

RNG = np.random.default_rng(0)


def test_steps_are_told_beside_those_without_the_term():
    ends = {"up": 0.9, "down": 0.1, "same": 0.51, "none": 0.5}
    starts = {way: {"channel": np.array([0.5, end])} for way, end in ends.items()}
    assert told.steps(starts, "none").words == (
        "How alike two learners are after 2 steps. Channels: 0.50 without the term; "
        "up: 0.90, drawn together; down: 0.10, parted; same: 0.51, hardly moved."
    )


def square(pairs):
    """A symmetric matrix with 1 on its diagonal and these values above it."""
    count = round((1 + np.sqrt(1 + 8 * len(pairs))) / 2)
    matrix = torch.ones(count, count, dtype=torch.float64)
    rows, columns = np.triu_indices(count, 1)
    matrix[rows, columns] = matrix[columns, rows] = torch.tensor(pairs).double()
    return matrix


@pytest.mark.parametrize(
    ("sign", "words"), [(1, "does so for channels"), (0, "says nothing about that")]
)
def test_equal_answers_go_with_equal_attention_or_not(sign, words):
    equal = RNG.permutation(np.linspace(0.2, 0.9, 36))
    attention = equal if sign else np.argsort(RNG.permutation(36)) / 36
    found = told.answers(square(equal), {"channels": square(attention)}).words
    assert words in found
    assert "to 20 to 90 % of the faces, 55 % on average" in found
    assert "over the 36 pairs" in found


@pytest.mark.parametrize(
    ("by_face", "words"),
    [(0.0, "mostly fixed masks"), (0.2, "place to place"), (0.9, "follow the face")],
)
def test_gates_are_fixed_where_faces_change_nothing(by_face, words):
    place = np.linspace(0, 1, 9).reshape(1, 3, 3)
    gate = np.tile(place, (40, 1, 1)) + by_face * RNG.normal(size=(40, 3, 3))
    found = CBAMAttention(("one",), ((0, 0, 1, 1),), (gate,), (gate[:, 0],))
    assert words in told.gates(found).words
    assert "Over all 40 test faces" in told.gates(found).words


@pytest.mark.parametrize(
    ("mirrored", "words"), [(0.8, "stand out"), (0.3, "do not stand out")]
)
def test_left_and_right_quarters_are_held_against_all_other_pairs(mirrored, words):
    pairs = [mirrored, 0.3, 0.3, 0.3, 0.3, mirrored]  # 01 02 03 12 13 23
    found = told.patches({"channels": square(pairs)}).words
    assert found.startswith(f"Over channels left and right quarters {words} (")
    assert f"({mirrored:.2f}, all other pairs 0.30)" in found


def test_gates_that_only_scale_select_little():
    before = RNG.random((5, 4, 4))
    words = told.change(Gated(before, before, before / 4)).words
    assert "select little" in words and "1.00" in words and "25 % of the" in words
    other = RNG.random((5, 4, 4))
    assert "change the pattern" in told.change(Gated(before, before, other)).words


def test_weights_as_good_as_the_best_are_a_range():
    labels = np.zeros(10, int)
    local, whole = torch.tensor([[2.0, 0.0]] * 10), torch.tensor([[0.0, 1.0]] * 10)
    words = told.weights({"Test": (local, whole, labels)}, np.linspace(0, 1, 11)).words
    assert "the weights 0.40 to 1.00 on Test." in words  # 2 x 0.4 > 0.6


def region(shares):
    theta = np.array(shares, np.float32)
    even = theta / theta.sum(1, keepdims=True)
    return RegionWeights(crop_names(4), np.zeros((5, 4)), theta, even, theta[:, 0])


def test_leads_and_shares_of_regions():
    lead = region([[0.5, 0.1, 0.6, 0.1, 0.1], [0.5, 0.1, 0.2, 0.1, 0.1]])
    assert "for 50 % of the faces with one" in told_leads({"one": lead}).words
    even = region([[0.2] * 5] * 4)
    words = told_shares(even, np.array([0, 0, 1, 1]), ("a", "b", "nobody")).words
    assert "0.0 points from the 20.0 %" in words and "close to a plain mean" in words
    odd = region([[0.2] * 5] * 2 + [[0.2, 0.2, 0.2, 0.2, 0.8]] * 2)
    words = told_shares(odd, np.array([0, 0, 1, 1]), ("a", "b", "nobody")).words
    assert "prefers some views" in words
    assert "lower right moves most, from 20.0 % for a to 50.0 % for b" in words


@pytest.mark.parametrize(
    ("without", "words"),
    [(0.5, "the layer's own doing"), (-0.5, "the mask has a part")],
)
def test_a_preference_is_the_layers_where_it_stays_without_the_mask(without, words):
    (names, _) = PREFERENCES.values()
    cold = 1 + 0.1 * RNG.normal(size=200)
    found = {
        name: dict(zip(names, (cold + shift, cold), strict=True))
        for name, shift in (("as it is", 0.5), ("taken out", without))
    }
    assert words in preference_box(found).note


def test_passes_are_held_against_the_best_upright_way():
    others = {"one upright pass": 0.7, "with mirror image": 0.72}
    words = told_passes([0.6, 0.65, 0.7], others).words
    assert "One random pass reads 60.0 %" in words and "the mean of 3 70.0 %" in words
    assert "end 2.0 points below the best" in words
    assert "end 1.0 points above" in told_passes([0.6, 0.73], others).words


def test_windows_and_smiles():
    rows = [
        {"network": name, "spread of the corners (pixels)": spread}
        for name, spread in (("one", "0.10"), ("other", "4.00"))
    ]
    words = deep_emotion.told_windows(rows).words
    assert "one: one fixed window (0.1" in words
    assert "other: a window that moves (4.0" in words
    names = "drop on moved pixels (%)", "moved pixels (% of the picture)"
    smiles = [dict(zip(names, row, strict=True)) for row in (("30", "10"), ("5", "10"))]
    words = deep_emotion.told_smiles(smiles).words
    assert (
        "For 1 of 2 faces" in words and "18 % of the drop, on average, on 10 %" in words
    )


def test_each_set_of_labels_has_an_answer_of_its_own():
    about = {"paper": "deep_emotion", "preset": "paper", "departures": []}
    runs = [made_up(0.5, n=3589, seed=seed, **about) for seed in range(3)]
    runs.append(made_up(0.7, protocol="ferplus_argmax7", **about))
    own, raters = deep_emotion.label_answers(small_ledger(*runs)).rows
    assert own[0] == "the data set's own labels" and "50.0 %" in own[1]
    assert "3 seeds" in own[1] and own[3] == Verdict.NOT_REPRODUCED
    assert "FER+" in raters[0] and "70.0 %" in raters[1] and "1 seed" in raters[1]
    assert raters[3] != own[3]
