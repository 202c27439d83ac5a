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

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from fer_lib.data.augment import augmentation, seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.explain.grad_cam import weighted_maps
from fer_lib.explain.placing import enlarge
from fer_lib.files import sha256_file
from fer_lib.models.comparison import Comparison, imagenet_sha1
from fer_lib.models.network import Scores, logits_of
from fer_lib.models.residual_masking import ResidualMaskingNetwork
from ferbook.papers.paper import (
    Config,
    Paper,
    changed,
    departure,
    described,
    one_stage,
    own_labels,
)
from ferbook.papers.part_measures import by_batch, hulls, near_parts, share_inside
from ferbook.training.plan import Loss, Plan

# torchvision ends the names of its files with the start of their sha256:
# resnet34-333f7ec4.pth of 2019 and resnet34-b627a593.pth.
IMAGENET = ("333f7ec4", "b627a593")


@dataclass(frozen=True)
class TableIIConfig(Config):
    """What all networks of Table II are trained with: section IV.B."""

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
    pretrained: str = ""  # path; section IV.B: ImageNet's weights


@dataclass(frozen=True)
class ResidualMaskingConfig(TableIIConfig):
    """Settings of one run; the defaults are the paper's."""


PRESETS = {
    # For 1,600 rendered faces: so few steps need a higher rate.
    "smoke": {"epochs": 18}
    | {"batch_size": 32, "learning_rate": 5e-3, "plateau_patience": 8},
    # For FER2013 on a laptop: minutes an epoch without a GPU.
    "small": {"epochs": 5} | {"batch_size": 64, "learning_rate": 1e-3},
    "student": {"epochs": 20},
    "reduced": {},
    "paper": {},
}


def make_plan(config: TableIIConfig, splits: Splits, seed: int) -> Plan:
    """One stage: all networks of Table II have "the same setting environment"."""
    return one_stage(
        config,
        splits,
        seed,
        loss=Loss(lambda _, out, batch: F.cross_entropy(logits_of(out), batch.labels)),
        # All weights shrink by rate times decay a step.
        optimizer=lambda network, loss: torch.optim.RAdam(
            network.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            decoupled_weight_decay=True,
        ),
        scheduler=lambda optimizer: ReduceLROnPlateau(
            optimizer,
            mode="max",
            factor=config.plateau_factor,
            patience=config.plateau_patience,
            threshold=0.0,  # one more face is better
            min_lr=config.least_rate,
        ),
        patience=config.early_stop + 1,
        augment=augmentation(
            flip=config.flip, degrees=config.degrees, fill=config.fill
        ),
    )


# Settings whose default is the paper's value, by the item of the departure.
_STATED = {
    "input size": ("input_size", "what this preset is for"),
    "epochs": ("epochs", "computing time"),
    "learning rate": ("learning_rate", "the preset needs it"),
    "batch size": ("batch_size", "the preset needs it"),
    "patience": ("plateau_patience", "the preset needs it"),
    "stopping": ("early_stop", "the preset needs it"),
}
_OWN = {
    "width": ("width", "what this preset is for"),
    "dropout": ("dropout", "the preset needs it"),
}


def _departures(paper: Paper, config: Config, splits: Splits, stated) -> list[dict]:
    """Where a run of any network of Table II departs from the paper."""
    passes = departure(
        "test-time augmentation",
        "sums of 8 or 10 random passes, by the authors' code",
        "one pass; beside it, with the mirror image",
        "the same for all papers",
    )
    found = changed(config, paper.make_config("paper"), stated)
    return [*found, passes, *own_labels(splits)]


