"""Reading ``book/claims/<paper>.toml`` and checking every entry."""

import tomllib
from dataclasses import MISSING, fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import UnionType
from typing import get_args, get_origin, get_type_hints

from fer_lib.errors import FerError
from ferbook.ledger.claims import (
    KINDS,
    METRICS,
    REASONS,
    TERMS,
    Claim,
    Claims,
    Matrix,
    Quote,
    recall_claims,
)
from ferbook.runs.paths import claims_folder

# What an entry needs beside the fields that have no default.
_MEASURED = ("dataset", "protocol", "not_attempted")
_NUMBERED = (*_MEASURED, "value", "answered_by")
_NEEDED = {
    "value": _NUMBERED,
    "difference": (*_NUMBERED, "against"),
    "order": _MEASURED,
    "arithmetic": ("check",),
}


def load_claims(paper: str, folder: Path | None = None) -> Claims:
    """Read and check the claims of one paper.

    Args:
        paper: its nickname.
        folder: of all claims; ``book/claims`` of the repository if None.

    Raises:
        FerError: naming the file and the id of what is wrong.
    """
    folder = folder or claims_folder()
    path = folder / f"{paper}.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in folder.glob("*.toml"))) or "none"
        raise FerError(f"{path}: no such file; papers known are {known}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FerError(f"{path}: no valid TOML ({error}).") from None
    return parse_claims(path, told)


def load_all_claims(folder: Path | None = None) -> tuple[Claims, ...]:
    """The claims of every paper, by nickname."""
    folder = folder or claims_folder()
    papers = sorted(path.stem for path in folder.glob("*.toml"))
    return tuple(load_claims(paper, folder) for paper in papers)


def parse_claims(path: Path, told: dict) -> Claims:
    """Check the content of a claims file; ``path`` is for its errors."""
    about = dict(told)
    epochs = _typed(path, {}, "epochs", about.pop("epochs", None), int | None)
    entries = {key: about.pop(key, []) for key in ("claim", "matrix", "quote")}
    for key, rows in entries.items():
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise FerError(f"{path}: '{key}' is no list of tables, write [[{key}]].")
    matrices = tuple(_matrix(path, row) for row in entries["matrix"])
    claims = [_claim(path, row) for row in entries["claim"]]
    claims += [claim for matrix in matrices for claim in recall_claims(matrix)]
    quotes = tuple(_build(path, Quote, row) for row in entries["quote"])
    claims = tuple(replace(claim, epochs=epochs) for claim in claims)
    read = {"claims": claims, "matrices": matrices, "quotes": quotes}
    found = _build(path, Claims, about, **read)
    _check_ids(path, found)
    return found


def _check_ids(path: Path, found: Claims) -> None:
    if found.paper != path.stem:
        raise FerError(
            f"{path}: paper is '{found.paper}', expected '{path.stem}', the "
            "file's name."
        )
    seen = set()
    for entry in (*found.claims, *found.matrices):
        if not entry.id.startswith(f"{found.paper}."):
            raise FerError(f"{path}: id '{entry.id}' must begin with '{found.paper}.'.")
        if entry.id in seen:
            raise FerError(f"{path}: id '{entry.id}' occurs twice.")
        seen.add(entry.id)


def _matrix(path: Path, row: dict) -> Matrix:
    matrix = _build(path, Matrix, row)
    size = len(matrix.classes)
    lengths = {len(matrix.rows), len(matrix.caption), *map(len, matrix.rows)}
    if lengths != {size}:
        raise _error(path, row, f"needs {size} rows, columns and caption counts")
    _check_reason(path, row, matrix.not_attempted)
    return matrix


def _claim(path: Path, row: dict) -> Claim:
    claim = _build(path, Claim, row, epochs=None)
    if claim.kind not in KINDS:
        told = f"kind is '{claim.kind}', expected one of {', '.join(KINDS)}"
        raise _error(path, row, told)
    for key in _NEEDED[claim.kind]:
        if row.get(key) is None:
            raise _error(path, row, f"a claim of kind {claim.kind} needs '{key}'")
    if claim.metric.split(".")[0] not in METRICS:
        raise _error(path, row, f"metric is '{claim.metric}', known are {METRICS}")
    _check_answers(path, row, claim)
    if claim.kind in ("value", "difference"):
        _check_value(path, row, claim)
    if claim.kind == "order":
        _check_order(path, row, claim)
    if claim.kind != "arithmetic":
        _check_reason(path, row, claim.not_attempted)
    return claim


def _check_answers(path: Path, row: dict, claim: Claim) -> None:
    if any(answer.checkpoint == "best_on_test" for answer in claim.answered_by):
        raise _error(path, row, "checkpoint best_on_test never answers a claim")


def _check_value(path: Path, row: dict, claim: Claim) -> None:
    speed = claim.metric == "frames_per_second"
    try:
        inside = speed or -1 <= claim.number <= 1
        Fraction(claim.value)
    except (ValueError, ZeroDivisionError):
        inside = False
    if not inside:
        told = f"value is '{claim.value}' {claim.unit}, expected a share of 1"
        raise _error(path, row, told)
    if claim.answered_by and claim.n is None:
        told = f"a claim of kind {claim.kind} needs 'n' to be answered"
        raise _error(path, row, told)
    if claim.n is not None and claim.n < 1:
        raise _error(path, row, f"n is {claim.n}, expected 1 or more")


def _check_order(path: Path, row: dict, claim: Claim) -> None:
    kinds = {term.by for term in claim.order}
    if len(claim.order) == 1 or len(kinds) > 1 or not kinds <= set(TERMS):
        told = f"order needs two terms or more, all by one of {', '.join(TERMS)}"
        raise _error(path, row, told)
    if claim.answered_by and not claim.order:
        raise _error(path, row, "answered_by without order has nothing to compare")


def _check_reason(path: Path, row: dict, reason: str) -> None:
    if reason not in REASONS:
        told = f"not_attempted is '{reason}', expected one of {', '.join(REASONS)}"
        raise _error(path, row, told)


def _error(path: Path, row: dict, told: str) -> FerError:
    return FerError(f"{path}: entry '{row.get('id', '?')}': {told}.")


def _build(path: Path, kind: type, row: dict, told: dict | None = None, **fixed):
    """A dataclass from a table of the file.

    ``row`` is the entry that errors name, ``told`` the table inside it.
    """
    told = row if told is None else told
    if not isinstance(told, dict):
        raise _error(path, row, f"found {told!r}, expected a table")
    name, hints = kind.__name__.lower(), get_type_hints(kind)
    known = [f for f in fields(kind) if f.name not in fixed]
    names = [f.name for f in known]
    for key in told:
        if key not in names:
            text = f"unknown key '{key}', a {name} has {', '.join(names)}"
            raise _error(path, row, text)
    for f in known:
        optional = f.default is not MISSING or f.default_factory is not MISSING
        if not optional and f.name not in told:
            raise _error(path, row, f"'{f.name}' is missing from this {name}")
    values = {k: _typed(path, row, k, v, hints[k]) for k, v in told.items()}
    return kind(**values, **fixed)


def _typed(path: Path, row: dict, key: str, value, hint):
    """A value of the file as the type of its field; lists become tuples."""
    if is_dataclass(hint):
        ready = isinstance(value, hint)
        return value if ready else _build(path, hint, row, value)
    if get_origin(hint) is tuple and isinstance(value, list | tuple):
        inner = get_args(hint)[0]
        return tuple(_typed(path, row, key, part, inner) for part in value)
    allowed = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if get_origin(hint) is tuple or type(value) not in allowed:
        names = " or ".join(getattr(a, "__name__", str(a)) for a in allowed)
        raise _error(path, row, f"'{key}' is {value!r}, expected {names}")
    return value
