"""A network of a paper that learns to tell two classes apart.

Sizes, network and loss are those of the paper's own ``smoke`` preset.  The
optimizer is Adam, at a rate that falls to zero, and nothing is augmented,
because a mirror image would undo a shortcut from the left.  The part ensemble
keeps its stages, without which its branches would not stand for parts.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import predict
from fer_lib.models.network import Network
from ferbook.papers import find_paper
from ferbook.study.faces import as_splits, evidence_set
from ferbook.study.settings import TASKS, Settings
from ferbook.training.draws import each_once
from ferbook.training.loop import fit
from ferbook.training.plan import Plan

ACCURACY = "Validation_accuracy"
# Epochs and rate of Adam, by network; tried on validation faces.
LEARNING = {
    "deep_emotion": (18, 0.002),
    "residual_masking": (20, 0.005),
    "ramn": (9, 0.002),
    "diversified_esr": (10, 0.003),
    "diversified_manet": (12, 0.003),
}
# Of these, where the classes are easily told apart.
LENGTH = {"mouth": 0.75, "brows": 0.8, "jaw": 0.5}
COOLING = 0.4  # share of the epochs in which the rate falls
# Its small size learns nothing with the paper's dropout.
CHANGES = {"residual_masking": {"dropout": 0.0}}
STAGE_EPOCHS = {"landmark_epochs": 5, "expression_epochs": 9, "head_epochs": 2}


@dataclass(frozen=True, eq=False)
class Learned:
    """A network that has learned a task, in evaluation mode."""

    network: Network
    test: FaceSet  # the fair faces that it is tested on
    scores: np.ndarray  # float32 [n, 2], what it says of them
    curve: tuple[float, ...]  # accuracy on validation faces after each epoch
    untrained: Network  # the same before it learned

    @property
    def correct(self) -> np.ndarray:
        """Whether it is right, ``bool [n]``."""
        return self.scores.argmax(1) == self.test.labels


def task_splits(task: str, size: int, settings: Settings) -> Splits:
    """The faces of a task at a size in pixels."""
    chosen, s = TASKS[task], settings
    faces = evidence_set(
        chosen.contrast, size, s.train, s.validation, s.test, s.population, chosen.tied
    )
    splits = as_splits(faces)
    if not chosen.shuffled:
        return splits
    rng = np.random.default_rng(s.population)
    labels = rng.permutation(splits.train.labels)
    return replace(splits, train=replace(splits.train, labels=labels))


def small_config(network: str, factor: float = 1.0) -> object:
    """How a study trains a network; ``factor`` is on its stages' epochs."""
    changes = CHANGES.get(network, {})
    if network not in LEARNING:
        changes = {k: max(1, round(n * factor)) for k, n in STAGE_EPOCHS.items()}
    return find_paper(network).make_config("smoke", precision="float32", **changes)


def make_plan(
    network: str, task: str, seed: int, settings: Settings, splits: Splits
) -> Plan:
    """How a network learns a task; arguments are those of :func:`learn`."""
    factor = settings.epochs * LENGTH.get(TASKS[task].contrast, 1.0)
    plan = find_paper(network).make_plan(small_config(network, factor), splits, seed)
    if network in LEARNING:
        plan = _single(plan, *LEARNING[network], factor)
    return plan


def learn(network: str, task: str, seed: int, settings: Settings) -> Learned:
    """Train a network on a task; the last epoch is what counts."""
    splits = task_splits(task, small_config(network).network["input_size"], settings)
    plan = make_plan(network, task, seed, settings, splits)
    return train(network, splits, plan, seed)


def train(network: str, splits: Splits, plan: Plan, seed: int) -> Learned:
    """Train a network by a plan of :func:`make_plan`."""
    recipe, config = find_paper(network), small_config(network)
    model, untrained = (recipe.make_network(config, 2, seed) for _ in range(2))

    def evaluate(module: nn.Module) -> dict[str, float]:
        said = predict(module, splits.select.images).argmax(1)
        return {ACCURACY: float((said == splits.select.labels).mean())}

    fitted = fit(model, plan, splits.train, evaluate, progress=False)
    curve = tuple(row[ACCURACY] for row in fitted.curve if ACCURACY in row)
    scores = predict(model.eval(), splits.test.images)
    return Learned(model, splits.test, scores, curve, untrained.eval())


def _single(plan: Plan, epochs: int, rate: float, factor: float) -> Plan:
    """The recipe's last stage as the only one, by Adam, all parts at once."""

    def begin(network: nn.Module) -> None:
        if hasattr(network, "active"):
            network.active = len(network.branches)

    count = max(1, round(epochs * factor))
    stage = replace(
        plan.stages[-1],
        name="training",
        epochs=count,
        batch_size=32,
        optimizer=lambda network, loss: torch.optim.Adam(
            [*network.parameters(), *loss.parameters()], lr=rate
        ),
        scheduler=lambda optimizer: LambdaLR(
            optimizer, lambda epoch: min(1.0, (1 - epoch / count) / COOLING)
        ),
        augment=nn.Identity(),
        begin=begin,
        subset=None,
        order=each_once,
        from_best=False,
        patience=None,
    )
    return Plan(plan.seed, (stage,), ACCURACY)