def departures(config: ResidualMaskingConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what the paper says, one entry an item."""
    found, file = _departures(PAPER, config, splits, _STATED | _OWN), config.pretrained
    if not (file and sha256_file(file).startswith(IMAGENET)):
        why = "as the released code; torchvision's file is a setting"
        found.append(departure("pre-training", "ImageNet", described(file), why))
    return found


def comparison_departures(config: TableIIConfig, splits: Splits) -> list[dict]:
    """The same of the networks that Residual Masking is compared with."""
    found, file = _departures(COMPARISON, config, splits, _STATED), config.pretrained
    if not (file and _is_published(file, config.network["architecture"])):
        why = "pytorchcv's file is a setting, where it has one"
        found.append(departure("pre-training", "ImageNet", described(file), why))
    return found


def _is_published(file: str, architecture: str) -> bool:
    found = hashlib.sha1(Path(file).read_bytes()).hexdigest()
    return found == imagenet_sha1(architecture)


TOGETHER = 256  # faces; what is drawn for them depends on it
PASSES = 10  # the authors' tta_size while training; their results take 8


def views(network: ResidualMaskingNetwork, splits: Splits) -> dict[str, np.ndarray]:
    """Scores after test-time augmentation as the authors' code has it.

    ``random10``: the logarithm of the mean probability over ten passes
    through the augmentation of the training, mirror images and rotations by
    up to 30 degrees, drawn from one seed.  The paper does not mention it.
    """
    change, found = augmentation(flip=0.5, degrees=30.0), []
    with torch.inference_mode(), evaluating(network), seeded(0, 3):
        for _, unit in batches(network, splits.test.images, TOGETHER):
            seen = (network.input.normalise(change(unit)) for _ in range(PASSES))
            shares = [logits_of(network(x)).softmax(1) for x in seen]
            found.append(torch.stack(shares).mean(0).log().cpu())
    return {"random10": torch.cat(found).numpy()}


def measures(network: ResidualMaskingNetwork, faces: FaceSet) -> dict[str, np.ndarray]:
    """How hot maps are in and out of parts of the face, ``float32 [n]``.

    ``mask3.eyes_nose_mouth`` and ``mask3.elsewhere``: mean of the refined
    maps of layer 3 (figure 1, fourth column) near these landmarks, and in
    the rest of the face, which is the hull of its landmarks.
    ``grad_cam.eyes_mouth`` and ``grad_cam.elsewhere``: of Grad-CAM for the
    predicted class (figure 6) near the eyes or the mouth, and in the rest of
    the picture.  All are shares of the mean over the picture.
    """
    return by_batch(network, faces, partial(_measured, network))


def _measured(
    network: ResidualMaskingNetwork, x: Tensor, points: Tensor
) -> dict[str, Tensor]:
    size = network.input.size
    with torch.no_grad():
        refined = enlarge(network.stages(x)[2].after.mean(1), (size, size))
        predicted = logits_of(network(x)).argmax(1)
    [layer] = network.cam_layers().values()
    heat = weighted_maps(Scores(network), layer, x, predicted).relu()
    heat, face = enlarge(heat, (size, size)), hulls(points, size)
    central = near_parts(points, size, "eyes", "nose", "mouth")
    hot = near_parts(points, size, "eyes", "mouth")
    return {
        "mask3.eyes_nose_mouth": share_inside(refined, central),
        "mask3.elsewhere": share_inside(refined, face & ~central),
        "grad_cam.eyes_mouth": share_inside(heat, hot),
        "grad_cam.elsewhere": share_inside(heat, ~hot),
    }


PAPER = Paper(
    "residual_masking",
    ResidualMaskingNetwork,
    ResidualMaskingConfig,
    PRESETS,
    ResidualMaskingNetwork.VARIANTS,
    make_plan,
    departures,
    views=views,
    measures=measures,
)
# The networks of Table II beside it, of the optional package pytorchcv, whose
# get_model_file fetches their weights of ImageNet.
COMPARISON = Paper(
    "comparison",
    Comparison,
    TableIIConfig,
    {
        # They come in one width: two passes show that all is well.
        "smoke": {"epochs": 2, "batch_size": 32, "learning_rate": 1e-3},
        "student": {"epochs": 30},
        "reduced": {},
        "paper": {},
    },
    Comparison.VARIANTS,  # "default" is ResNet-34
    make_plan,
    comparison_departures,
)
