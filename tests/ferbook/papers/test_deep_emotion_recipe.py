"""Deep-Emotion's recipe: equation (1), variants, deviations."""

import numpy as np
import torch

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import official
from ferbook.papers.deep_emotion import PAPER


def faces(n=60):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 1, 48, 48), dtype=np.uint8)
    splits = np.repeat(["Training", "PublicTest", "PrivateTest"], n // 3)
    return FaceSet("toy", images, np.arange(n) % 7, splits, "drawn by the test")


def test_deviations():
    splits = official(faces())
    items = {
        d["item"]
        for d in PAPER.deviations(PAPER.make_config("paper", "paper_start"), splits)
    }
    assert items == set()  # nothing that the paper states is changed
    config = PAPER.make_config("smoke", "feature_warp")
    found = {d["item"]: d for d in PAPER.deviations(config, splits)}
    assert set(found) == {"epochs", "warp", "initialisation", "learning rate"}
    assert (found["epochs"]["paper"], found["epochs"]["ours"]) == ("300", "18")


def test_epochs_alone_do_not_shape_a_run():
    """Longer runs go on from shorter ones, so all else must be in it."""
    short, long = (PAPER.make_config("paper", epochs=n) for n in (60, 300))
    assert PAPER.identity(short) == PAPER.identity(long)
    assert len(PAPER.identity(short)) == len(short.flat()) - 1


def test_augmentation_keeps_size_and_range():
    plan = PAPER.make_plan(PAPER.make_config("smoke"), official(faces()), seed=0)
    torch.manual_seed(0)
    x = torch.rand(16, 1, 48, 48)
    changed = plan.stages[0].augment(x)
    assert changed.shape == x.shape and changed.min() >= 0 and changed.max() <= 1
    assert not torch.equal(changed, x)
    # A flat face stays flat: what comes in from outside repeats the border.
    flat = torch.full((8, 1, 48, 48), 0.7)
    torch.testing.assert_close(plan.stages[0].augment(flat), flat)
