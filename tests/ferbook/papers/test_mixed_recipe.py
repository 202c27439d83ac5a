"""Photographs and rendered faces in one training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_splits import drawn_splits

from fer_lib.data.augment import seeded
from fer_lib.errors import FerError
from ferbook.papers import PAPERS, mixed

CONFIG = mixed.RECIPE.make_config("smoke")


@pytest.fixture(scope="module")
def splits():
    return drawn_splits("rendered", "official")


@pytest.fixture(scope="module")
def both(splits):
    """Twice the same faces, the first with votes."""
    votes = np.full((len(splits.train), 7), 1 / 7, np.float32)
    voted = replace(splits.train, extra={"targets": votes})
    return mixed.together(voted, splits.train, 7, 0.1)


def test_soft_labels_are_votes_or_labels_that_give_up_a_share(splits, both):
    n = len(splits.train)
    targets = both.extra["targets"]
    np.testing.assert_allclose(targets[:n], 1 / 7)
    np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-6)
    own = targets[np.arange(n, 2 * n), both.labels[n:]]
    np.testing.assert_allclose(own, 0.9 + 0.1 / 7, rtol=1e-6)
    assert not both.rendered  # photographs are among them


def test_a_share_is_rendered_and_rare_classes_come_more_often(both):
    """By the square root of how often they are, each kind for itself."""
    labels = np.repeat([0, 1, 0, 1], (900, 100, 100, 400))
    images = np.zeros((1500, 1, 2, 2), np.uint8)
    zero = np.zeros(1500, both.splits.dtype)
    faces = replace(both, images=images, labels=labels, splits=zero, extra={})
    likely = mixed.weights(faces, 500, CONFIG)
    assert float(likely.sum()) == pytest.approx(1)
    assert float(likely[1000:].sum()) == pytest.approx(CONFIG.rendered)
    for rows, ratio in ((slice(0, 1000), 3.0), (slice(1000, 1500), 0.5)):
        shares = [float(likely[rows][labels[rows] == k].sum()) for k in (0, 1)]
        assert shares[0] / shares[1] == pytest.approx(ratio)


@pytest.mark.parametrize("name", PAPERS)
def test_only_what_classifies_learns_from_both(name, splits):
    config = PAPERS[name].make_config("smoke")
    plan = PAPERS[name].make_plan(config, splits, 0)
    found = mixed.replanned(plan, splits, CONFIG, None, splits.train)
    for before, stage in zip(plan.stages, found.stages, strict=True):
        if not (before.classifies and before.epochs):
            assert stage == before
            continue
        assert len(stage.faces) == 2 * len(splits.train) and "targets" in stage.reads
        with seeded(0):
            drawn = stage.order(torch.as_tensor(stage.faces.labels))
        share = (drawn >= len(splits.train)).double().mean()
        assert float(share) == pytest.approx(CONFIG.rendered, abs=0.1)


def test_faces_of_other_sizes_are_refused(splits):
    wide = replace(splits.train, images=splits.train.images.repeat(2, 3))
    with pytest.raises(FerError, match="cannot be mixed; take grey faces of one size"):
        mixed.together(splits.train, wide, 7, 0.1)
