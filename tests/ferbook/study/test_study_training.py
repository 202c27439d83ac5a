"""Learning a task: the recipe's loss, labels that are what they should be."""

import numpy as np
import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.explain.methods import METHODS
from ferbook.study.cell import explained, own_parts
from ferbook.study.settings import NETWORKS, Settings
from ferbook.study.training import learn, task_splits
from ferbook.study.work import known_faces

TINY = Settings(train=24, validation=4, test=8, faces=4, epochs=0.04, stages=2)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_learns_a_little(name):
    found = learn(name, "mouth", 0, TINY)
    assert found.scores.shape == (8, 2) and np.isfinite(found.scores).all()
    assert len(found.curve) >= 1 and not found.network.training
    if name == "diversified_esr":  # all branches learn at once
        assert found.network.active == len(found.network.branches)
    pairs = zip(found.network.parameters(), found.untrained.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)
    known = known_faces("mouth", found.network.input.size, TINY)
    maps = explained(found, known, {"attention": METHODS["attention"]})
    parts = own_parts(found, known, maps)
    assert parts and all(np.isfinite(values).all() for values in parts.values())
    again = learn(name, "mouth", 0, TINY)
    np.testing.assert_array_equal(found.scores, again.scores)
    if name != "part_ensemble":  # too little learned to differ
        other = learn(name, "mouth", 1, TINY)
        assert (other.scores != found.scores).any()


def test_shuffled_labels_are_those_of_training_alone():
    fair, shuffled = (task_splits(t, 48, TINY) for t in ("mouth", "shuffled"))
    assert (fair.train.labels != shuffled.train.labels).any()
    np.testing.assert_array_equal(
        np.sort(fair.train.labels), np.sort(shuffled.train.labels)
    )
    np.testing.assert_array_equal(fair.train.images, shuffled.train.images)
    for part in ("select", "test"):
        pair = (getattr(s, part) for s in (fair, shuffled))
        assert len({one.sha256 for one in pair}) == 1


def test_planted_tasks_are_tested_on_the_fair_faces():
    fair, planted = (task_splits(t, 48, TINY) for t in ("mouth", "mark"))
    assert fair.test.sha256 == planted.test.sha256
    assert fair.train.sha256 != planted.train.sha256
    assert set(planted.train.extra["tied"]) == {"mark"}


def test_impossible_sizes_are_refused():
    with pytest.raises(FerError, match="300 faces to explain, expected 2 to 200"):
        Settings(faces=300)
