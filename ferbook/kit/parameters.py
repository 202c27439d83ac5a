"""Notebook parameters, compared with what the notebook declares.

Papermill only warns of a parameter that a notebook does not declare, and
then runs the default under the wrong name.  A chapter's first cell after
its parameters therefore calls :func:`check_parameters`.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fer_lib.errors import FerError

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
    """Values of a notebook's parameters, each checked.

    Args:
        namespace: the notebook's ``globals()``; its ``In`` tells what
            papermill has injected.
        **allowed: for each declared parameter ``str`` or ``bool``, the
            names to choose from, a ``range`` of whole numbers, or an
            ``Interval`` of real ones.

    Returns:
        ``{name: value}`` in the declared order.

    Raises:
        FerError: for the first parameter that is unknown, of the wrong type
            or out of range.
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


def duration(text: str) -> float:
    """Seconds of a text such as ``90s``, ``9m`` or ``1.5h``.

    Raises:
        FerError: when it is something else.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if not found:
        raise FerError(f"duration '{text}': expected a number with s, m or h, as 9m.")
    return float(found[1]) * _SECONDS[found[2]]
