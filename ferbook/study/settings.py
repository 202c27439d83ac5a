"""What the study is made of, and the hash that its records carry."""

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from fer_lib.errors import FerError
from fer_lib.rendered.cues import CUES
from ferbook.study.movements import chosen

PAPERS = (
    "deep_emotion",
    "residual_masking",
    "ramn",
    "diversified_esr",
    "diversified_manet",
    "part_ensemble",
)
PLAIN = ("plain_resnet", "small_vit")
NETWORKS = (*PAPERS, *PLAIN)
FAIR, SHUFFLED = "fair", "shuffled"


class Cell(NamedTuple):
    """One network that learned all movements, under one condition."""

    # fair, shuffled, or tied and a strength: "tied90"; on photographs "photos50",
    # which is fair, or another strength
    condition: str
    network: str
    seed: int

    @property
    def strength(self) -> float:
        """How often a cue agrees with the movement it is tied to; half is chance."""
        told = self.condition.removeprefix("tied").removeprefix("photos")
        return int(told) / 100 if told.isdecimal() else 0.5

    @property
    def tied(self) -> bool:
        """Whether cues are tied to movements while it learns."""
        return self.condition.startswith("tied")

    @property
    def on_photographs(self) -> bool:
        """Whether a finished network learns on, from marked photographs."""
        return self.condition.startswith("photos")

    def __str__(self) -> str:
        return "-".join(map(str, self))


@dataclass(frozen=True)
class Photographs:
    """Sizes of the part on photographs, FER2013's."""

    networks: tuple[str, ...] = PAPERS  # those that come with the library
    strengths: tuple[int, ...] = (50, 100)  # per cent of agreement; 50 is fair
    tied: tuple[str, ...] = ("happy", "surprise", "sad", "angry")  # a corner each
    learned: int = 3000
    tested: int = 80  # as many of each tied expression
    epochs: int = 3
    rate: float = 1e-3


@dataclass(frozen=True)
class Settings:
    """Sizes of a study; the defaults are those of the frozen plan."""

    movements: int = 22  # tasks
    networks: tuple[str, ...] = NETWORKS
    seeds: int = 5  # of the fair networks; the others have the first alone
    shortcuts: tuple[int, ...] = (75, 90, 100)  # per cent of agreement
    size: int = 64  # side of the rendered pictures in pixels
    train: int = 4000  # faces that are learned from, each of another person
    test: int = 200  # faces that are tested and explained, likewise
    shown: int = 5  # movements of a face
    asked: int = 1  # of these are explained
    # Explained faces of a movement whose maps are also scored by covering
    # pixels, and compared with those of weights drawn anew; of the first seed.
    costly: int = 4
    stages: int = 3  # steps of the randomisation
    epochs: float = 1.0  # factor on the networks' epochs
    precision: str = "float32"  # or bfloat16, of training
    population: int = 0  # seed of people and pictures
    photographs: Photographs = Photographs()

    def __post_init__(self):
        if not 1 <= self.asked <= self.shown <= self.movements:
            raise FerError(
                f"study: {self.asked} movements asked of {self.shown} shown of "
                f"{self.movements}, expected them to rise from 1."
            )
        odd = [name for name in self.networks if name not in NETWORKS]
        if odd or not self.networks:
            raise FerError(
                f"study: networks {odd or 'none'}, expected some of "
                f"{', '.join(NETWORKS)}."
            )

    @property
    def tasks(self) -> tuple[str, ...]:
        """The movements, in the order in which they were chosen."""
        return chosen(self.movements)

    @property
    def tied(self) -> dict[str, str]:
        """Which movement each cue is tied to: the first ones, in order."""
        return dict(zip(CUES, self.tasks, strict=False))

    def cells(self) -> list[Cell]:
        """All cells, fair ones first, seed by seed."""
        first = [Cell(FAIR, n, s) for s, n in product(range(self.seeds), self.networks)]
        planted = [f"tied{strength}" for strength in self.shortcuts]
        others = product((*planted, SHUFFLED), self.networks)
        return [*first, *(Cell(condition, n, 0) for condition, n in others)]

    def cells_on_photographs(self) -> list[Cell]:
        """Those that need FER2013."""
        own = self.photographs
        every = product(own.strengths, own.networks)
        return [Cell(f"photos{strength}", n, 0) for strength, n in every]


SIZES = {
    "full": Settings(),
    "small": Settings(
        networks=("ramn", "plain_resnet"),
        seeds=1,
        shortcuts=(100,),
        test=66,
        train=1500,
        costly=1,
        stages=2,
        photographs=Photographs(networks=("deep_emotion", "ramn")),
    ),
    "smoke": Settings(
        movements=3,
        networks=("plain_resnet",),
        seeds=1,
        shortcuts=(100,),
        size=48,
        train=24,
        test=6,
        shown=2,
        costly=1,
        stages=2,
        epochs=0.1,
        photographs=Photographs(
            networks=("deep_emotion",), learned=200, tested=8, epochs=10
        ),
    ),
}
