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
    """What networks learn in a study."""

    contrast: str  # which two classes, of ferbook.study.evidence.CONTRASTS
    tied: str = ""  # the cue that goes with the label while they learn
    shuffled: bool = False  # whether labels are in random order: a control


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
    """Sizes of a study."""

    train: int = 1000  # faces that are learned from
    validation: int = 60  # that show how learning goes; nothing is chosen
    test: int = 200  # of the reported accuracy
    faces: int = 16  # how many of these are explained, the first ones
    epochs: float = 1.0  # factor on the networks' epochs
    stages: int = 4  # steps of the randomisation of weights
    population: int = 0  # seed of the rendered people and pictures

    def __post_init__(self):
        if not 2 <= self.faces <= self.test:
            raise FerError(
                f"study: {self.faces} faces to explain, expected 2 to {self.test}, "
                "the number of test faces."
            )
