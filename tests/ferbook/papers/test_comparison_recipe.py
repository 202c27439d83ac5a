"""The compared networks' recipe: Residual Masking's settings, and no file."""

from dataclasses import asdict, fields

import pytest
from drawn_splits import drawn_splits
from recipe_runs import (
    STILL,
    assert_every_preset_and_variant_builds,
    assert_learns_and_resumes,
    assert_seeds_the_start,
    one_stage,
)

from fer_lib.errors import FerError
from fer_lib.models.comparison import ARCHITECTURES
from ferbook.papers import comparison, residual_masking


def test_same_setting_as_residual_masking():
    """Section IV.B: all networks are trained alike."""
    shared = [field.name for field in fields(residual_masking.TrainingConfig)]
    ours, theirs = (
        asdict(recipe.make_config("paper")) for recipe in (comparison, residual_masking)
    )
    assert {ours[name] == theirs[name] for name in shared} == {True}
    assert set(ours) - set(shared) == {"architecture"}
    stages = [
        one_stage(recipe, recipe.make_config("paper"))
        for recipe in (comparison, residual_masking)
    ]
    for name in ("epochs", "batch_size", "patience", "precision"):
        assert len({getattr(stage, name) for stage in stages}) == 1, name


def test_every_network_of_the_table():
    chosen = {
        comparison.make_config("paper", name).architecture
        for name in comparison.VARIANTS
    }
    assert chosen == set(ARCHITECTURES)
    assert comparison.make_config("paper").architecture == "resnet34"


def test_deviations():
    def items(preset, **changes):
        config = comparison.make_config(preset, **changes)
        return {e["item"] for e in comparison.deviations(config, drawn_splits())}

    always = {"test-time augmentation", "pre-training"}
    assert items("paper") == items("paper", variant="vgg19") == always
    assert items("reduced") == always | {"input size"}


def test_builds():
    pytest.importorskip("pytorchcv")
    assert_every_preset_and_variant_builds(comparison)


def test_training(tmp_path):
    pytest.importorskip("pytorchcv")
    config = comparison.make_config("smoke", input_size=64, epochs=2, **STILL)
    assert_seeds_the_start(comparison, config)
    assert_learns_and_resumes(
        comparison,
        config,
        lambda: comparison.make_plan(config, drawn_splits(), seed=1),
        tmp_path / "s.safetensors",
        factor=0.95,
    )


def test_refusals():
    with pytest.raises(FerError, match="comparison: variant 'googlenet' is unknown"):
        comparison.make_config("paper", "googlenet")
    with pytest.raises(FerError, match="setting of 'pretrained'"):
        comparison.make_config("paper", pretrained="resnet34.pth")
