"""The parameters that every paper's chapter has."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import get_args, get_type_hints

from fer_lib.data import DATASETS
from fer_lib.data.protocols import Splits
from fer_lib.errors import FerError
from ferbook.kit.parameters import Allowed, Interval, check_parameters
from ferbook.papers import paper as find_paper
from ferbook.runs.reproduce import Request

_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class Parameters:
    """What a reader has asked a chapter for.

    Attributes:
        paper: its nickname.
        dataset: name of the data set.
        data_root: its folder; empty for rendered faces.
        protocol: who is trained on, selected on and reported.
        preset: sizes and epochs.
        train: whether to train, instead of loading a finished network.
        settings: of the recipe, other than the preset's.
        seed: of everything random.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        budget_minutes: after which training stops; 0 for no limit.
        reader: who runs it, for a record that is sent in; may be empty.
    """

    paper: str
    dataset: str
    data_root: str
    protocol: str
    preset: str
    train: bool
    settings: dict
    seed: int
    device: str
    budget_minutes: float
    reader: str

    @property
    def budget(self) -> float | None:
        """Seconds of training, or no limit."""
        return 60 * self.budget_minutes or None

    def request(self, variant: str = "default") -> Request:
        """The run of one variant of the paper."""
        return Request(
            paper=self.paper,
            dataset=self.dataset,
            root=self.data_root or None,
            protocol=self.protocol,
            preset=self.preset,
            variant=variant,
            seed=self.seed,
            changes=self.settings,
        )

    def splits(self) -> Splits:
        """The faces, under the protocol."""
        return self.request().splits()


def read_parameters(
    paper: str, namespace: Mapping[str, object], **more: Allowed
) -> Parameters:
    """A chapter's parameters, each checked.

    Args:
        paper: its nickname.
        namespace: the notebook's ``globals()``.
        **more: what the chapter's own parameters allow, see
            :func:`ferbook.kit.parameters.check_parameters`.

    Raises:
        FerError: for the first that is unknown or out of range.
    """
    recipe = find_paper(paper)
    common = {
        "dataset": DATASETS,
        "data_root": str,
        "protocol": str,
        "preset": tuple(recipe.PRESETS),
        "train": bool,
        "settings": str,
        "seed": range(0, 10_000),
        "device": ("auto", "cpu", "cuda"),
        "budget_minutes": Interval(0, 10_000),
        "reader": str,
    }
    found = check_parameters(namespace, **common, **more)
    config = recipe.make_config(found["preset"])
    found["settings"] = parse_settings(found["settings"], config)
    names = [field.name for field in fields(Parameters)]
    return Parameters(paper, **{name: found[name] for name in names[1:]})


def parse_settings(text: str, config: object) -> dict:
    """Settings such as ``"epochs=5, batch_size=64"``.

    Args:
        text: names and values; may be empty.
        config: the dataclass whose fields they are.

    Raises:
        FerError: for an unknown name or a value of another type.
    """
    known, found = asdict(config), {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (word.strip() for word in part.partition("="))
        if name not in known:
            raise FerError(
                f"Parameter 'settings' has '{name}', expected name=value with a "
                f"name of {', '.join(known)}."
            )
        hint = get_type_hints(type(config))[name]
        found[name] = _read(name, value, known[name], hint)
    return found


def _read(name: str, value: str, present: object, hint: object) -> object:
    """A value of the type that the field has, or may have."""
    kind = type(present)
    if present is None:  # "int | None", say
        kind = get_args(hint)[0]
    try:
        return _TRUTH[value.lower()] if kind is bool else kind(value)
    except (KeyError, TypeError, ValueError):
        raise FerError(
            f"Parameter 'settings' has {name}={value}, expected a value like "
            f"{present!r} ({kind.__name__})."
        ) from None
