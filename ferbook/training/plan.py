"""What a recipe asks of the training loop: a plan of one or more stages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from ferbook.training.draws import Draw, each_once

PRECISIONS = ("auto", "float32", "bf16", "fp16")
Evaluate = Callable[[nn.Module], dict[str, float]]


@dataclass(frozen=True)
class Batch:
    """What is known of the faces of a batch, on the network's device.

    Attributes:
        labels: ``int64 [B]``.
        landmarks: ``float32 [B, 68, 2]``, pixels of what the network sees,
            moved along by the augmentation; None unless the stage reads
            ``"landmarks"``.
        extra: the other columns that the stage reads, by name, ``[B, ...]``.
    """

    labels: Tensor
    landmarks: Tensor | None = None
    extra: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def targets(self) -> Tensor:
        """Soft labels ``float32 [B, classes]``; the stage reads ``"targets"``."""
        return self.extra["targets"]


class Loss(nn.Module):
    """A loss of a function of (network, output, batch).

    A loss with centres or heads of its own is any other ``nn.Module`` whose
    ``forward`` takes these three; its parameters are trained when the
    stage's ``optimizer`` is given them, and moved and saved in any case.
    """

    def __init__(self, function: Callable[[nn.Module, object, Batch], Tensor]):
        super().__init__()
        self.function = function

    def forward(self, network: nn.Module, output: object, batch: Batch) -> Tensor:
        """A scalar, the mean over the faces of the batch."""
        return self.function(network, output, batch)


@dataclass(frozen=True)
class Stage:
    """A part of a run with one loss, one optimizer and one schedule.

    Attributes:
        name: unique in the plan; stands in every row of the curve.
        epochs: at most so many.
        batch_size: faces in one pass.
        loss: ``loss(module, output, batch)``, a scalar; in training mode.
        optimizer: makes one of (network, loss), after ``begin``.
        augment: float ``[B, C, H, W]`` in 0..1 to the same; of (faces,
            landmarks) to both where the stage reads ``"landmarks"``.
        begin: readies the network: freezes, sets active branches, moves
            weights between its parts.  On resuming, those of all stages so
            far are called again in turn before the weights are read.
        module: what of the network runs here; the network itself, or
            another of its parts, such as localisers of landmarks.
        scheduler: makes one of the optimizer; stepped after each epoch,
            ``ReduceLROnPlateau`` with the value of ``select_by``.
        faces: trains on these instead of the run's training faces.
        reads: columns of the faces that the loss needs besides labels:
            ``"landmarks"``, ``"votes"``, or names in ``extra``.
        subset: draws the rows of this stage once, from its labels.
        order: draws the rows of an epoch from the labels of the subset.
        classifies: whether ``module`` returns class scores, as ``forward`` of
            the networks does; else no accuracies are counted.
        evaluate: further values by name, of the network, after each epoch.
        select_by: the value that chooses weights; None: the plan's.
        lower_is_better: whether a lower value is chosen, as of an error.
        patience: ends the stage after so many epochs in a row without a
            better value; None: never.
        from_best: begins with the weights that the stage before selected,
            not with its last ones.
        ema: decay of an exponential moving average of the weights, which
            is then what is evaluated, selected and handed on; None: none.
        clip: largest norm of the gradient; None: any.
        accumulate: batches that make one step; their gradient is that of
            the mean over all their faces.
    """

    epochs: int
    batch_size: int
    loss: nn.Module
    optimizer: Callable[[nn.Module, nn.Module], Optimizer]
    augment: nn.Module
    name: str = "training"
    begin: Callable[[nn.Module], object] = lambda network: None
    module: Callable[[nn.Module], nn.Module] = lambda network: network
    scheduler: Callable[[Optimizer], LRScheduler] | None = None
    faces: FaceSet | None = None
    reads: tuple[str, ...] = ()
    subset: Draw | None = None
    order: Draw = each_once
    classifies: bool = True
    evaluate: Evaluate = lambda network: {}
    select_by: str | None = None
    lower_is_better: bool = False
    patience: int | None = None
    from_best: bool = False
    ema: float | None = None
    clip: float | None = None
    accumulate: int = 1

    def __post_init__(self):
        checks = {
            "epochs": (self.epochs >= 0, "0 or more"),
            "batch_size": (self.batch_size >= 1, "1 or more"),
            "accumulate": (self.accumulate >= 1, "1 or more"),
            "ema": (self.ema is None or 0 <= self.ema < 1, "0 to below 1"),
            "clip": (self.clip is None or self.clip > 0, "above 0"),
            "patience": (self.patience is None or self.patience >= 1, "1 or more"),
        }
        for name, (fits, expected) in checks.items():
            if not fits:
                raise FerError(
                    f"stage '{self.name}': {name} is {getattr(self, name)}, "
                    f"expected {expected}; correct the recipe's configuration."
                )


@dataclass(frozen=True)
class Plan:
    """What the loop does with a network.

    Attributes:
        seed: of all random numbers of the run.
        stages: run in this order.
        select_by: the value that chooses weights, unless a stage says
            otherwise; a key of what is evaluated after each epoch.
        precision: one of ``PRECISIONS``, of forward passes; ``"auto"`` leaves it
            to the machine, see :func:`ferbook.training.precision.decided`.
    """

    seed: int
    stages: tuple[Stage, ...]
    select_by: str = "PublicTest_accuracy"
    precision: str = "float32"

    def __post_init__(self):
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) < len(names):
            raise FerError(
                f"a plan has the stages {names}, expected one or more with "
                "different names; correct the recipe."
            )
        if self.precision not in PRECISIONS:
            raise FerError(
                f"precision is {self.precision}, expected one of "
                f"{', '.join(PRECISIONS)}; correct the recipe's configuration."
            )

    @property
    def epochs(self) -> int:
        """Of all stages, if none stops early."""
        return sum(stage.epochs for stage in self.stages)

    def selects_by(self, stage: Stage) -> str:
        """The value that chooses a stage's weights."""
        return stage.select_by or self.select_by

    @property
    def open_ended(self) -> bool:
        """Whether a shorter run is the beginning of a longer one.

        So it is at a constant rate in a single stage: the number of epochs
        does not shape its course, it only says when to stop.
        """
        return len(self.stages) == 1 and self.stages[0].scheduler is None
