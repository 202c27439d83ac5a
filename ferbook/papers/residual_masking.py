"""How the Residual Masking Network is trained: every value with its origin.

L. Pham, T. H. Vu, T. A. Tran, "Facial Expression Recognition Using Residual
Masking Network", 25th International Conference on Pattern Recognition, 2020,
doi:10.1109/ICPR48806.2021.9411919.  "The authors' code" is
github.com/phamquiluan/ResidualMaskingNetwork.

Where text and code disagree, or leave a choice:

* "Momentum 0.9" is read by the code and never used: it trains with RAdam,
  whose decay of weights is decoupled from the gradient.
* The rate falls "if validation accuracy not increased in two continuous"
  epochs; the code's patience of 2 means after the third.  It stops "when
  validation accuracy is not improved more than 8": after the ninth.
* The trunk starts from ImageNet's ResNet-34, says section IV.B.  Since
  January 2020 the code has that line commented out and trains from scratch;
  so does this recipe, unless ``pretrained`` names torchvision's file.
* The code's accuracy is that of the summed softmax of 8 or 10 random passes
  through the training augmentation; the paper does not mention them.  Here
  runs report one pass, and beside it the mean with the mirror image.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from fer_lib.data.augment import augmentation, seeded
from fer_lib.data.splits import Splits
from fer_lib.files import sha256_file
from fer_lib.models.network import logits_of
from fer_lib.models.residual_masking import ResidualMaskingNetwork
from ferbook.papers import mask_evaluation, settings
from ferbook.training.plan import Loss, Plan, Stage

NAME = "residual_masking"
# torchvision ends the names of its files with the start of their sha256:
# resnet34-333f7ec4.pth of 2019 and resnet34-b627a593.pth.
IMAGENET = ("333f7ec4", "b627a593")


@dataclass(frozen=True)
class TrainingConfig:
    """What all networks of Table II are trained with: section IV.B."""

    input_size: int = 224  # pixels; section IV.B
    epochs: int = 50  # section IV.B
    batch_size: int = 48  # section IV.B
    accumulate: int = 1  # ours: batches a step, for small memories
    learning_rate: float = 1e-4  # section IV.B; RAdam by the authors' code
    weight_decay: float = 1e-3  # section IV.B; decoupled by the authors' code
    plateau_factor: float = 0.1  # section IV.B
    plateau_patience: int = 2  # epochs; section IV.B, the authors' code
    least_rate: float = 1e-6  # the authors' code
    early_stop: int = 8  # epochs without a better one; section IV.B
    flip: float = 0.5  # probability; section IV.B "flipping", authors' code
    degrees: float = 30.0  # section IV.B
    fill: str = "zeros"  # the authors' code
    precision: str = "float32"  # ours


@dataclass(frozen=True)
class ResidualMaskingConfig(TrainingConfig):
    """Hyper-parameters of one run; the defaults are the paper's."""

    width: int = 64  # channels; table I
    mask: str = "softmax"  # the authors' code; text: values in 0..1
    dropout: float = 0.4  # the authors' code
    pretrained: str = ""  # path; section IV.B: ImageNet's ResNet-34


PRESETS = {
    # For 1,600 rendered faces: so few steps need a higher rate.
    "smoke": {"input_size": 64, "width": 2, "epochs": 18}
    | {"batch_size": 32, "learning_rate": 5e-3, "plateau_patience": 8},
    # For FER2013 on a laptop: minutes an epoch without a GPU.
    "small": {"input_size": 64, "width": 8, "epochs": 5}
    | {"batch_size": 64, "learning_rate": 1e-3},
    "student": {"input_size": 64, "width": 32, "epochs": 20},
    "reduced": {"input_size": 96, "precision": "bf16"},
    "paper": {"precision": "bf16"},
}

VARIANTS = {
    "default": {},
    "sigmoid": {"mask": "sigmoid"},  # commented out in the authors' code
    "constant": {"mask": "constant"},  # ours: nothing to learn
    "no_mask": {"mask": "none"},  # ours: ResNet-34 with dropout
}


