"""The files of claims, ``book/claims/<paper>.toml``: read and checked."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from fer_lib.errors import FerError
from ferbook.ledger.claims import Claim, Claims, Matrix, Quote, closed, recall_claims
from ferbook.runs.checking import FaultError, checked
from ferbook.runs.paths import claims_folder

# What the terms of an order may be told by.
_TERMS = (
    "classes",
    "variant",
    "view",
    "measure",
    "classes measure",
    "variant measure",
    "classes variant measure",
    "measure faces",
)
# What a claim needs beside the fields that have no default.
_MEASURED = ("dataset", "protocol", "not_attempted")
_NUMBERED = (*_MEASURED, "value")
_NEEDED = {
    "value": _NUMBERED,
    "difference": (*_NUMBERED, "against"),
    "order": _MEASURED,
    "arithmetic": ("check",),
}

_ENTRIES = {
    "claim": TypeAdapter(Claim),
    "matrix": TypeAdapter(Matrix),
    "quote": TypeAdapter(Quote),
}


@closed
@dataclass(frozen=True)
class _About:
    """What stands at the top of a file."""

    paper: str
    title: str
    cite: str
    name: str = ""
    epochs: int | None = None


_ABOUT = TypeAdapter(_About)


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
    about, found = dict(told), {}
    for name in _ENTRIES:
        rows = about.pop(name, [])
        if not isinstance(rows, list):
            raise FerError(f"{path}: '{name}' is no list of tables, write [[{name}]].")
        found[name] = tuple(_entry(path, name, row) for row in rows)
    try:
        about = vars(checked(_ABOUT, about, tables=True))
    except FaultError as wrong:
        raise FerError(f"{path}: {wrong}; correct it.") from None
    epochs = about.pop("epochs")
    recalls = (claim for matrix in found["matrix"] for claim in recall_claims(matrix))
    claims = tuple(replace(one, epochs=epochs) for one in (*found["claim"], *recalls))
    paper = Claims(
        **about, claims=claims, matrices=found["matrix"], quotes=found["quote"]
    )
    _check_ids(path, paper)
    return paper


def _entry(path: Path, name: str, row: object) -> Claim | Matrix | Quote:
    """A table of a file as what it is."""
    id = row.get("id", "?") if isinstance(row, dict) else "?"
    try:
        found = checked(_ENTRIES[name], row, tables=True)
        for wrong in _claim_faults(found) if name == "claim" else _shape(found):
            raise FaultError(wrong)
    except FaultError as wrong:
        raise FerError(f"{path}: entry '{id}': {wrong}; correct it.") from None
    return found


def _shape(found: Matrix | Quote) -> Iterator[str]:
    """What is wrong with the size of a matrix."""
    if isinstance(found, Matrix):
        size = len(found.classes)
        lengths = {len(found.rows), len(found.caption), *map(len, found.rows)}
        if lengths != {size}:
            yield f"needs {size} rows, columns and caption counts"


def _claim_faults(claim: Claim) -> Iterator[str]:
    """What is wrong between the fields of a claim."""
    for name in _NEEDED[claim.kind]:
        if not getattr(claim, name):
            yield f"a claim of kind {claim.kind} needs '{name}'"
    if claim.epochs is not None:
        yield "'epochs' stands at the top of the file, for all claims"
    if claim.kind in ("value", "difference"):
        if not _is_share(claim):
            yield f"value is '{claim.value}' {claim.unit}, expected a share of 1"
        if claim.answered_by and claim.n is None:
            yield f"a claim of kind {claim.kind} needs 'n' to be answered"
    if claim.kind == "order":
        kinds = {term.by for term in claim.order}
        if len(claim.order) == 1 or len(kinds) > 1 or not kinds <= set(_TERMS):
            yield f"order needs two terms or more, all by one of {', '.join(_TERMS)}"
        if claim.answered_by and not claim.order:
            yield "answered_by without order has nothing to compare"


def _is_share(claim: Claim) -> bool:
    """Whether the printed value is a number, of one face or less but for speed."""
    try:
        return claim.metric == "frames_per_second" or -1 <= claim.number <= 1
    except (ValueError, ZeroDivisionError):
        return False


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
