"""How RAMN is trained: every value with its origin.

L. Cui, Y. Tian, "Facial Expression Recognition by Regional Attention and
Multi-task Learning", Engineering Letters 29(3), 2021.  The paper gives the
learning rate, its course and the number of epochs; optimizer, batch size,
augmentation and the weights of the three losses it does not, and there is no
code of its authors.  "RAN's code" is that of the network which it builds on:
K. Wang et al., "Region Attention Networks for Pose and Occlusion Robust
Facial Expression Recognition", IEEE TIP 29, 2020
(github.com/kaiwang960112/Challenge-condition-FER-dataset).

Of the course of the rate it says: "after 30 epochs, the learning rate was
adjusted to 0.9 for every 5 epochs that were removed".  Read here as times
0.9 after 30 epochs and every 5 from there; the variant ``late_decay`` waits
5 more, and ``decay_tenth`` takes 0.9 for a slip of 0.1.

The sweep over beta is run without the collaborative loss, as the paper does
it first; the sweeps over omega, crops and scales are of the whole loss.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from fer_lib.data.augment import augmentation, seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.losses.collaborative import CollaborativeLoss
from fer_lib.losses.region import region_loss
from fer_lib.models.ramn import RAMN, RAMNOutput
from ferbook.papers.paper import (
    Config,
    Paper,
    changed,
    departure,
    one_stage,
    own_labels,
    pretraining,
    sgd,
)
from ferbook.training.plan import Batch, Plan


@dataclass(frozen=True)
class RAMNConfig(Config):
    """Settings of one run; the defaults are the paper's."""

    pretrained: str = ""  # path; section IV.B: CASIA-WebFace, not public
    pretrained_on: str = ""  # of that file: data set, by its giver's word
    beta: float = 0.02  # sections IV.C and IV.D
    omega: float = 3.0  # section IV.D
    region_weight: float = 1.0  # ours: losses are "applied to the combination"
    # Ours: at 1, raw features diverge in the first step; centre loss takes 0.003.
    collaborative_weight: float = 0.01
    normalise: bool = False  # ours: no normalisation of features is mentioned
    epochs: int = 60  # section IV.B
    batch_size: int = 128  # RAN's code
    accumulate: int = 1  # ours: batches a step, for small memories
    learning_rate: float = 0.01  # section IV.B
    decay: float = 0.9  # section IV.B, first reading
    constant: int = 30  # epochs before it; section IV.B
    decay_every: int = 5  # epochs; section IV.B
    late_decay: bool = False  # first after so many more; second reading
    momentum: float = 0.9  # RAN's code, SGD
    weight_decay: float = 1e-4  # RAN's code
    flip: float = 0.5  # ours: the paper augments by its crops alone


# The rate stays constant for half of the epochs, as in the paper.
PRESETS = {
    # For 1,600 rendered faces, from scratch: small batches, a higher rate.
    "smoke": {"batch_size": 16, "learning_rate": 0.02}
    | {"epochs": 16, "constant": 8, "decay_every": 1},
    # For FER2013 on a laptop: minutes an epoch without a GPU.
    "small": {"batch_size": 64, "learning_rate": 0.02}
    | {"epochs": 4, "constant": 2, "decay_every": 1},
    "student": {"batch_size": 64} | {"epochs": 30, "constant": 15, "decay_every": 3},
    "reduced": {"epochs": 24, "constant": 12, "decay_every": 2},
    # The paper's batches of 128 in four parts, as a T4 holds no more than 32 faces.
    "paper": {"batch_size": 32, "accumulate": 4},
}

_NO_CENTRES = {"collaborative_weight": 0.0}
VARIANTS = {
    **RAMN.VARIANTS,  # "default": RAMN(beta and omega) of tables I to III
    "baseline": {"region_weight": 0.0} | _NO_CENTRES,  # cross-entropy alone
    "beta": _NO_CENTRES,  # RAMN(beta): with the region loss
    # Figure 4: 0.02 is "beta", 3 is "default".
    **{f"beta_{b:.2f}": {"beta": b} | _NO_CENTRES for b in (0, 0.01, 0.03, 0.04)},
    **{f"omega_{w}": {"omega": float(w)} for w in (1, 2, 4)},
    "late_decay": {"late_decay": True},
    "decay_tenth": {"decay": 0.1},
    "normalise": {"normalise": True},
    "weights_1": {"collaborative_weight": 1.0},  # diverges from scratch
    "whole_face": RAMN.VARIANTS["whole_face"] | {"region_weight": 0.0},  # a control
}


# Figures 3 and 4: what is swept, each value by the variant that has it.
SWEEPS = {
    "sub-images (Fig. 3a)": {"default": 5} | {f"crops_{m}": m for m in (4, 7, 9, 10)},
    "scale of the sub-images (Fig. 3b)": {"default": 1.0}
    | {f"scale_{p}": p / 100 for p in (70, 80, 90, 110, 120)},
    "beta (Fig. 4a)": {"beta": 0.02}
    | {f"beta_{b:.2f}": b for b in (0.0, 0.01, 0.03, 0.04)},
    "omega (Fig. 4b)": {"default": 3} | {f"omega_{w}": w for w in (1, 2, 4)},
}


