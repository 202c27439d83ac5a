"""What a study does: the recorded one still does so, and changes are noticed."""

import numpy as np
import pytest
import torch

from fer_lib.explain import attention
from ferbook.study import behaviour as probe
from ferbook.study import training
from ferbook.study.behaviour import behaviour, differences
from ferbook.study.record import read_study


@pytest.mark.slow
def test_the_recorded_study_is_that_of_this_code():
    assert differences(read_study().content["behaviour"], behaviour()) == []


@pytest.fixture(scope="module")
def before():
    return probe._of_network("ramn")


@pytest.mark.parametrize(
    ("place", "name", "value", "noticed"),
    [
        (training, "LEARNING", training.LEARNING | {"ramn": (9, 0.0021)}, "rates"),
        (training, "LEARNING", training.LEARNING | {"ramn": (8, 0.002)}, "stages"),
        (training, "COOLING", 0.5, "rates"),
        (attention, "mean_on_boxes", lambda m, b, s: torch.ones(2, *s), "attention"),
    ],
)
def test_changes_are_noticed(monkeypatch, before, place, name, value, noticed):
    assert differences(before, before) == []
    monkeypatch.setattr(place, name, value)
    found = differences(before, probe._of_network("ramn"))
    assert noticed in found


def test_what_counts_as_another_behaviour():
    one = {"a": [1.0, None, -200.0]}
    assert differences(one, {"a": [1.5, None, -201.0]}) == []  # below one per cent
    assert differences(one, {"a": [1.0, None, -203.0]}) == ["a"]
    assert differences(one, {"a": [1.0, 0.0, -200.0]}) == ["a"]
    pointed = {"ramn, pointing_game": [0.2, 0.4]}
    assert differences(pointed, {"ramn, pointing_game": [0.215, 0.4]}) == []
    assert differences(pointed, {"ramn, pointing_game": [0.225, 0.4]}) == list(pointed)
    assert differences(one, {"a": [1.0]}) == differences(one, {}) == ["a"]
    assert probe._numbers(np.array([1.0, 3.0, np.nan]), np.full(2, np.nan)) == [
        2.0, 1.0, None, None,
    ]  # fmt: skip
