"""What a study of explanations is made of: tasks, networks and sizes."""

from dataclasses import dataclass

from fer_lib.errors import FerError

NETWORKS = (
    "deep_emotion",
    "residual_masking",
    "ramn",
    "diversified_esr",
    "diversified_manet",
    "part_ensemble",
)


@dataclass(frozen=True)
class Task:
    """What networks learn in a study.

    Attributes:
        contrast: which two classes, a name of
            :data:`fer_lib.rendered.evidence.CONTRASTS`.
        tied: the cue that goes with the label while they learn; empty for
            none.
        shuffled: whether they learn labels in random order: a control.
    """

    contrast: str
    tied: str = ""
    shuffled: bool = False


FAIR = ("mouth", "brows", "eyes", "nose", "jaw")
PLANTED = ("light", "ears", "background", "mark")
BASE = "mouth"  # what shortcuts are planted in, and labels are shuffled of
SHUFFLED = "shuffled"
TASKS = {
    **{name: Task(name) for name in FAIR},
    **{cue: Task(BASE, tied=cue) for cue in PLANTED},
    SHUFFLED: Task(BASE, shuffled=True),
}


@dataclass(frozen=True)
class Settings:
    """Sizes of a study.

    Attributes:
        train: faces that are learned from.
        validation: faces that show how learning goes; nothing is chosen.
        test: faces of the reported accuracy.
        faces: how many of these are explained, the first ones.
        epochs: factor on the networks' epochs.
        stages: steps of the randomisation of weights.
        population: seed of the rendered people and pictures.
    """

    train: int = 1000
    validation: int = 60
    test: int = 200
    faces: int = 16
    epochs: float = 1.0
    stages: int = 4
    population: int = 0

    def __post_init__(self):
        if not 2 <= self.faces <= self.test:
            raise FerError(
                f"study: {self.faces} faces to explain, expected 2 to {self.test}, "
                "the number of test faces."
            )


def check_names(what: str, names: tuple[str, ...], known) -> None:
    """Refuse a name that is none of the known ones."""
    for name in names:
        if name not in known:
            raise FerError(
                f"study: {what} '{name}' is unknown, expected some of "
                f"{', '.join(known)}."
            )