class RAMNLoss(nn.Module):
    """Cross-entropy, equation (2), and equations (3) to (6) with centres.

    Args:
        config: margins and weights; a part whose weight is 0 is left out.
        classes: number of expressions.
    """

    def __init__(self, config: RAMNConfig, classes: int):
        super().__init__()
        self.config, self.collaborative = config, None
        if config.collaborative_weight:
            self.collaborative = CollaborativeLoss(
                classes,
                config.network["branch_features"],
                omega=config.omega,
                normalise=config.normalise,
            )

    def forward(self, network: nn.Module, output: RAMNOutput, batch: Batch) -> Tensor:
        """A scalar, the mean over the faces of a batch."""
        config = self.config
        loss = F.cross_entropy(output.logits, batch.labels)
        if config.region_weight:
            loss = loss + config.region_weight * region_loss(
                output.weights, config.beta
            )
        if self.collaborative is not None:
            loss = loss + config.collaborative_weight * self.collaborative(
                output.expressions, batch.labels
            )
        return loss


def rate_factor(config: RAMNConfig, epoch: int) -> float:
    """What the learning rate is multiplied by in an epoch, from 0."""
    since = epoch - config.constant + (0 if config.late_decay else config.decay_every)
    return config.decay ** max(0, since // config.decay_every)


def make_plan(config: RAMNConfig, splits: Splits, seed: int) -> Plan:
    """One stage, in which everything is trained."""
    with seeded(seed, 1):  # the centres' start
        loss = RAMNLoss(config, len(splits.classes))
    return one_stage(
        config,
        splits,
        seed,
        loss=loss,
        optimizer=sgd(config),  # of the centres, too
        scheduler=lambda optimizer: LambdaLR(
            optimizer, lambda epoch: rate_factor(config, epoch)
        ),
        augment=augmentation(flip=config.flip),
    )


# Fields whose default is the paper's value, by the item of the departure.
_STATED = {
    "input size": ("input_size", "what this preset is for"),
    "width": ("width", "what this preset is for"),
    "epochs": ("epochs", "computing time"),
    "learning rate": ("learning_rate", "this run needs it"),
    "batch normalisation": ("batch_norm", "what this variant is about"),
}


def departures(config: RAMNConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what the paper says, one entry an item."""
    sgd = f"SGD, momentum {config.momentum}, weight decay {config.weight_decay}, "
    sgd += f"batches of {config.batch_size * config.accumulate}"
    weights = f"1, {config.region_weight} and {config.collaborative_weight}"
    flipped = f"mirror images, probability {config.flip}"
    cut = "as the data set has them"
    return [
        *changed(config, PAPER.make_config("paper"), _STATED),
        *pretraining(config, "CASIA-WebFace"),
        departure("optimiser", "not given", sgd, "those of RAN's code"),
        departure("weights of the losses", "not given", weights, "ours"),
        departure("augmentation", "crops alone", flipped, "ours"),
        departure("alignment", "MTCNN", cut, "the same faces for all papers"),
        *own_labels(splits),
    ]


@torch.inference_mode()
def measures(network: RAMN, faces: FaceSet) -> dict[str, np.ndarray]:
    """Attention and the plane of most variance, ``float32 [n]`` each.

    Beta moves the weights of regions apart, omega the features of expressions;
    beside the accuracy, a run keeps what shows whether they did.

    ``attention.whole`` and ``attention.best_crop``: theta of the whole face
    and the largest of the sub-images, 0 to 1, whose difference equation (2)
    compares with beta; without sub-images neither.  ``feature.first`` and
    ``feature.second``: what the classifier sees, see :func:`principal_plane`.
    """
    found = []
    with evaluating(network):
        for _, unit in batches(network, faces.images):
            output = network(network.input.normalise(unit))
            seen = network.combined(output.expressions)
            found.append((output.weights.float().cpu(), seen.float().cpu()))
    weights, seen = map(torch.cat, zip(*found, strict=True))
    first, second = principal_plane(seen).T.numpy()
    told = {"feature.first": first, "feature.second": second}
    if weights.shape[1] > 1:
        told["attention.whole"] = weights[:, 0].numpy()
        told["attention.best_crop"] = weights[:, 1:].amax(1).numpy()
    return told


def principal_plane(features: Tensor) -> Tensor:
    """The first two principal components of features.

    Args:
        features: ``[n, D]``, n of 2 or more.

    Returns:
        ``[n, 2]``, in standard deviations of the first component, so that
        networks of different scales can be drawn side by side; of either
        component, the direction in which the feature with the largest share
        grows.
    """
    centred = (features - features.mean(0)).double()
    _, _, axes = torch.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    found = centred @ (axes * largest.sign()).T
    scale = found[:, 0].std(correction=0)
    found = torch.where(scale > 0, found / scale, torch.zeros_like(found))
    return F.pad(found, (0, 2 - found.shape[1])).float()


PAPER = Paper(
    "ramn",
    RAMN,
    RAMNConfig,
    PRESETS,
    VARIANTS,
    make_plan,
    departures,
    measures=measures,
)
