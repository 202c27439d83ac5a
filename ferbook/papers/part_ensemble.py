"""How the part ensemble is trained: every value with its origin.

R. Wadhawan, T. K. Gandhi, "Landmark-Aware and Part-based Ensemble Transfer
Learning Network for Facial Expression Recognition from Static images", IEEE
Transactions on Artificial Intelligence, 2022, arXiv:2104.11274.  "Notebook"
is the authors' (github.com/rohan598, the repository of the paper's title).

Each sub-network learns landmarks, then a head for expressions, then all of
it is tuned.  The five share no parameter, so they are trained side by side
on the sum of their losses, which gives each the gradient of its own alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from fer_lib.data.augment import augmentation
from fer_lib.data.faceset import FaceSet
from fer_lib.data.fitted_landmarks import annotated
from fer_lib.data.splits import Splits
from fer_lib.losses.landmarks import landmark_l1
from fer_lib.models.part_ensemble import (
    Localisers,
    PartEnsemble,
    branch_cross_entropy,
)
from fer_lib.models.part_network import landmark_targets
from fer_lib.photos.ert import LANDMARKER
from ferbook.papers import part_measures
from ferbook.papers.paper import (
    Config,
    Paper,
    changed,
    departure,
    own_labels,
    planned,
)
from ferbook.training.draws import balanced_rounds, each_once
from ferbook.training.plan import Batch, Loss, Plan, Stage

# Section III-D3, "approximate": of the landmarks, and of head and tuning.
# The Baseline has, on each of the three, as many as both together.
EPOCHS = {"ckplus": (100, 300), "jaffe": (100, 200), "sfew": (200, 200)}
# Ours, for larger sets: on FER2013 about twice the steps of CK+.
OTHER_EPOCHS = (10, 30)


@dataclass(frozen=True)
class PartEnsembleConfig(Config):
    """Settings of one run of the part ensemble.

    The defaults are the paper's where it gives a value.
    """

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

VARIANTS = {
    **PartEnsemble.VARIANTS,
    "trained_statistics": {"frozen_statistics": False},
    "balanced_batches": {"balanced": True},
    "by_accuracy": {"select_by": "accuracy"},
}


def planned_epochs(config: PartEnsembleConfig, dataset: str) -> tuple[int, int]:
    """Most epochs of the landmarks, and of head and tuning together."""
    given = (config.landmark_epochs, config.expression_epochs)
    usual = EPOCHS.get(dataset, OTHER_EPOCHS)
    return tuple(u if g is None else g for g, u in zip(given, usual, strict=True))


def make_plan(config: PartEnsembleConfig, splits: Splits, seed: int) -> Plan:
    """Three stages; one for the Baseline."""
    landmarks, expressions = planned_epochs(config, splits.train.name)
    heads, size = min(config.head_epochs, expressions), config.network["input_size"]
    baseline = config.network["kind"] == "baseline"
    judged, learned = splits.select, splits.train
    if not baseline:
        judged, learned = annotated(judged), annotated(learned)
    common = {
        "batch_size": config.batch_size,
        "augment": augmentation(
            flip=config.flip,
            degrees=config.degrees,
            translate=config.translate,
            shear=config.shear,
        ),
        "faces": learned,
        "order": balanced_rounds if config.balanced else each_once,
        "patience": config.patience,
    }
    split, by = str(judged.splits[0]), config.select_by

    def adam(module: nn.Module, rate: float) -> torch.optim.Adam:
        learning = [p for p in module.parameters() if p.requires_grad]
        return torch.optim.Adam(learning, lr=rate, eps=config.epsilon)

    def landmark_loss(localisers: Localisers, outputs, batch: Batch) -> Tensor:
        """Equation (1), summed over localisers, which share no parameter."""
        parts = [one.part for one in localisers]
        wanted = [landmark_targets(batch.landmarks, part, size) for part in parts]
        return torch.stack(list(map(landmark_l1, outputs, wanted))).sum()

    def stage(name: str, epochs: int, rate: float, begin: Callable) -> Stage:
        """Stage 2 or 3, or the Baseline's only one: by equation (2)."""
        return Stage(
            name=name,
            epochs=epochs,
            begin=begin,
            loss=Loss(lambda _, out, x: branch_cross_entropy(out.branches, x.labels)),
            optimizer=lambda network, loss: adam(network.sub_networks, rate),
            evaluate=partial(part_measures.expression_values, faces=judged),
            select_by=f"{split}_{by}",
            lower_is_better=by == "loss",
            from_best=True,
            **common,
        )

    if baseline:  # all of its weights learn
        rate = config.learning_rate
        only = stage("training", landmarks + expressions, rate, lambda network: None)
        return planned(config, splits, seed, only)
    first = Stage(
        name="landmarks",
        epochs=landmarks,
        begin=PartEnsemble.begin_landmarks,
        module=lambda network: network.originals,
        reads=("landmarks",),
        classifies=False,
        loss=Loss(landmark_loss),
        optimizer=lambda network, loss: adam(network.originals, config.learning_rate),
        evaluate=lambda network: part_measures.landmark_values(
            network.originals, network.members, judged
        ),
        select_by=f"{split}_landmarks",
        lower_is_better=True,
        **common,
    )
    head = stage("head", heads, config.learning_rate, PartEnsemble.begin_heads)
    kept = {"weights": False, "statistics": config.frozen_statistics}
    tuning = stage(
        "tuning",
        expressions - heads,
        config.tuning_rate,
        lambda network: network.freeze(**kept),
    )
    return planned(config, splits, seed, first, head, tuning)


