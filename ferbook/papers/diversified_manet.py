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

from dataclasses import dataclass
from itertools import product

from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from fer_lib.data.splits import Splits
from fer_lib.losses.diversified import MEASURES, manet_loss
from fer_lib.losses.diversity import AUTHORS_GAMMA
from fer_lib.models.diversified_manet import DiversifiedMANet, MANetOutput
from ferbook.papers.diversified import (
    AUGMENTATIONS,
    DIVERSITIES,
    augment,
    common_departures,
    script_of,
)
from ferbook.papers.paper import (
    Config,
    Paper,
    changed,
    departure,
    one_stage,
    sgd,
)
from ferbook.training.draws import at_most
from ferbook.training.plan import Batch, Loss, Plan


@dataclass(frozen=True)
class DiversifiedMANetConfig(Config):
    """Settings of one MA-Net run."""

    diversity: str = "all"  # equation (5)
    measure: str = "paper"  # equation (2), diagonal 1; the code's is 0
    gamma: float | None = None  # ours: 30 / D; not given, 10 in the code
    branch_gamma: float | None = None  # ours: gamma, or 1 / D without one
    pretrained: str = ""  # path; section 4: MS-Celeb-1M; fills the trunk
    pretrained_on: str = ""  # of that file: data set, by its giver's word
    epochs: int = 100  # Zhao's code
    per_class: int = 0  # at most so many, drawn once, 0: all; Zhao's code
    batch_size: int = 128  # Zhao's code
    learning_rate: float = 0.01  # SGD; Zhao's code
    momentum: float = 0.9  # section 4
    weight_decay: float = 1e-4  # Zhao's code
    step: int = 15  # epochs between drops of the rate; Zhao's code
    decay: float = 0.1  # what a drop leaves; Zhao's code
    augmentation: str = "crops"  # Zhao's code


PRESETS = {
    "smoke": {"epochs": 14, "step": 10, "batch_size": 32, "learning_rate": 0.02},
    # For FER2013 on a laptop, without a GPU.
    "small": {"epochs": 8, "step": 6, "batch_size": 64, "learning_rate": 0.05},
    "student": {"epochs": 20, "step": 8},
    "reduced": {"epochs": 40, "step": 12},
    "paper": {},
}

ROWS = {  # of Table 1, its last one first, and what lies between
    "": {},
    "attention": {"diversity": "none"},
    "spatial": {"diversity": "spatial"},
    "spatial_channel": {"diversity": "spatial_channel"},
    "fork": DiversifiedMANet.VARIANTS["fork"],
    "authors_code": DiversifiedMANet.VARIANTS["fork"]
    | {"measure": "authors_code", "gamma": AUTHORS_GAMMA},
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


def make_plan(config: DiversifiedMANetConfig, splits: Splits, seed: int) -> Plan:
    """One stage, in which everything is trained, by equation (5)."""
    terms, size = DIVERSITIES[config.diversity], config.network["input_size"]

    def overall_loss(network: nn.Module, output: MANetOutput, batch: Batch) -> Tensor:
        return manet_loss(
            output.local,
            output.global_,
            batch.labels,
            output.branch if "branch" in terms else None,
            *(getattr(output, name) for name in terms if name != "branch"),
            lambda_=config.network["lambda_"],
            gamma=config.gamma,
            branch_gamma=config.branch_gamma,
            measure=config.measure,
        )

    return one_stage(
        config,
        splits,
        seed,
        loss=Loss(overall_loss),
        optimizer=sgd(config),
        scheduler=lambda optimizer: StepLR(optimizer, config.step, config.decay),
        augment=augment(config.augmentation, size, shift=32 / 224),
        subset=at_most(config.per_class) if config.per_class else None,
    )


# Fields and why they differ from the paper's, by the item of the departure.
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


def departures(config: DiversifiedMANetConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what was done with its data set."""
    said = PAPER.make_config("paper", **SCRIPTS[script_of(splits)])
    found = changed(config, said, _STATED)
    found += common_departures(config, splits, "MS-Celeb-1M")
    if config.diversity == "all" and (config.gamma, config.branch_gamma) == (None,) * 2:
        why = "features of branches are not kept in 0 to 1"
        said = "not given, 10 in the code"
        found.append(departure("gamma of branches", said, "1 / D", why))
    return found


PAPER = Paper(
    "diversified_manet",
    DiversifiedMANet,
    DiversifiedMANetConfig,
    PRESETS,
    VARIANTS,
    make_plan,
    departures,
    choices={
        "diversity": DIVERSITIES,
        "measure": MEASURES,
        "augmentation": AUGMENTATIONS,
    },
    presets_last=True,
)
