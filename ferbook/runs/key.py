"""What makes a run the run that it is, and names its record."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

_LONGEST = 48  # letters of a file's name that tell what was changed


def json_sha256(value: object) -> str:
    """Hash of a JSON-able value; the order of keys does not count."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class RunKey:
    """Everything that makes a run, but for the code.

    Attributes:
        paper: nickname of the recipe.
        dataset: what is trained on.
        protocol: who is trained on, selected on and reported.
        preset: sizes.
        recipe: ``"paper"``, or one of :data:`ferbook.papers.RECIPES`.
        variant: of the paper.
        seed: of everything random.
        target: the data set that is reported, for protocols of two.
        changes: settings other than those of preset and variant, by name;
            given as a mapping or as pairs.
        options: of the data set's reader, likewise; none but in runs that ask for some.
        data: hash of the faces, empty where they are not read yet.  Two keys
            are equal without it, as a claim does not ask for one copy.
    """

    paper: str
    dataset: str = "rendered"
    protocol: str = "official"
    preset: str = "smoke"
    recipe: str = "paper"
    variant: str = "default"
    seed: int = 0
    target: str = ""
    changes: tuple[tuple[str, object], ...] | Mapping[str, object] = ()
    options: tuple[tuple[str, object], ...] | Mapping[str, object] = ()
    data: str = field(default="", compare=False)

    def __post_init__(self):
        for name in ("changes", "options"):
            pairs = sorted(dict(getattr(self, name)).items())
            object.__setattr__(self, name, tuple(pairs))

    def __str__(self) -> str:
        pairs = (*self.options, *self.changes)
        changed = "".join(f", {name} {value}" for name, value in pairs)
        return (
            f"{self.paper} {self.variant}, {self.dataset} {self.protocol}, preset "
            f"{self.preset}, recipe {self.recipe}, seed {self.seed}{changed}"
        )

    @classmethod
    def of(cls, content: Mapping) -> "RunKey":
        """The key of a record."""
        names = {f.name for f in fields(cls)} - {"data"}
        told = {name: content[name] for name in names & content.keys()}
        return cls(**told, data=content["data"]["sha256"])

    def to_json(self) -> dict:
        """The key as JSON-able values, the changes as an object."""
        told = asdict(self) | {"changes": dict(self.changes)}
        told["options"] = dict(self.options)
        return {k: v for k, v in told.items() if k != "options" or v}

    @property
    def sha256(self) -> str:
        """Hash of all of it, the faces included."""
        return json_sha256(self.to_json())

    @property
    def any_seed(self) -> "RunKey":
        """What runs with other seeds have in common with it."""
        return replace(self, seed=0)

    @property
    def place(self) -> Path:
        """The record's JSON file below the folder of all runs.

        Whoever reads the name sees whether it is the plain preset.
        """
        name = f"{self.preset}-{self.recipe}-{self.variant}-seed{self.seed}"
        told = [re.sub(r"[^\w.]", "", f"{k}{v}") for k, v in self.changes]
        while told and len("-".join(told)) > _LONGEST:
            told.pop()
        if self.changes:
            name = "-".join([name, *told, json_sha256(self.changes)[:6]])
        return Path(self.paper, f"{self.dataset}-{self.protocol}", f"{name}.json")

    @property
    def command(self) -> str:
        """The shell command that asks for this run."""
        words = ["ferbook reproduce", self.paper, f"--dataset {self.dataset}"]
        words += ["--root DIR"] if self.dataset != "rendered" else []
        words += [f"--option {k}={v}" for k, v in self.options]
        words += [f"--target {self.target} --target-root DIR"] if self.target else []
        for name in ("protocol", "preset", "recipe", "variant", "seed"):
            words.append(f"--{name} {getattr(self, name)}")
        plain = [(k, v) for k, v in self.changes if k not in (CONTENT, PEEK)]
        words += [f"--set {k}={v}" for k, v in plain]
        words += [f"--{PEEK}"] if dict(self.changes).get(PEEK) else []
        return " ".join(words)


PEEK = "peek"  # a change: the reported split was looked at after every epoch
CONTENT = "pretrained_sha256"  # a change that follows from the one of "pretrained"
