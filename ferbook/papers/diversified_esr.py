"""How ESR-9 and ESR-15 with diversified attention are trained.

N. Heidari, A. Iosifidis, arXiv:2210.09381, 2022.  The paper names SGD with
its momentum and otherwise refers to H. Siqueira, S. Magg, S. Wermter, AAAI
2020, doi:10.1609/aaai.v34i04.6037.  The other values are those of the
authors' code, github.com/negarhdr/Diversified-Facial-Expression-Recognition:
esr_affectnet.py, where the ensemble grows branch by branch from nothing, and
esr_ferplus.py and esr_rafdb.py, where one that was trained on AffectNet is
fine-tuned, again branch by branch.

No ensemble of the authors is public, so fine-tuning starts from nothing, too,
unless ``pretrained`` names the file of an ensemble that was trained here.

The code calls its scheduler before an epoch, as was right in torch 1.0, so
rates fall after 10 epochs.  All of its scripts give the spatial
attention to the channel term, too; no variant imitates that.
"""

from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from fer_lib.data.augment import seeded
from fer_lib.data.splits import Splits
from fer_lib.losses.diversified import MEASURES
from fer_lib.losses.diversity import AUTHORS_GAMMA
from fer_lib.models.diversified_esr import DiversifiedESR, ESROutput
from ferbook.papers import settings
from ferbook.papers.diversified import (
    DIVERSITIES,
    augment,
    check_settings,
    common_deviations,
    departures,
    less_diversity,
    script_of,
)
from ferbook.papers.diversified_branches import (
    Together,
    early_exit,
    load_ensemble,
    parameter_rates,
)
from ferbook.training.draws import at_most
from ferbook.training.plan import Loss, Plan, Stage

NAME = "diversified_esr"


@dataclass(frozen=True)
class DiversifiedESRConfig:
    """Hyper-parameters of one ESR run; the defaults train on AffectNet."""

    input_size: int = 96  # pixels; authors' code
    width: int = 64  # channels of the first layer; authors' code
    branches: int = 9  # section 4, ESR-9
    cbam: bool = True  # section 3, "into each layer"
    diversity: str = "spatial_channel"  # Table 1, last rows
    measure: str = "paper"  # equation (2), diagonal 1; the code's is 0
    gamma: float | None = None  # ours: 30 / D; not given, 10 in the code
    batch_statistics_in_eval: bool = False  # ours; true in the code, a flaw
    pretrained: str = ""  # path of an ensemble; section 4: AffectNet's
    together: bool = False  # all branches from the start; esr_ferplus.py
    epochs: int = 50  # of the first branch; esr_affectnet.py
    added_epochs: int = 20  # of each further branch; esr_affectnet.py
    per_class: int = 5000  # drawn anew a branch, 0: all; esr_affectnet.py
    batch_size: int = 32  # authors' code
    learning_rate: float = 0.1  # SGD, newest branch; authors' code
    old_learning_rate: float = 0.01  # base and others; esr_affectnet.py
    momentum: float = 0.9  # section 4
    step: int = 10  # epochs between drops of both rates; authors' code
    decay: float = 0.5  # what a drop leaves; esr_affectnet.py
    augmentation: str = "jitter"  # esr_affectnet.py, esr_ferplus.py
    precision: str = "float32"  # ours: not given

    @property
    def all_epochs(self) -> int:
        """Of all branches."""
        return self.epochs + (self.branches - 1) * self.added_epochs


# 96 pixels are the paper's.
PRESETS = DiversifiedESR.PRESETS | {"reduced": {}, "paper": {}}
EPOCHS = {
    # At 0.1 an ensemble this small learns nothing in three epochs.
    "smoke": {"epochs": 6, "added_epochs": 2, "step": 4, "learning_rate": 0.03},
    # For FER2013 on a laptop, without a GPU.
    "small": {"epochs": 2, "added_epochs": 1, "step": 4, "learning_rate": 0.03}
    | {"batch_size": 64},
    "student": {"epochs": 10, "added_epochs": 4, "step": 2},
    "reduced": {"epochs": 20, "added_epochs": 5, "step": 4},
}

SIZES = {"": {}, "esr15": {"branches": 15}}
ROWS = {  # of Table 1, its last one first
    "": {},
    "plain": {"cbam": False, "diversity": "none"},
    "cbam": {"diversity": "none"},
    "spatial": {"diversity": "spatial"},
    "authors_code": {"measure": "authors_code", "gamma": AUTHORS_GAMMA},
}
_FINE_TUNING = {"together": True, "epochs": 100, "added_epochs": 60}
_FINE_TUNING |= {"old_learning_rate": 0.02, "decay": 0.75}
SCRIPTS = {  # of the authors' code; AffectNet's first
    "": {},
    "ferplus": _FINE_TUNING,
    "rafdb": _FINE_TUNING | {"augmentation": "erasing", "per_class": 0},
}
# "default", "plain", "esr15", "esr15_spatial_ferplus", ...
VARIANTS = {
    "_".join(filter(None, names)) or "default": (
        SIZES[names[0]] | ROWS[names[1]] | SCRIPTS[names[2]]
    )
    for names in product(SIZES, ROWS, SCRIPTS)
}
VARIANTS["batch_statistics"] = {"batch_statistics_in_eval": True}


