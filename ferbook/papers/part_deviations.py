"""Where runs of the part ensemble differ from the paper."""

from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.photos.ert import LANDMARKER
from fer_lib.photos.preparation import PART_ENSEMBLE
from ferbook.papers import settings

# Section II, by data set: what the names of our protocols begin with.
PROTOCOLS = {
    "ckplus": "ckplus_first_last3-",
    "jaffe": "jaffe_subjects-",
    "sfew": "sfew_val",
}
# Fields whose default is the paper's value, by the name of the deviation.
_STATED = {
    "input size": ("input_size", "what this preset is for"),
    "width": ("width", "what this preset is for"),
    "batch size": ("batch_size", "asked for"),
    "learning rate": ("learning_rate", "asked for"),
    "fine-tuning rate": ("tuning_rate", "few steps: the preset needs it"),
    "Adam's epsilon": ("epsilon", "asked for"),
}


def departures(
    config: object, splits: Splits, printed_epochs: object, planned_epochs: int
) -> list[dict]:
    """One entry an item, for :func:`ferbook.papers.part_ensemble.deviations`.

    Args:
        config: of the run; its defaults are what the paper states.
        splits: what is trained on and reported.
        printed_epochs: of all stages, or that there is none.
        planned_epochs: the run's own.
    """
    found = settings.departures(config, _STATED) + settings.own_labels(splits)

    def note(item: str, said: object, ours: object, why: str) -> None:
        if str(said) != str(ours):
            found.append(settings.deviation(item, said, ours, why))

    note("epochs", printed_epochs, planned_epochs, "computing time")
    said = PROTOCOLS.get(splits.train.name, splits.protocol)
    if not splits.protocol.startswith(said):
        note("test split", said.strip("-"), splits.protocol, "asked for")
    note("preprocessing", *_preprocessing(splits.train.provenance))
    why = "the paper names the changes, the authors' notebook the amounts"
    note("augmentation", "no amounts", _amounts(config), why)
    note("stopping", "when the validation loss saturates", *_stopping(config))
    where = f"{splits.select.splits[0]}, which is not reported"
    why = "the best of many epochs on the reported faces is no estimate"
    note("selection", "the reported faces (authors' notebook)", where, why)
    together = "side by side, on the same batches"
    note("sub-networks", "separately", together, "simpler; they share no parameter")
    if config.balanced:
        why = "the authors' notebook does so"
        note("batches", "not told", "as many of each class", why)
    if config.kind == "baseline":
        return found
    note("landmarks", *_landmarks(splits.train))
    ours = f"at most {config.head_epochs} epochs"
    note("head training", "a few epochs", ours, "the number is ours")
    kept = "kept" if config.frozen_statistics else "trained"
    why = "the authors' notebook keeps them"
    note("normalisation in fine-tuning", "not told", f"statistics {kept}", why)
    return found


def _preprocessing(provenance: str) -> tuple[str, str, str]:
    said = "grey, 300 px, CLAHE, face found by OpenCV's SSD, 160 px"
    if str(PART_ENSEMBLE) in provenance:
        return said, f"{PART_ENSEMBLE}", "the SSD detector's weights are not here"
    return said, "none", "the faces are taken as the data set gives them"


def _landmarks(faces: FaceSet) -> tuple[str, str, str]:
    said = f"{LANDMARKER} on the prepared crop"
    if faces.landmarks is None:
        why = "the data set's images are crops already"
        return said, f"{LANDMARKER} on the data set's images", why
    if LANDMARKER in faces.provenance:
        return said, said, ""
    return said, "the data set's own", "they are exact, or marked by hand"


def _amounts(config) -> str:
    return (
        f"mirrored with probability {config.flip:g}, turned by up to "
        f"{config.degrees:g} degrees, shifted by {config.translate:g} of the side, "
        f"sheared by {config.shear:g} degrees"
    )


def _stopping(config) -> tuple[str, str]:
    ours = f"after {config.patience} epochs without a better {config.select_by}"
    return f"{ours}, all five at once", "the paper gives no number"
