"""The fields of a run record and their types."""

import re
from collections.abc import Mapping
from pathlib import Path

from fer_lib.errors import FerError

SCHEMA = 1
CHECKPOINTS = ("selected", "last", "best_on_test")
VIEWS = ("single", "flip", "random10", "early_exit")
# One member of an ensemble in a single pass: "member.mouth".
MEMBER = re.compile(r"member\.[a-z0-9_]+")

_NUMBER = (int, float)
# A tuple of types is an alternative, a dict the fields of an object, a list
# of one entry the type of all its entries.
_FIELDS = {
    "schema": int,
    "paper": str,
    "dataset": str,
    "protocol": str,
    "preset": str,
    "recipe": str,
    "variant": str,
    "seed": int,
    "config": dict,
    "config_sha256": str,
    "code": {
        "version": str,
        "source_sha256": str,
        "commit": (str, type(None)),
        "dirty": (bool, type(None)),
    },
    "data": {
        "name": str,
        "rendered": bool,
        "provenance": str,
        "sha256": str,
        "classes": [str],
        "splits": dict,
    },
    "selection": {"split": str, "epoch": int, "metric": str},
    "epochs": int,
    "hardware": {"device": str, "name": str, "threads": int},
    "libraries": dict,
    "command": str,
    "started": str,
    "wall_seconds": _NUMBER,
    "peak_memory_mib": (*_NUMBER, type(None)),
    "parameters": int,
    "curve": [dict],
    "deviations": [{"item": str, "paper": str, "ours": str}],  # may add "why"
    "results": dict,
    "predictions_sha256": str,
}
_SPLIT = {"n": int, "per_class": [int]}


def check_content(path: Path, content: object) -> None:
    """Check that a record's JSON has the fields of the schema.

    Raises:
        FerError: with the file, the field, what was found and expected.
    """
    found = content.get("schema") if isinstance(content, Mapping) else None
    if found != SCHEMA:
        raise FerError(
            f"{path}: no run record of schema {SCHEMA}, found {found!r}; run "
            "it again with this version of the library."
        )
    _check(path, "", content, _FIELDS)
    for split, about in content["data"]["splits"].items():
        _check(path, f"data.splits.{split}", about, _SPLIT)
        if sum(about["per_class"]) != about["n"]:
            raise FerError(
                f"{path}: data.splits.{split}.per_class sums to "
                f"{sum(about['per_class'])}, expected n = {about['n']}."
            )
    _check_results(path, content)


def _check_results(path: Path, content: Mapping) -> None:
    results = content["results"]
    if "selected" not in results:
        raise FerError(
            f"{path}: results lack 'selected', the checkpoint that answers "
            "claims; run it again."
        )
    for checkpoint, splits in results.items():
        _one_of(path, "results", checkpoint, CHECKPOINTS)
        _check(path, f"results.{checkpoint}", splits, dict)
        for split, views in splits.items():
            place = f"results.{checkpoint}.{split}"
            _one_of(path, place, split, tuple(content["data"]["splits"]))
            _check(path, place, views, dict)
            for view, metrics in views.items():
                if not MEMBER.fullmatch(view):
                    _one_of(path, place, view, (*VIEWS, "member.<name>"))
                _check(path, f"{place}.{view}", metrics, dict)


def _check(path: Path, place: str, value: object, kind: object) -> None:
    shape = {dict: dict, list: list}.get(type(kind), kind)
    alternatives = shape if isinstance(shape, tuple) else (shape,)
    wrong_bool = isinstance(value, bool) and bool not in alternatives
    if not isinstance(value, alternatives) or wrong_bool:
        names = " or ".join(a.__name__ for a in alternatives)
        raise FerError(
            f"{path}: field '{place}' is {value!r:.60}, expected {names}; run it again."
        )
    if isinstance(kind, dict):
        for key, inner in kind.items():
            inside = f"{place}.{key}" if place else key
            if key not in value:
                raise FerError(f"{path}: field '{inside}' is missing; run it again.")
            _check(path, inside, value[key], inner)
    elif isinstance(kind, list):
        for row, entry in enumerate(value):
            _check(path, f"{place}[{row}]", entry, kind[0])


def _one_of(path: Path, place: str, key: str, known: tuple[str, ...]) -> None:
    if key not in known:
        raise FerError(
            f"{path}: {place} has '{key}', expected one of {', '.join(known)}."
        )
