"""Notebook parameters, compared with what the notebook declares.

Those of a paper's chapter are the same in each, :func:`read_parameters`.
Papermill only warns of a parameter that a notebook does not declare, and
then runs the default under the wrong name.  A chapter's first cell after
its parameters therefore calls :func:`check_parameters`.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from fer_lib.data import DATASETS
from fer_lib.data.protocols import Splits
from fer_lib.errors import FerError
from ferbook.papers import find_paper
from ferbook.runs.key import RunKey
from ferbook.runs.make import splits_of
from ferbook.runs.settings import parsed_options, parsed_settings

# The first line of the cell that papermill puts below the parameters.
_INJECTED = "# Parameters"
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Interval:
    """Real numbers from ``low`` to ``high``, both included."""

    low: float
    high: float

    def __contains__(self, value: Any) -> bool:
        return self.low <= value <= self.high


Allowed = type | tuple[str, ...] | range | Interval


def check_parameters(namespace: Mapping[str, Any], **allowed: Allowed) -> dict:
    """Values of a notebook's parameters by name, each checked.

    Args:
        namespace: the notebook's ``globals()``; ``In`` tells what papermill injected.
        **allowed: a rule for each declared parameter.

    Raises:
        FerError: for the first that is unknown, of the wrong type or out of range.
    """
    for name in injected_names(namespace.get("In", ())):
        if name not in allowed:
            raise FerError(
                f"Unknown parameter '{name}': this notebook declares "
                f"{', '.join(allowed)}; correct the name or leave it out."
            )
    for name, rule in allowed.items():
        value = namespace[name]
        if not _fits(value, rule):
            raise FerError(
                f"Parameter '{name}' is {value!r} ({type(value).__name__}), "
                f"expected {_describe(rule)}."
            )
    return {name: namespace[name] for name in allowed}


def injected_names(cells: list[str]) -> list[str]:
    """Names that papermill's latest injected cell among ``cells`` assigns."""
    injected = [cell for cell in cells if cell.lstrip().startswith(_INJECTED)]
    if not injected:
        return []
    body = ast.parse(injected[-1]).body
    assigned = (node for node in body if isinstance(node, ast.Assign))
    return [target.id for node in assigned for target in node.targets]


def _fits(value: Any, rule: Allowed) -> bool:
    # bool is a kind of int in Python, but `-p seed True` is a slip.
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(rule, type):
        return isinstance(value, rule)
    if isinstance(rule, range):
        return number and isinstance(value, int) and value in rule
    if isinstance(rule, Interval):
        return number and value in rule
    return isinstance(value, str) and value in rule


def _describe(rule: Allowed) -> str:
    if rule is bool:
        return "True or False"
    if rule is str:
        return "a text (papermill's -r passes any value as text)"
    if isinstance(rule, range):
        return f"a whole number from {rule[0]} to {rule[-1]}"
    if isinstance(rule, Interval):
        return f"a number from {rule.low:g} to {rule.high:g}"
    return f"one of {', '.join(rule)}"


def seconds_of(text: str) -> float:
    """Seconds of a text such as ``90s``, ``9m`` or ``1.5h``.

    Raises:
        FerError: when it is something else.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if not found:
        raise FerError(f"duration '{text}': expected a number with s, m or h, as 9m.")
    return float(found[1]) * _SECONDS[found[2]]


@dataclass(frozen=True)
class Parameters:
    """What a reader has asked a chapter for; notebooks say what each one means."""

    paper: str
    dataset: str
    data_root: str
    data_options: dict
    protocol: str
    preset: str
    train: bool
    settings: dict
    seed: int
    device: str
    budget_minutes: float
    state_folder: str
    reader: str

    @property
    def budget(self) -> float | None:
        """Seconds of training, or no limit."""
        return 60 * self.budget_minutes or None

    def key(self, variant: str = "default") -> RunKey:
        """The run of one variant of the paper."""
        return RunKey(
            paper=self.paper,
            dataset=self.dataset,
            protocol=self.protocol,
            preset=self.preset,
            variant=variant,
            seed=self.seed,
            changes=self.settings,
            options=self.data_options,
        )

    def splits(self) -> Splits:
        """The faces, under the protocol."""
        return splits_of(self.key(), self.data_root or None)


def _words(text: str) -> list[str]:
    return list(filter(None, map(str.strip, text.split(","))))


def read_parameters(
    paper: str, namespace: Mapping[str, object], **more: Allowed
) -> Parameters:
    """A chapter's parameters, each checked; ``more`` are the chapter's own.

    Raises:
        FerError: for the first that is unknown or out of range.
    """
    recipe = find_paper(paper)
    common = {
        "dataset": DATASETS,
        "data_root": str,
        "data_options": str,
        "protocol": str,
        "preset": tuple(recipe.presets),
        "train": bool,
        "settings": str,
        "seed": range(0, 10_000),
        "device": ("auto", "cpu", "cuda"),
        "budget_minutes": Interval(0, 10_000),
        "state_folder": str,
        "reader": str,
    }
    found = check_parameters(namespace, **common, **more)
    words = _words(found["settings"])
    found["settings"] = parsed_settings(paper, "paper", words, "settings")
    words = _words(found["data_options"])
    found["data_options"] = parsed_options(found["dataset"], words, "data_options")
    names = [field.name for field in fields(Parameters)]
    return Parameters(paper, **{name: found[name] for name in names[1:]})
