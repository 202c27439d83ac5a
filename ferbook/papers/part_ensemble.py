"""How the part ensemble is trained: every value with its origin.

R. Wadhawan, T. K. Gandhi, "Landmark-Aware and Part-based Ensemble Transfer
Learning Network for Facial Expression Recognition from Static images", IEEE
Transactions on Artificial Intelligence, 2022, arXiv:2104.11274.  "Notebook"
is the authors' (github.com/rohan598, the repository of the paper's title).

Each sub-network learns landmarks, then a head for expressions, then all of
it is tuned.  The five share no parameter, so they are trained side by side
on the sum of their losses, which gives each the gradient of its own alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fer_lib.data.augment import augmentation, seeded
from fer_lib.data.splits import Splits
from fer_lib.models.part_ensemble import PartEnsemble, branch_cross_entropy
from ferbook.papers import part_evaluation, settings
from ferbook.papers.part_deviations import departures
from ferbook.papers.part_transfer import (
    TransferEnsemble,
    annotated,
    balanced_rounds,
    landmark_loss,
)
from ferbook.training.draws import each_once
from ferbook.training.plan import Batch, Loss, Plan, Stage

NAME = "part_ensemble"

# Section III-D3, "approximate": of the landmarks, and of head and tuning.
# The Baseline has, on each of the three, as many as both together.
EPOCHS = {"ckplus": (100, 300), "jaffe": (100, 200), "sfew": (200, 200)}
# Ours, for larger sets: on FER2013 about twice the steps of CK+.
OTHER_EPOCHS = (10, 30)


@dataclass(frozen=True)
class PartEnsembleConfig:
    """Hyper-parameters of one run of the part ensemble.

    The defaults are the paper's where it gives a value.
    """

    input_size: int = 160  # pixels; section III-B
    width: int = 16  # channels; notebook, fits the printed parameters
    kind: str = "parts"  # section III-C2
    head_relu: bool = False  # notebook; the paper names no activation
    pooling: str = "keras"  # notebook; the paper gives no padding
    landmark_epochs: int | None = None  # None: section III-D3, by data set
    expression_epochs: int | None = None  # likewise; head and tuning
    head_epochs: int = 10  # of these; III-D2 says "a few", notebook's is 10
    batch_size: int = 32  # section III-D3
    learning_rate: float = 0.01  # landmarks, head, Baseline; section III-D
    tuning_rate: float = 0.0001  # section III-D2
    epsilon: float = 1e-7  # of Adam, III-D3; its betas are torch's own
    patience: int = 20  # ours: epochs in which the loss "saturates"
    select_by: str = "loss"  # notebook; "accuracy" for the whole network
    frozen_statistics: bool = True  # in tuning; notebook, paper says nothing
    balanced: bool = False  # notebook: as many of each class in a batch
    flip: float = 0.5  # probability; notebook, section III-D "flipping"
    degrees: float = 15.0  # notebook; section III-D "rotation"
    translate: float = 0.05  # share of the side; notebook, "translation"
    shear: float = 0.05  # notebook; Keras reads degrees, so next to nothing
    precision: str = "float32"  # Keras's default


PRESETS = {
    # For 1,600 rendered faces.
    "smoke": {
        "landmark_epochs": 8,
        "expression_epochs": 12,
        "head_epochs": 3,
        "tuning_rate": 0.003,
    },
    # For FER2013 on a laptop, without a GPU.
    "small": {
        "landmark_epochs": 4,
        "expression_epochs": 8,
        "head_epochs": 2,
        "batch_size": 64,
        "tuning_rate": 0.001,
    },
    "student": {"landmark_epochs": 6, "expression_epochs": 14, "head_epochs": 4},
    "reduced": {},
    "paper": {},
}
PRESETS = {name: PartEnsemble.PRESETS[name] | more for name, more in PRESETS.items()}

VARIANTS = {
    **PartEnsemble.VARIANTS,
    "trained_statistics": {"frozen_statistics": False},
    "balanced_batches": {"balanced": True},
    "by_accuracy": {"select_by": "accuracy"},
}


def make_config(preset: str, variant: str = "default", **changes) -> PartEnsembleConfig:
    """Configuration of a preset and a variant, with further changes."""
    paper = PartEnsembleConfig()
    return settings.choose(NAME, paper, PRESETS, VARIANTS, preset, variant, changes)


identity = settings.identity
# What a record may hold besides the logits of the ensemble.
views, measures = part_evaluation.views, part_evaluation.measures


def make_network(config: PartEnsembleConfig, classes: int, seed: int) -> nn.Module:
    """The untrained network of a configuration, the same for a seed."""
    names = ("input_size", "width", "kind", "head_relu", "pooling")
    options = {name: getattr(config, name) for name in names}
    with seeded(seed, 0):
        return TransferEnsemble(num_classes=classes, **options)


def planned_epochs(config: PartEnsembleConfig, dataset: str) -> tuple[int, int]:
    """Most epochs of the landmarks, and of head and tuning together."""
    given = (config.landmark_epochs, config.expression_epochs)
    usual = EPOCHS.get(dataset, OTHER_EPOCHS)
    return tuple(u if g is None else g for g, u in zip(given, usual, strict=True))


def _expression_loss(network: nn.Module, output, batch: Batch) -> Tensor:
    return branch_cross_entropy(output.branches, batch.labels)


def _leave(network: nn.Module) -> None:
    """Nothing to ready: the Baseline learns with all its weights."""


class _Stages:
    """The stages of one run, which have much in common."""

    def __init__(self, config: PartEnsembleConfig, splits: Splits):
        self.config = config
        needed = (lambda faces: faces) if config.kind == "baseline" else annotated
        self.judged = needed(splits.select)
        self.split = str(splits.select.splits[0])
        self.common = {
            "batch_size": config.batch_size,
            "augment": augmentation(
                flip=config.flip,
                degrees=config.degrees,
                translate=config.translate,
                shear=config.shear,
            ),
            "faces": needed(splits.train),
            "order": balanced_rounds if config.balanced else each_once,
            "precision": config.precision,
        }

    def landmarks(self, epochs: int) -> Stage:
        """Stage 1: localisers, by equation (1)."""
        size = self.config.input_size
        return Stage(
            name="landmarks",
            epochs=epochs,
            begin=TransferEnsemble.begin_landmarks,
            module=lambda network: network.originals,
            reads=("landmarks",),
            classifies=False,
            loss=Loss(
                lambda localisers, outputs, batch: landmark_loss(
                    localisers, outputs, batch.landmarks, size
                )
            ),
            optimizer=lambda network, loss: self._adam(
                network.originals, self.config.learning_rate
            ),
            evaluate=lambda network: part_evaluation.landmark_values(
                network.originals, network.members, self.judged
            ),
            select_by=f"{self.split}_landmarks",
            lower_is_better=True,
            patience=self.config.patience,
            **self.common,
        )

    def expressions(self, name: str, epochs: int, rate: float, begin) -> Stage:
        """Stage 2 or 3, or the Baseline's only one: by equation (2)."""
        return Stage(
            name=name,
            epochs=epochs,
            begin=begin,
            loss=Loss(_expression_loss),
            optimizer=lambda network, loss: self._adam(network.sub_networks, rate),
            evaluate=lambda network: part_evaluation.expression_values(
                network, self.judged
            ),
            select_by=f"{self.split}_{self.config.select_by}",
            lower_is_better=self.config.select_by == "loss",
            patience=self.config.patience,
            from_best=True,
            **self.common,
        )

    def _adam(self, module: nn.Module, rate: float) -> torch.optim.Adam:
        learning = [p for p in module.parameters() if p.requires_grad]
        return torch.optim.Adam(learning, lr=rate, eps=self.config.epsilon)


def make_plan(config: PartEnsembleConfig, splits: Splits, seed: int) -> Plan:
    """Three stages; one for the Baseline."""
    landmarks, expressions = planned_epochs(config, splits.train.name)
    heads = min(config.head_epochs, expressions)
    make = _Stages(config, splits)
    frozen = config.frozen_statistics
    if config.kind == "baseline":
        whole = landmarks + expressions
        stages = [make.expressions("training", whole, config.learning_rate, _leave)]
    else:
        stages = [
            make.landmarks(landmarks),
            make.expressions(
                "head", heads, config.learning_rate, TransferEnsemble.begin_heads
            ),
            make.expressions(
                "tuning",
                expressions - heads,
                config.tuning_rate,
                lambda network: network.freeze(weights=False, statistics=frozen),
            ),
        ]
    return Plan(seed, tuple(stages), f"{make.split}_accuracy")


def deviations(config: PartEnsembleConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what the paper says, one entry an item."""
    planned = sum(planned_epochs(config, splits.train.name))
    printed = EPOCHS.get(splits.train.name)
    said = str(sum(printed)) if printed else "not given for this data set"
    return departures(config, splits, said, planned)
