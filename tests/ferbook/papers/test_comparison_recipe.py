"""The compared networks' recipe: Residual Masking's settings, and no file."""

import pytest
from drawn_splits import drawn_splits
from recipe_runs import (
    STILL,
    assert_learns_and_resumes,
    one_stage,
)

from fer_lib.models.comparison import ARCHITECTURES
from ferbook.papers.residual_masking import COMPARISON, PAPER, TableIIConfig


def test_same_setting_as_residual_masking():
    """Section IV.B: all networks are trained alike."""
    ours, theirs = (p.make_config("paper").flat() for p in (COMPARISON, PAPER))
    shared = ours.keys() - {"architecture"}
    assert shared == TableIIConfig().flat().keys() | {"input_size"}
    assert {ours[name] == theirs[name] for name in shared} == {True}
    stages = [one_stage(p, p.make_config("paper")) for p in (COMPARISON, PAPER)]
    for name in ("epochs", "batch_size", "patience", "precision"):
        assert len({getattr(stage, name) for stage in stages}) == 1, name


def test_every_network_of_the_table():
    chosen = {
        COMPARISON.make_config("paper", name).network["architecture"]
        for name in COMPARISON.variants
    }
    assert chosen == set(ARCHITECTURES)
    assert COMPARISON.make_config("paper").network["architecture"] == "resnet34"


def test_deviations():
    def items(preset, **changes):
        config = COMPARISON.make_config(preset, **changes)
        return {e["item"] for e in COMPARISON.deviations(config, drawn_splits())}

    always = {"test-time augmentation", "pre-training"}
    assert items("paper") == items("paper", variant="vgg19") == always
    assert items("reduced") == always | {"input size"}


def test_training(tmp_path):
    pytest.importorskip("pytorchcv")
    config = COMPARISON.make_config("smoke", input_size=64, epochs=2, **STILL)
    assert_learns_and_resumes(
        COMPARISON,
        config,
        lambda: COMPARISON.make_plan(config, drawn_splits(), seed=1),
        tmp_path / "s.safetensors",
        factor=0.95,
    )
