"""How the networks that Residual Masking is compared with are trained.

L. Pham, T. H. Vu, T. A. Tran, "Facial Expression Recognition Using Residual
Masking Network", 2020; see :mod:`ferbook.papers.residual_masking`, whose
settings they share: "experiments from different networks are also conducted
using the same setting environment" (section IV.B, Table II).

They come from the optional package pytorchcv, whose names of weights are not
those of torchvision's files: all start from scratch.  For ResNet-34 from
such a file take the variant ``no_mask`` of ``residual_masking``.
"""

from dataclasses import dataclass

from torch import nn

from fer_lib.data.augment import seeded
from fer_lib.data.splits import Splits
from fer_lib.models.comparison import Comparison
from ferbook.papers import residual_masking as shared
from ferbook.papers import settings
from ferbook.training.plan import Plan

NAME = "comparison"


@dataclass(frozen=True)
class ComparisonConfig(shared.TrainingConfig):
    """Hyper-parameters of one run; the defaults are the paper's."""

    architecture: str = "resnet34"  # table II


PRESETS = {
    # These networks come in one width: two passes show that all is well.
    "smoke": {"input_size": 96, "epochs": 2, "batch_size": 32}
    | {"learning_rate": 1e-3},
    "student": {"input_size": 96, "epochs": 30},
    "reduced": {"input_size": 96, "precision": "bf16"},
    "paper": {"precision": "bf16"},
}

VARIANTS = dict(Comparison.VARIANTS)  # "default" is ResNet-34


def make_config(preset: str, variant: str = "default", **changes) -> ComparisonConfig:
    """Configuration of a preset and a variant, with further changes."""
    return settings.choose(
        NAME, ComparisonConfig(), PRESETS, VARIANTS, preset, variant, changes
    )


identity = settings.identity


def make_network(config: ComparisonConfig, classes: int, seed: int) -> nn.Module:
    """The untrained network of a configuration, the same for a seed."""
    with seeded(seed, 0):
        return Comparison(
            num_classes=classes,
            input_size=config.input_size,
            architecture=config.architecture,
        )


def make_plan(config: ComparisonConfig, splits: Splits, seed: int) -> Plan:
    """One stage, as for Residual Masking."""
    return shared.plan_of(config, splits, seed, lambda network: None)


def deviations(config: ComparisonConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what the paper says, one entry an item."""
    found = shared.deviations_of(config, splits, shared.STATED)
    why = "pytorchcv's names are not those of the files"
    start = settings.described("")
    return [*found, settings.deviation("pre-training", "ImageNet", start, why)]