def make_config(
    preset: str, variant: str = "default", **changes
) -> DiversifiedESRConfig:
    """Configuration of a preset and a variant, with further changes."""
    changes = EPOCHS.get(preset, {}) | changes
    config = settings.choose(
        NAME, DiversifiedESRConfig(), PRESETS, VARIANTS, preset, variant, changes
    )
    check_settings(
        NAME,
        config,
        diversity=("none", "spatial", "spatial_channel"),
        measure=tuple(MEASURES),
        augmentation=("jitter", "erasing"),
    )
    return config


identity, views = settings.identity, early_exit


def make_network(config: DiversifiedESRConfig, classes: int, seed: int) -> nn.Module:
    """The untrained ensemble of a configuration, the same for a seed."""
    names = ("input_size", "width", "branches", "cbam", "batch_statistics_in_eval")
    options = {name: getattr(config, name) for name in names}
    with seeded(seed, 0):
        return DiversifiedESR(num_classes=classes, **options)


def overall_loss(
    config: DiversifiedESRConfig, output: ESROutput, labels: Tensor
) -> Tensor:
    """Equation (4), with those diversities that the configuration asks for.

    A branch alone has a diversity of 1, a constant.

    Args:
        config: its diversity, measure and gamma hold.
        output: of the ensemble.
        labels: ``int64 [B]``.
    """
    branches = output.branches.unbind(1)
    entropy = sum(F.cross_entropy(scores, labels) for scores in branches)
    names = DIVERSITIES[config.diversity]
    gammas = [config.gamma] * len(names)
    return less_diversity(entropy, output, names, config.measure, gammas)


def make_optimizer(
    config: DiversifiedESRConfig, number: int, network: DiversifiedESR
) -> torch.optim.Optimizer:
    """SGD of the stage of a branch, from 1."""
    fast, slow = config.learning_rate, config.old_learning_rate
    groups = parameter_rates(network, number, fast, slow, together=config.together)
    return torch.optim.SGD(groups, momentum=config.momentum)


def make_plan(config: DiversifiedESRConfig, splits: Splits, seed: int) -> Plan:
    """One stage a branch; each begins with the best weights of the last."""
    changes = augment(config.augmentation, config.input_size, shift=32 / 96)
    numbers = range(1, config.branches + 1)
    stages = tuple(_stage(config, number, changes) for number in numbers)
    select = str(splits.select.splits[0])
    return Plan(seed, stages, f"{select}_accuracy")


def _stage(config: DiversifiedESRConfig, number: int, changes: nn.Module) -> Stage:
    def begin(network: DiversifiedESR) -> None:
        network.active = number
        if config.pretrained and number == 1:
            load_ensemble(network, config.pretrained)

    options = {"module": partial(Together, judged=number)} if config.together else {}
    return Stage(
        name=f"branch {number}",
        epochs=config.epochs if number == 1 else config.added_epochs,
        batch_size=config.batch_size,
        loss=Loss(lambda _, output, batch: overall_loss(config, output, batch.labels)),
        optimizer=lambda network, loss: make_optimizer(config, number, network),
        scheduler=lambda optimizer: StepLR(optimizer, config.step, config.decay),
        augment=changes,
        begin=begin,
        subset=at_most(config.per_class) if config.per_class else None,
        from_best=number > 1,
        precision=config.precision,
        **options,
    )


# Fields and why they differ from the paper's, by the name of the deviation.
_STATED = {
    "input size": ("input_size", "what this preset is for"),
    "width": ("width", "what this preset is for"),
    "epochs": ("all_epochs", "computing time, or another schedule"),
    "epochs between drops": ("step", "as the epochs"),
    "decay of the rates": ("decay", "the other schedule"),
    "all branches from the start": ("together", "no weights to fine-tune"),
    "batch size": ("batch_size", "this run needs it"),
    "learning rate": ("learning_rate", "this run needs it"),
    "learning rate of the old": ("old_learning_rate", "the other schedule"),
    "images a class": ("per_class", "the other schedule"),
    "augmentation": ("augmentation", "another data set's"),
}


def deviations(config: DiversifiedESRConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what was done with its data set."""
    script = script_of(splits)
    grown = script == "affectnet"
    values = SCRIPTS["" if grown else script]
    paper = replace(DiversifiedESRConfig(branches=config.branches), **values)
    note, found = settings.deviation, departures(config, paper, _STATED)
    found += common_deviations(config, splits, "" if grown else "AffectNet")
    why = "it has a gradient, and no ties"
    found.append(note("prediction", "vote of branches", "mean probability", why))
    if not config.batch_statistics_in_eval:
        said = "of the batch in the branches, in the code"
        why = "a result must not depend on the other faces"
        found.append(note("statistics when evaluated", said, "running", why))
    return found