def make_config(
    preset: str, variant: str = "default", **changes
) -> ResidualMaskingConfig:
    """Configuration of a preset and a variant, with further changes."""
    return settings.choose(
        NAME, ResidualMaskingConfig(), PRESETS, VARIANTS, preset, variant, changes
    )


identity = settings.identity
# What a record may hold besides the logits of one pass and two.
views, measures = mask_evaluation.views, mask_evaluation.measures


def make_network(config: ResidualMaskingConfig, classes: int, seed: int) -> nn.Module:
    """The untrained network of a configuration, the same for a seed."""
    with seeded(seed, 0):
        return ResidualMaskingNetwork(
            num_classes=classes,
            input_size=config.input_size,
            width=config.width,
            mask=config.mask,
            dropout=config.dropout,
        )


def make_optimizer(config: TrainingConfig, network: nn.Module) -> torch.optim.Optimizer:
    """RAdam that shrinks all weights by rate times decay a step."""
    return torch.optim.RAdam(
        network.parameters(),
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        decoupled_weight_decay=True,
    )


def make_scheduler(
    config: TrainingConfig, optimizer: torch.optim.Optimizer
) -> ReduceLROnPlateau:
    """Lowers the rate after epochs without a better validation accuracy."""
    return ReduceLROnPlateau(
        optimizer,
        mode="max",
        factor=config.plateau_factor,
        patience=config.plateau_patience,
        threshold=0.0,  # one more face is better
        min_lr=config.least_rate,
    )


def plan_of(config: TrainingConfig, splits: Splits, seed: int, begin) -> Plan:
    """One stage of the settings that all networks of Table II share."""
    stage = Stage(
        epochs=config.epochs,
        batch_size=config.batch_size,
        accumulate=config.accumulate,
        loss=Loss(lambda _, out, batch: F.cross_entropy(logits_of(out), batch.labels)),
        optimizer=lambda network, loss: make_optimizer(config, network),
        scheduler=lambda optimizer: make_scheduler(config, optimizer),
        patience=config.early_stop + 1,
        augment=augmentation(
            flip=config.flip, degrees=config.degrees, fill=config.fill
        ),
        begin=begin,
        precision=config.precision,
    )
    select = str(splits.select.splits[0])
    return Plan(seed, (stage,), f"{select}_accuracy")


def make_plan(config: ResidualMaskingConfig, splits: Splits, seed: int) -> Plan:
    """One stage, in which everything is trained."""
    return plan_of(config, splits, seed, settings.begin_from(config.pretrained))


# Fields whose default is the paper's value, by the name of the deviation.
STATED = {
    "input size": ("input_size", "what this preset is for"),
    "epochs": ("epochs", "computing time"),
    "learning rate": ("learning_rate", "the preset needs it"),
    "batch size": ("batch_size", "the preset needs it"),
    "patience": ("plateau_patience", "the preset needs it"),
    "stopping": ("early_stop", "the preset needs it"),
}
_STATED = {
    **STATED,
    "width": ("width", "what this preset is for"),
    "dropout": ("dropout", "the preset needs it"),
}


def deviations_of(config: TrainingConfig, splits: Splits, stated: dict) -> list[dict]:
    """Where a run of any network of Table II departs from the paper."""
    found = settings.departures(config, stated)
    passes = "sums of 8 or 10 random passes, by the authors' code"
    ours, why = "one pass; beside it, with the mirror image", "the same for all papers"
    found.append(settings.deviation("test-time augmentation", passes, ours, why))
    return found + settings.own_labels(splits)


def deviations(config: ResidualMaskingConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what the paper says, one entry an item."""
    found = deviations_of(config, splits, _STATED)
    file = config.pretrained
    if not (file and sha256_file(file).startswith(IMAGENET)):
        start = settings.described(file)
        why = "as the released code; torchvision's file is a setting"
        found.append(settings.deviation("pre-training", "ImageNet", start, why))
    return found
