"""A recipe for networks that are to be used: photographs and rendered faces.

It is the modern recipe on two kinds of faces at once.  In every batch a share
is rendered, so that the network reads both; of each kind rare classes are
drawn more often than they occur, for of FER2013's photographs one in a hundred
shows disgust.  Values are ours; they were found on PublicTest and on rendered
faces of other people, in seven tries, for the trunk of RAMN alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from fer_lib.data.augment import augmentation
from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.rendered import wild
from fer_lib.data.splits import Splits
from fer_lib.errors import FerError
from ferbook.papers import modern
from ferbook.papers.modern import ModernConfig
from ferbook.papers.paper import Recipe, departure
from ferbook.training.draws import Draw, weighted
from ferbook.training.plan import Plan

NAME = "mixed"
FACES = "training faces"  # the departure that tells of the rendered ones
_SEED = 11  # of the rendered people, who stand in no other corpus of the book


@dataclass(frozen=True)
class MixedConfig(ModernConfig):
    """Hyper-parameters of the recipe; all ours."""

    epochs: int = 18  # of as many draws as there are faces of both kinds
    batch_size: int = 64
    learning_rate: float = 2e-3
    degrees: float = 10.0
    translate: float = 0.06
    erase: float = 0.3
    erased: float = 0.15  # largest share of the area
    brightness: float = 0.1
    contrast: float = 0.2
    rendered_faces: int = 16_000
    rendered: float = 0.25  # share of the draws
    balance: float = 0.5  # a class is drawn as often as its count ** (1 - this)


PRESETS = {
    "smoke": {"rendered_faces": 800, "epochs": 12},
    "small": {},
    "student": {},
    "reduced": {},
    "paper": {},
}


def replanned(
    plan: Plan,
    splits: Splits,
    config: MixedConfig,
    make_network: Callable[[], nn.Module] | None = None,
    faces: FaceSet | None = None,
) -> Plan:
    """A paper's plan with its stages that classify trained on both kinds of faces.

    Stages of another task, such as landmarks, stay the paper's.

    Args:
        plan: the paper's.
        splits: of the run; its training faces are the photographs.
        config: of this recipe.
        make_network: not used here.
        faces: rendered ones; so many as the configuration says if None.
    """
    if faces is None:
        count = config.rendered_faces
        faces = wild(train=count, public=0, private=0, seed=_SEED)
    both = together(splits.train, faces, len(splits.classes), config.smoothing)
    modernised = modern.replanned(plan, replace(splits, train=both), config)
    stages = [
        replace(
            stage,
            faces=both,
            reads=tuple(dict.fromkeys((*stage.reads, "targets"))),
            order=_drawn(weights(both, len(faces), config)),
            augment=make_augmentation(config),
        )
        if stage.classifies and stage.epochs
        else stage
        for stage in modernised.stages
    ]
    return replace(plan, stages=tuple(stages))


def together(
    photographs: FaceSet, rendered: FaceSet, classes: int, smoothing: float
) -> FaceSet:
    """The photographs, then the rendered faces, with soft labels of all.

    A face without soft labels of its own gives up a share of its label.

    Raises:
        FerError: when images differ in size or labels leave the classes.
    """
    sets = (photographs, rendered)
    shapes = {faces.images.shape[1:] for faces in sets}
    if len(shapes) > 1 or rendered.labels.max(initial=0) >= classes:
        raise FerError(
            f"{photographs.name} and {rendered.name}: faces of "
            f"{' and '.join(map(str, sorted(shapes)))} with {classes} classes cannot "
            "be mixed; take grey faces of one size and seven classes or more."
        )
    return FaceSet(
        f"{photographs.name} and {rendered.name}",
        np.concatenate([np.asarray(faces.images) for faces in sets]),
        np.concatenate([faces.labels for faces in sets]),
        np.concatenate([faces.splits for faces in sets]),
        f"{photographs.provenance} {rendered.provenance}",
        extra={
            "targets": np.concatenate(
                [_targets(faces, classes, smoothing) for faces in sets]
            )
        },
    )


def _targets(faces: FaceSet, classes: int, smoothing: float) -> np.ndarray:
    if "targets" in faces.extra:
        return faces.extra["targets"]
    sharp = np.eye(classes, dtype=np.float32)[faces.labels]
    return (1 - smoothing) * sharp + np.float32(smoothing / classes)


def weights(both: FaceSet, rendered: int, config: MixedConfig) -> Tensor:
    """How likely each face is drawn, ``float64 [N]``, the rendered ones last."""
    labels = torch.as_tensor(both.labels)
    parts = []
    for kind, share in (
        (labels[: len(labels) - rendered], 1 - config.rendered),
        (labels[len(labels) - rendered :], config.rendered),
    ):
        each = torch.bincount(kind).double()[kind] ** -config.balance
        parts.append(share * each / each.sum())
    return torch.cat(parts)


def _drawn(likely: Tensor) -> Draw:
    """Of the first faces alone, where a stage is probed with a few."""
    return lambda labels: weighted(likely[: len(labels)])(labels)


def make_augmentation(config: MixedConfig) -> nn.Module:
    """The modern one, and other light; less is painted over."""
    return augmentation(
        flip=config.flip,
        degrees=config.degrees,
        translate=config.translate,
        scale=(1 - config.scale, 1 + config.scale),
        brightness=config.brightness,
        contrast=config.contrast,
        erase=config.erase,
        erased_area=(0.02, config.erased),
        erased_value=0.5,
    )


def departures(of_paper: list[dict], plan: Plan, config: MixedConfig) -> list[dict]:
    """Those of the modern recipe, and the faces that are rendered."""
    ours = f"and {config.rendered_faces:,} rendered ones"
    why = "the network is to read both"
    return [
        *modern.departures(of_paper, plan, config, NAME),
        departure(FACES, "photographs", ours, why),
    ]


RECIPE = Recipe(NAME, MixedConfig, PRESETS, replanned, departures)
