"""What the recipes of the diversified ESR and MA-Net have in common.

N. Heidari, A. Iosifidis, arXiv:2210.09381, 2022.  "Authors' code" is
github.com/negarhdr/Diversified-Facial-Expression-Recognition.
"""

from fer_lib.data.augment import FaceAugmentation, augmentation
from fer_lib.data.splits import Splits
from ferbook.papers.paper import Config, departure, pretraining

# Protocols with the labels of the paper's experiments.
STUDIED = ("affectnet_val8", "ferplus_majority8", "ferplus_validation8", "rafdb_test")

# Features that are diversified, by the columns of Table 1; "all" adds those
# of MA-Net's two branches.
DIVERSITIES = {
    "none": (),
    "spatial": ("spatial",),
    "spatial_channel": ("spatial", "channel"),
    "all": ("spatial", "channel", "branch"),
}

# What the authors' code does to training faces of AffectNet and FER+
# ("jitter") and of RAF-DB ("erasing"), and Zhao's to those of MA-Net
# ("crops").  Order and fill are torchvision's but for the jitter, which is
# last here, and for the colour that erases: ImageNet's mean, in grey.
_AUGMENTATIONS = {
    "jitter": {
        "brightness": 0.5,
        "contrast": 0.5,
        "flip": 0.5,
        "degrees": 30.0,
        "translate": 0.1,
        "scale": (1.0, 1.25),
        "fill": "zeros",
    },
    "erasing": {
        "flip": 0.5,
        "degrees": 20.0,
        "moved": 0.2,
        "fill": "zeros",
        "erase": 0.5,
        "erased_area": (0.02, 0.25),
        "erased_value": 0.45,
    },
    "crops": {"resized_crop": (0.08, 1.0), "flip": 0.5},
}
AUGMENTATIONS = tuple(_AUGMENTATIONS)


def augment(kind: str, size: int, shift: float) -> FaceAugmentation:
    """The authors' augmentation of a data set.

    Args:
        kind: one of :data:`AUGMENTATIONS`.
        size: side of the faces in pixels.
        shift: of ``"erasing"``, as a share of the side.
    """
    options = dict(_AUGMENTATIONS[kind])
    if kind == "erasing":
        options["translate"] = shift
    if kind == "crops":
        options["size"] = size
    return augmentation(**options)


def common_departures(config: Config, splits: Splits, begun_on: str) -> list[dict]:
    """Those of both networks.

    Args:
        config: of either.
        splits: what a run is about.
        begun_on: data set that the paper starts from, empty for none.
    """
    found, diverse = [], config.diversity != "none"

    def note(item: str, said: str, ours: str, why: str) -> None:
        found.append(departure(item, said, ours, why))

    if begun_on or config.pretrained:
        found += pretraining(config, begun_on or "none")
    if splits.protocol not in STUDIED:
        said = "AffectNet's 8, FER+'s 8 by majority, RAF-DB's 7"
        note("label set", said, splits.label_rule, "this protocol's")
    if diverse and config.gamma is None:
        why = "at 10, similarities and their gradients vanish"
        note("gamma", "not given, 10 in the code", "30 / D", why)
    if diverse and config.measure != "paper":
        why = "what this variant is about"
        note("diversity", "diagonal 1", "diagonal 0, as in the code", why)
    if splits.train.name == "rafdb":
        why = "one preprocessing for all data sets"
        note("normalisation", "ImageNet's, in the code", "none", why)
    why = "no checkpoint is chosen on what is reported"
    note("selection", "reported split, in the code", str(splits.select.splits[0]), why)
    return found


def script_of(splits: Splits) -> str:
    """Which of the authors' scripts is about faces such as these.

    ``"affectnet"``, ``"rafdb"`` or, for all others, ``"ferplus"``.
    """
    name = splits.train.name
    return name if name in ("affectnet", "rafdb") else "ferplus"
