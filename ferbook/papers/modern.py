"""One recipe of today for the networks of all papers.

So that a page can say how much of a gain is a paper's idea and how much the
recipe that it was trained with: it takes a paper's plan and keeps what the
idea is made of, which are its network, its losses and the order of its
stages.  How weights are moved, what is done to faces, how long, and how
certain labels are, is the same for all.  All values are ours, from common
practice; sources:

* AdamW, no decay of biases and normalisations: I. Loshchilov, F. Hutter,
  "Decoupled Weight Decay Regularization", ICLR 2019, arXiv:1711.05101.
* A rate that rises, then falls along a cosine: the same authors, "SGDR",
  ICLR 2017, arXiv:1608.03983.
* Moving average of weights: P. Izmailov et al., "Averaging Weights Leads to
  Wider Optima and Better Generalization", UAI 2018, arXiv:1803.05407.
* Rectangles painted over: Z. Zhong et al., "Random Erasing Data
  Augmentation", AAAI 2020, arXiv:1708.04896.
* Votes as soft labels: E. Barsoum et al., "Training deep networks for facial
  expression recognition with crowd-sourced label distribution", ICMI 2016,
  arXiv:1608.01041.  Where a face has none, its label gives up a share to all
  classes: C. Szegedy et al., "Rethinking the Inception Architecture", CVPR
  2016, arXiv:1512.00567.

Soft labels have to work with any paper's loss, so one label a face is drawn
from them each time that it is seen (Barsoum et al.'s "probabilistic label
drawing"; for smoothed labels L. Xie et al., "DisturbLabel", CVPR 2016,
arXiv:1605.00055).  The mean over draws is the loss of the soft label.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from fer_lib.data.augment import augmentation
from fer_lib.data.splits import Splits
from ferbook.papers.paper import Recipe, departure
from ferbook.training.draws import each_once
from ferbook.training.plan import Batch, Plan, Stage


@dataclass(frozen=True)
class ModernConfig:
    """Hyper-parameters of the recipe; all ours."""

    epochs: int = 100  # of all stages that classify, in the paper's shares
    batch_size: int = 128
    learning_rate: float = 5e-4  # AdamW
    weight_decay: float = 0.05
    warm_up: float = 0.05  # share of the epochs
    smoothing: float = 0.1  # share of a label that goes to all classes
    average: float = 0.999  # decay of the moving average, a step
    clip: float = 1.0  # largest norm of the gradient
    flip: float = 0.5  # probability
    degrees: float = 15.0
    translate: float = 0.1  # share of the side
    scale: float = 0.1  # share: 0.9 to 1.1
    erase: float = 0.25  # probability


PRESETS = {
    "smoke": {"epochs": 24, "batch_size": 32},
    "small": {"epochs": 12, "batch_size": 64},
    "student": {"epochs": 60},
    "reduced": {"epochs": 60},
    "paper": {},
}


def replanned(
    plan: Plan,
    splits: Splits,
    config: ModernConfig,
    make_network: Callable[[], nn.Module] | None = None,
) -> Plan:
    """A paper's plan with its stages that classify trained by this recipe.

    Stages of another task, such as landmarks, stay the paper's, and so does
    the network: ``make_network`` is not used.
    """
    total = sum(stage.epochs for stage in plan.stages if stage.classifies)
    stages = []
    for stage in plan.stages:
        if stage.classifies and stage.epochs:
            epochs = max(1, round(config.epochs * stage.epochs / total))
            stage = _modern(stage, epochs, splits, config)
        stages.append(stage)
    return replace(plan, stages=tuple(stages))


def _modern(stage: Stage, epochs: int, splits: Splits, config: ModernConfig) -> Stage:
    soft = "targets" in (stage.faces or splits.train).extra
    return replace(
        stage,
        epochs=epochs,
        # In as many parts as the paper's batches, which fit the memory.
        batch_size=-(-config.batch_size // stage.accumulate),
        accumulate=stage.accumulate,
        loss=DrawnLabels(stage.loss, len(splits.classes), config.smoothing),
        reads=tuple(dict.fromkeys((*stage.reads, "targets"))) if soft else stage.reads,
        optimizer=lambda network, loss: _adam_w(
            config, stage.optimizer(network, loss.loss), set(loss.parameters())
        ),
        scheduler=lambda optimizer: LambdaLR(
            optimizer, lambda epoch: rate_factor(config, epoch, epochs)
        ),
        augment=augmentation(
            flip=config.flip,
            degrees=config.degrees,
            translate=config.translate,
            scale=(1 - config.scale, 1 + config.scale),
            erase=config.erase,
            erased_value=0.5,
        ),
        subset=None,
        order=each_once,
        patience=None,
        ema=config.average,
        clip=config.clip,
    )


class DrawnLabels(nn.Module):
    """A paper's loss of labels drawn from soft ones.

    Args:
        loss: of (network, output, batch).
        classes: number of labels.
        smoothing: probability of a label drawn from all classes alike, where
            the batch has no soft labels of its own.
    """

    def __init__(self, loss: nn.Module, classes: int, smoothing: float):
        super().__init__()
        self.loss, self.classes, self.smoothing = loss, classes, smoothing

    def forward(self, network: nn.Module, output: object, batch: Batch) -> Tensor:
        """A scalar, the mean over the faces of a batch."""
        return self.loss(network, output, replace(batch, labels=self.drawn(batch)))

    def drawn(self, batch: Batch) -> Tensor:
        """One label a face, ``int64 [B]``."""
        if "targets" in batch.extra:
            return torch.multinomial(batch.targets, 1)[:, 0]
        share = torch.rand(batch.labels.shape, device=batch.labels.device)
        any_class = torch.randint_like(batch.labels, self.classes)
        return torch.where(share < self.smoothing, any_class, batch.labels)


def rate_factor(config: ModernConfig, epoch: int, epochs: int) -> float:
    """What the learning rate is multiplied by in an epoch, from 0.

    While it falls, the factor of the epoch's middle, so that stages of few
    epochs come down, too.
    """
    rising = round(config.warm_up * epochs)
    if epoch < rising:
        return (epoch + 1) / (rising + 1)
    return (1 + math.cos(math.pi * (epoch - rising + 0.5) / (epochs - rising))) / 2


def _adam_w(
    config: ModernConfig, of_paper: Optimizer, undecayed: Collection[Tensor]
) -> torch.optim.AdamW:
    """Of what the paper's optimizer would train; what has one index keeps its size."""
    learned = [p for group in of_paper.param_groups for p in group["params"]]
    kept = [p for p in learned if p.ndim <= 1 or p in undecayed]
    rest = [p for p in learned if p.ndim > 1 and p not in undecayed]
    groups = [{"params": kept, "weight_decay": 0.0}, {"params": rest}]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )


# Items of the papers' own departures that no longer say anything.
_REPLACED = {
    "epochs",
    "learning rate",
    "learning rate of the old",
    "fine-tuning rate",
    "decay of the rates",
    "epochs between drops",
    "images a class",
    "batch size",
    "batches",
    "optimiser",
    "Adam's epsilon",
    "augmentation",
    "stopping",
}


def departures(
    of_paper: list[dict], plan: Plan, config: ModernConfig, name: str = "modern"
) -> list[dict]:
    """Where a modern run departs from its paper: in its network and data as before."""
    kept = [entry for entry in of_paper if entry["item"] not in _REPLACED]
    said = {entry["item"]: entry["paper"] for entry in of_paper}
    ours = ", ".join(f"{key} {value}" for key, value in asdict(config).items())
    why, epochs = "one recipe for all networks", said.get("epochs", plan.epochs)
    return [
        *kept,
        departure("epochs", epochs, config.epochs, why),
        departure("recipe", "the paper's", f"{name}: {ours}", why),
    ]


RECIPE = Recipe("modern", ModernConfig, PRESETS, replanned, departures)
