"""How MA-Net with diversified patches and branches is trained.

N. Heidari, A. Iosifidis, arXiv:2210.09381, 2022.  The paper names SGD with
its momentum and otherwise refers to Z. Zhao, Q. Liu, S. Wang, IEEE TIP
30:6544-6556, 2021, doi:10.1109/TIP.2021.3093397.  The defaults are those of
Zhao's code, github.com/zengqunzhao/MA-Net, main.py.  The authors' own
scripts, github.com/negarhdr/Diversified-Facial-Expression-Recognition,
differ by data set: the variants ``affectnet``, ``ferplus`` and ``rafdb``.

All of them start from weights of MS-Celeb-1M, which are not in the public
repositories.  Without them Zhao advises 300 epochs (his issue 10), the
variant ``scratch``.
"""

from dataclasses import dataclass, replace
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from fer_lib.data.augment import seeded
from fer_lib.data.splits import Splits
from fer_lib.losses.diversified import BRANCH_GAMMA_TIMES_SIZE, MEASURES
from fer_lib.losses.diversity import AUTHORS_GAMMA
from fer_lib.models.diversified_manet import PATHS_B, DiversifiedMANet, MANetOutput
from ferbook.papers import settings
from ferbook.papers.diversified import (
    AUGMENTATIONS,
    DIVERSITIES,
    augment,
    check_settings,
    common_deviations,
    departures,
    less_diversity,
    script_of,
)
from ferbook.training.draws import at_most
from ferbook.training.plan import Loss, Plan, Stage

NAME = "diversified_manet"


@dataclass(frozen=True)
class DiversifiedMANetConfig:
    """Hyper-parameters of one MA-Net run."""

    input_size: int = 224  # pixels; Zhao's code
    width: int = 64  # channels; ResNet-18, section 2
    path_b: str = "original"  # Zhao's code; "fork" in the authors'
    lambda_: float = 0.6  # weight of the local branch; section 3
    diversity: str = "all"  # equation (5)
    measure: str = "paper"  # equation (2), diagonal 1; the code's is 0
    gamma: float | None = None  # ours: 30 / D; not given, 10 in the code
    branch_gamma: float | None = None  # ours: gamma, or 1 / D without one
    pretrained: str = ""  # path; section 4: MS-Celeb-1M; fills the trunk
    epochs: int = 100  # Zhao's code
    per_class: int = 0  # at most so many, drawn once, 0: all; Zhao's code
    batch_size: int = 128  # Zhao's code
    learning_rate: float = 0.01  # SGD; Zhao's code
    momentum: float = 0.9  # section 4
    weight_decay: float = 1e-4  # Zhao's code
    step: int = 15  # epochs between drops of the rate; Zhao's code
    decay: float = 0.1  # what a drop leaves; Zhao's code
    augmentation: str = "crops"  # Zhao's code
    precision: str = "float32"  # ours: not given


PRESETS = {
    "smoke": DiversifiedMANet.PRESETS["smoke"],
    "small": DiversifiedMANet.PRESETS["small"],
    "student": DiversifiedMANet.PRESETS["student"],
    "reduced": DiversifiedMANet.PRESETS["reduced"] | {"precision": "bf16"},
    "paper": {"precision": "bf16"},
}
# Of the presets, whatever the variant; the paper's are above.
EPOCHS = {
    "smoke": {"epochs": 14, "step": 10, "batch_size": 32, "learning_rate": 0.02},
    # For FER2013 on a laptop, without a GPU.
    "small": {"epochs": 8, "step": 6, "batch_size": 64, "learning_rate": 0.05},
    "student": {"epochs": 20, "step": 8},
    "reduced": {"epochs": 40, "step": 12},
}

ROWS = {  # of Table 1, its last one first, and what lies between
    "": {},
    "attention": {"diversity": "none"},
    "spatial": {"diversity": "spatial"},
    "spatial_channel": {"diversity": "spatial_channel"},
    "fork": {"path_b": "fork"},
    "authors_code": {
        "path_b": "fork",
        "measure": "authors_code",
        "gamma": AUTHORS_GAMMA,
    },
}
SCRIPTS = {  # Zhao's, then those of the authors
    "": {},
    "affectnet": {"epochs": 20, "step": 5, "per_class": 5000}
    | {"augmentation": "jitter"},
    "ferplus": {"batch_size": 32, "per_class": 5000, "augmentation": "jitter"},
    "rafdb": {"augmentation": "erasing"},
    "scratch": {"epochs": 300, "step": 70},
}
# "default", "attention", "ferplus", "attention_ferplus" and so on.
VARIANTS = {
    "_".join(filter(None, names)) or "default": ROWS[names[0]] | SCRIPTS[names[1]]
    for names in product(ROWS, SCRIPTS)
}


