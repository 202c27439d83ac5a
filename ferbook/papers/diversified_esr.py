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

from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import predict
from fer_lib.losses.diversified import MEASURES, esr_loss
from fer_lib.losses.diversity import AUTHORS_GAMMA
from fer_lib.models.diversified_esr import DiversifiedESR, ESROutput
from fer_lib.models.network import log_mean_probability
from fer_lib.models.pretrained import read_weights
from fer_lib.models.saved import load_weights
from ferbook.papers.diversified import (
    DIVERSITIES,
    augment,
    common_departures,
    script_of,
)
from ferbook.papers.paper import Config, Paper, changed, departure, planned
from ferbook.training.draws import at_most
from ferbook.training.plan import Batch, Loss, Plan, Stage


@dataclass(frozen=True)
class DiversifiedESRConfig(Config):
    """Settings of one ESR run; the defaults train on AffectNet."""

    diversity: str = "spatial_channel"  # Table 1, last rows
    measure: str = "paper"  # equation (2), diagonal 1; the code's is 0
    gamma: float | None = None  # ours: 30 / D; not given, 10 in the code
    pretrained: str = ""  # path of an ensemble; section 4: AffectNet's
    pretrained_on: str = ""  # of that file: data set, by its giver's word
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

    @property
    def all_epochs(self) -> int:
        """Of all branches."""
        return self.epochs + (self.network["branches"] - 1) * self.added_epochs


PRESETS = {
    # At 0.1 an ensemble this small learns nothing in three epochs.
    "smoke": {"epochs": 6, "added_epochs": 2, "step": 4, "learning_rate": 0.03},
    # For FER2013 on a laptop, without a GPU.
    "small": {"epochs": 2, "added_epochs": 1, "step": 4, "learning_rate": 0.03}
    | {"batch_size": 64},
    "student": {"epochs": 10, "added_epochs": 4, "step": 2},
    "reduced": {"epochs": 20, "added_epochs": 5, "step": 4},
    "paper": {},
}

_NETWORKS = DiversifiedESR.VARIANTS | {"": {}}
SIZES = {name: _NETWORKS[name] for name in ("", "esr15")}
ROWS = {  # of Table 1, its last one first
    "": {},
    "plain": _NETWORKS["plain"] | {"diversity": "none"},
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
VARIANTS["batch_statistics"] = _NETWORKS["batch_statistics"]


def make_plan(config: DiversifiedESRConfig, splits: Splits, seed: int) -> Plan:
    """One stage a branch; each begins with the best weights of the last."""
    size, count = config.network["input_size"], config.network["branches"]
    changes = augment(config.augmentation, size, shift=32 / 96)
    stages = [_stage(config, number, changes) for number in range(1, count + 1)]
    return planned(config, splits, seed, *stages)


def _stage(config: DiversifiedESRConfig, number: int, changes: nn.Module) -> Stage:
    def begin(network: DiversifiedESR) -> None:
        network.active = number
        if config.pretrained and number == 1:
            load_ensemble(network, config.pretrained)

    def overall_loss(network: nn.Module, output: ESROutput, batch: Batch) -> Tensor:
        features = (getattr(output, name) for name in DIVERSITIES[config.diversity])
        chosen = {"gamma": config.gamma, "measure": config.measure}
        return esr_loss(output.branches, batch.labels, *features, **chosen)

    options = {"module": partial(Together, judged=number)} if config.together else {}
    return Stage(
        name=f"branch {number}",
        epochs=config.epochs if number == 1 else config.added_epochs,
        batch_size=config.batch_size,
        loss=Loss(overall_loss),
        optimizer=lambda network, loss: torch.optim.SGD(
            _groups(config, number, network), momentum=config.momentum
        ),
        scheduler=lambda optimizer: StepLR(optimizer, config.step, config.decay),
        augment=changes,
        begin=begin,
        subset=at_most(config.per_class) if config.per_class else None,
        from_best=number > 1,
        **options,
    )


def _groups(config: DiversifiedESRConfig, number: int, network: DiversifiedESR):
    """Base, other branches, and last the branch itself, whose rate a curve shows."""
    fast, slow = config.learning_rate, config.old_learning_rate
    parts = (network.base, *network.branches)
    base, *branches = ({"params": list(part.parameters())} for part in parts)
    newest = branches.pop(number - 1)
    others = branches if config.together else branches[: number - 1]
    return [
        base | {"lr": fast if number == 1 else slow},
        *(branch | {"lr": slow} for branch in others),
        newest | {"lr": fast},
    ]


class Together(nn.Module):
    """All branches of an ensemble, of which only the first are to classify.

    Args:
        network: the ensemble; how many of it are active stays as it is.
        judged: how many branches classify; all of them give attention.
    """

    def __init__(self, network: DiversifiedESR, judged: int):
        super().__init__()
        self.network, self.judged = network, judged

    def forward(self, x: Tensor) -> ESROutput:
        """Scores of the first branches, attention of all."""
        active, self.network.active = self.network.active, len(self.network.branches)
        output = self.network(x)
        self.network.active = active
        branches = output.branches[:, : self.judged]
        logits = log_mean_probability(branches)
        return output._replace(logits=logits, branches=branches)


def load_ensemble(network: DiversifiedESR, path: Path | str) -> None:
    """Weights of an ensemble of this size; other classes' classifiers start anew."""
    found = read_weights(path)
    for name, own in network.state_dict().items():
        if ".fc." in name and name in found and found[name].shape != own.shape:
            found[name] = own
    load_weights(network, found, str(path))


def early_exit(network: DiversifiedESR, splits: Splits) -> dict[str, np.ndarray]:
    """Scores of as many branches as do best on the selection split.

    Section 4 of Heidari and Iosifidis: on some data sets an ensemble of 15
    does best with fewer.  Of equally good numbers the smallest is taken.

    Returns:
        ``early_exit``, ``float32 [n, classes]`` of the test split.
    """
    active, best, most = network.active, 1, -1
    for network.active in range(1, active + 1):
        scores = predict(network, splits.select.images)
        right = int((scores.argmax(1) == splits.select.labels).sum())
        if right > most:
            best, most = network.active, right
    network.active = best
    scores = predict(network, splits.test.images)
    network.active = active
    return {"early_exit": scores}


# Fields and why they differ from the paper's, by the item of the departure.
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


def departures(config: DiversifiedESRConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what was done with its data set."""
    script = script_of(splits)
    grown, count = script == "affectnet", config.network["branches"]
    values = SCRIPTS["" if grown else script]
    said = PAPER.make_config("paper", branches=count, **values)
    found = changed(config, said, _STATED)
    found += common_departures(config, splits, "" if grown else "AffectNet")
    why = "it has a gradient, and no ties"
    found.append(departure("prediction", "vote of branches", "mean probability", why))
    if not config.network["batch_statistics_in_eval"]:
        said = "of the batch in the branches, in the code"
        why = "a result must not depend on the other faces"
        found.append(departure("statistics when evaluated", said, "running", why))
    return found


PAPER = Paper(
    "diversified_esr",
    DiversifiedESR,
    DiversifiedESRConfig,
    PRESETS,
    VARIANTS,
    make_plan,
    departures,
    views=early_exit,
    choices={
        "diversity": ("none", "spatial", "spatial_channel"),
        "measure": MEASURES,
        "augmentation": ("jitter", "erasing"),
    },
    presets_last=True,
)