# Sections II and IV-D, by data set: what names of our protocols begin with.
PROTOCOLS = {
    "ckplus": ("ckplus_first_last3-",),
    "jaffe": ("jaffe_subjects-",),
    "sfew": ("sfew_val", "sfew_to_ckplus", "sfew_to_jaffe"),
}
# Fields whose default is the paper's value, by the item of the departure.
_STATED = {
    "input size": ("input_size", "what this preset is for"),
    "width": ("width", "what this preset is for"),
    "batch size": ("batch_size", "asked for"),
    "learning rate": ("learning_rate", "asked for"),
    "fine-tuning rate": ("tuning_rate", "few steps: the preset needs it"),
    "Adam's epsilon": ("epsilon", "asked for"),
}


def departures(config: PartEnsembleConfig, splits: Splits) -> list[dict]:
    """Where a run differs from what the paper says, one entry an item."""
    found = changed(config, PAPER.make_config("paper"), _STATED) + own_labels(splits)

    def note(item: str, said: object, ours: object, why: str) -> None:
        if str(said) != str(ours):
            found.append(departure(item, said, ours, why))

    printed = EPOCHS.get(splits.train.name)
    said = sum(printed) if printed else "not given for this data set"
    ours = sum(planned_epochs(config, splits.train.name))
    if printed or ours != sum(OTHER_EPOCHS):
        note("epochs", said, ours, "computing time")
    else:  # nothing of the paper's to depart from
        note("length of training", said, f"{ours} epochs", "twice the steps of CK+")
    said = PROTOCOLS.get(splits.train.name, (splits.protocol,))
    if not splits.protocol.startswith(said):
        note("test split", said[0].strip("-"), splits.protocol, "asked for")
    said = "grey, 300 px, CLAHE, face found by OpenCV's SSD, 160 px"
    why = "the faces are taken as the data set gives them"
    note("preprocessing", said, "none", why)
    ours = (
        f"mirrored with probability {config.flip:g}, turned by up to "
        f"{config.degrees:g} degrees, shifted by {config.translate:g} of the side, "
        f"sheared by {config.shear:g} degrees"
    )
    why = "the paper names the changes, the authors' notebook the amounts"
    note("augmentation", "no amounts", ours, why)
    ours = f"after {config.patience} epochs without a better {config.select_by}, "
    said, why = "when the validation loss saturates", "the paper gives no number"
    note("stopping", said, f"{ours}all five at once", why)
    ours = f"{splits.select.splits[0]}, which is not reported"
    why = "the best of many epochs on the reported faces is no estimate"
    note("selection", "the reported faces (authors' notebook)", ours, why)
    together = "side by side, on the same batches"
    note("sub-networks", "separately", together, "simpler; they share no parameter")
    if config.balanced:
        why = "the authors' notebook does so"
        note("batches", "not told", "as many of each class", why)
    if config.network["kind"] == "baseline":
        return found
    note("landmarks", f"{LANDMARKER} on the prepared crop", *_landmarks(splits.train))
    ours = f"at most {config.head_epochs} epochs"
    note("head training", "a few epochs", ours, "the number is ours")
    kept = "kept" if config.frozen_statistics else "trained"
    why = "the authors' notebook keeps them"
    note("normalisation in fine-tuning", "not told", f"statistics {kept}", why)
    return found


def _landmarks(faces: FaceSet) -> tuple[str, str]:
    if faces.landmarks is None:
        why = "the data set's images are crops already"
        return f"{LANDMARKER} on the data set's images", why
    if LANDMARKER in faces.provenance:
        return f"{LANDMARKER} on the prepared crop", ""
    return "the data set's own", "they are exact, or marked by hand"


PAPER = Paper(
    "part_ensemble",
    PartEnsemble,
    PartEnsembleConfig,
    PRESETS,
    VARIANTS,
    make_plan,
    departures,
    options={"keep_localisers": True},
    views=part_measures.views,
    measures=part_measures.measures,
)