def make_config(
    preset: str, variant: str = "default", **changes
) -> DiversifiedMANetConfig:
    """Configuration of a preset and a variant, with further changes."""
    changes = EPOCHS.get(preset, {}) | changes
    config = settings.choose(
        NAME, DiversifiedMANetConfig(), PRESETS, VARIANTS, preset, variant, changes
    )
    check_settings(
        NAME,
        config,
        path_b=PATHS_B,
        diversity=tuple(DIVERSITIES),
        measure=tuple(MEASURES),
        augmentation=AUGMENTATIONS,
    )
    return config


identity = settings.identity


def make_network(config: DiversifiedMANetConfig, classes: int, seed: int) -> nn.Module:
    """The untrained network of a configuration, the same for a seed."""
    names = ("input_size", "width", "path_b", "lambda_")
    options = {name: getattr(config, name) for name in names}
    with seeded(seed, 0):
        return DiversifiedMANet(num_classes=classes, **options)


def overall_loss(
    config: DiversifiedMANetConfig, output: MANetOutput, labels: Tensor
) -> Tensor:
    """Equation (5), with those diversities that the configuration asks for.

    Args:
        config: its lambda, diversity, measure and gammas hold.
        output: of the network.
        labels: ``int64 [B]``.
    """
    entropy = config.lambda_ * F.cross_entropy(output.local, labels)
    entropy = entropy + (1 - config.lambda_) * F.cross_entropy(output.global_, labels)
    gammas = dict.fromkeys(DIVERSITIES[config.diversity], config.gamma)
    if "branch" in gammas:
        gammas["branch"] = _branch_gamma(config, output)
    return less_diversity(
        entropy, output, [*gammas], config.measure, [*gammas.values()]
    )


def _branch_gamma(config: DiversifiedMANetConfig, output: MANetOutput) -> float:
    for gamma in (config.branch_gamma, config.gamma):
        if gamma is not None:
            return gamma
    return BRANCH_GAMMA_TIMES_SIZE / output.branch.shape[-1]


def make_optimizer(
    config: DiversifiedMANetConfig, network: nn.Module
) -> torch.optim.Optimizer:
    """SGD of all parameters at one rate."""
    return torch.optim.SGD(
        network.parameters(),
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )


def make_plan(config: DiversifiedMANetConfig, splits: Splits, seed: int) -> Plan:
    """One stage, in which everything is trained."""
    stage = Stage(
        epochs=config.epochs,
        batch_size=config.batch_size,
        loss=Loss(lambda _, output, batch: overall_loss(config, output, batch.labels)),
        optimizer=lambda network, loss: make_optimizer(config, network),
        scheduler=lambda optimizer: StepLR(optimizer, config.step, config.decay),
        augment=augment(config.augmentation, config.input_size, shift=32 / 224),
        begin=settings.begin_from(config.pretrained),
        subset=at_most(config.per_class) if config.per_class else None,
        precision=config.precision,
    )
    select = str(splits.select.splits[0])
    return Plan(seed, (stage,), f"{select}_accuracy")


# Fields and why they differ from the paper's, by the name of the deviation.
_STATED = {
    "input size": ("input_size", "what this preset is for"),
    "width": ("width", "what this preset is for"),
    "epochs": ("epochs", "computing time, or another schedule"),
    "epochs between drops": ("step", "as the epochs"),
    "batch size": ("batch_size", "that of Zhao's code, or of the preset"),
    "learning rate": ("learning_rate", "this run needs it"),
    "images a class": ("per_class", "as in Zhao's code"),
    "augmentation": ("augmentation", "that of Zhao's code, or another data set's"),
    "second path": ("path_b", "the authors' code, not Zhao's"),
}


def deviations(config: DiversifiedMANetConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what was done with its data set."""
    paper = replace(DiversifiedMANetConfig(), **SCRIPTS[script_of(splits)])
    found = departures(config, paper, _STATED)
    found += common_deviations(config, splits, "MS-Celeb-1M")
    if config.diversity == "all" and (config.gamma, config.branch_gamma) == (None,) * 2:
        why = "features of branches are not kept in 0 to 1"
        said = "not given, 10 in the code"
        found.append(settings.deviation("gamma of branches", said, "1 / D", why))
    return found
