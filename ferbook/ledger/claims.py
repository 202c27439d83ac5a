"""What a paper claims: the entries of ``book/claims/<paper>.toml``."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, with_config

from fer_lib.errors import FerError
from ferbook.runs.checking import FaultError, checked
from ferbook.runs.paths import claims_folder

# Why no run answers a claim yet; the first two can be lifted by a reader.
REASONS = (
    "data gated",
    "pre-training unavailable",
    "compute",
    "not built",
    "data not published",
    "unspecified in the paper",
)
# What a contradiction of an arithmetic claim would contradict.
SOURCES = ("paper", "data", "rebuild", "reading")
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
_Metric = Annotated[
    str, Field(pattern=r"^(accuracy|false|frames_per_second|recall\..+)$")
]
_closed = with_config(ConfigDict(extra="forbid"))


@_closed
@dataclass(frozen=True)
class Where:
    """Place in the paper: table, figure or section, then row and column."""

    place: str
    row: str = ""
    column: str = ""

    def __str__(self) -> str:
        row = f", row '{self.row}'" if self.row else ""
        column = f", column '{self.column}'" if self.column else ""
        return self.place + row + column


@_closed
@dataclass(frozen=True)
class Answer:
    """Which runs answer a claim, and which of their results.

    A protocol with folds stands for all of them; ``view`` is one of
    ``schema.VIEWS``, or ``member.<name>`` for one member of an ensemble.  A
    variant may belong to another recipe: ``comparison/vgg19``.

    Where the paper can be read in two ways, ``reading`` says which labels or
    faces this answer takes it to mean, and ``n`` how many test faces these
    are; empty and None for those of the claim.
    """

    protocol: str
    preset: str = "paper"
    recipe: str = "paper"
    variant: str = "default"
    checkpoint: Literal["selected", "last"] = "selected"
    split: str = "PrivateTest"
    view: str = "single"
    reading: str = ""
    n: Annotated[int, Field(ge=1)] | None = None


@_closed
@dataclass(frozen=True)
class Term:
    """One step of an order claim: one of these, or a measure of a part of it.

    Attributes:
        classes: a group of classes, by the claim's metric or a measure.
        variant: the runs of a variant.
        view: a result of the answer's own runs, such as ``member.mouth``.
        measure: something else that the runs measured on every test face,
            stored beside the logits as ``<split>/measures/<measure>``; a
            share, so that hundredths are points (of a face's side, of heat).
        faces: of a measure, those that the run gets right, or wrong.
    """

    classes: tuple[str, ...] = ()
    variant: str = ""
    view: str = ""
    measure: str = ""
    faces: Literal["", "right", "wrong"] = ""

    @property
    def by(self) -> str:
        """Names of the fields that are set, in a row."""
        return " ".join(name for name, value in vars(self).items() if value)


@_closed
@dataclass(frozen=True)
class Matrix:
    """A printed confusion matrix; rows are true classes.

    Its recalls are value claims of their own.
    """

    id: str
    where: Where
    dataset: str
    protocol: str
    classes: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]
    caption: tuple[int, ...]  # images per class as the caption tells them
    not_attempted: Literal[REASONS]
    answered_by: tuple[Answer, ...] = ()
    reading: str = ""  # as of a claim

    @property
    def row_sums(self) -> dict[str, int]:
        """Images per true class."""
        sums = map(sum, self.rows)
        return dict(zip(self.classes, sums, strict=True))

    @property
    def total(self) -> int:
        """All images."""
        return sum(self.row_sums.values())

    @property
    def hits(self) -> int:
        """Images on the diagonal."""
        return sum(row[i] for i, row in enumerate(self.rows))


@_closed
@dataclass(frozen=True)
class Quote:
    """A result of somebody else that the paper's table shows."""

    place: str
    method: str
    source: str
    value: str


@_closed
@dataclass(frozen=True)
class Claim:
    """One claim; ``verdicts`` has the rules of each kind.

    Attributes:
        id: ``<paper>.<data set>.<what>``.
        kind: what it is about.
        where: its place in the paper.
        says: the claim in one sentence of ours.
        dataset: nickname of the data set, empty for arithmetic.
        protocol: split and labels that the paper says it used.
        metric: ``accuracy``, ``recall.<class>`` or ``frames_per_second``; a
            recall in an order compares variants on that class alone.  Groups
            of classes are ordered by recall or, if it is ``false``, by how
            many of all faces are called so and are not.
        value: as printed, digits kept: ``"70.02"`` or ``"9/25"``.
        unit: unit of ``value``; ``"%"`` and ``"points"`` are hundredths.
        n: test faces behind the value, those of the class for a recall; None
            where the paper does not tell.
        answered_by: runs that answer it, or stand beside it.
        against: the variant that a difference is measured from.
        order: terms of an order claim, the highest first.
        check: name of the function that works an arithmetic claim out.
        data: that function's arguments.
        not_attempted: reason to give while no run answers it.
        impossible: why no run of ours could ever answer it; empty if one could.
        epochs: training epochs that the paper states, if any.
        asked: ``"ours"`` for a question that the paper does not put;
            ``"stated"`` where we take the difference of two printed rows.
        null: two variants between which nothing is claimed; a difference no
            larger than theirs is not told apart.
        control: a variant without what is claimed to guide the network; what
            is measured of it is taken off.
        forced: why the outcome is forced by construction; empty if it is not.
        source: of an arithmetic claim, what it is checked against.
        root: id of the claim of which this is the same: one sentence asked of
            another data set, or a contradiction of the same cause.
        reading: how we read an ambiguous sentence of the paper; else empty.
    """

    id: str
    kind: Literal["value", "difference", "order", "arithmetic"]
    where: Where
    says: str
    dataset: str = ""
    protocol: str = ""
    metric: _Metric = "accuracy"
    value: str = ""
    unit: str = "%"
    n: Annotated[int, Field(ge=1)] | None = None
    answered_by: tuple[Answer, ...] = ()
    against: str = ""
    order: tuple[Term, ...] = ()
    check: str = ""
    data: dict = field(default_factory=dict, hash=False)
    not_attempted: Literal["", *REASONS] = ""
    impossible: str = ""
    epochs: int | None = None
    asked: Literal["", "stated", "ours"] = ""
    null: tuple[()] | tuple[str, str] = ()
    control: str = ""
    forced: str = ""
    source: Literal[SOURCES] = "paper"
    root: str = ""
    reading: str = ""

    @property
    def who_asks(self) -> Literal["printed", "stated", "ours"]:
        """A number that is printed, a sentence, or a question of ours."""
        return self.asked or ("printed" if self.value else "stated")

    @property
    def paper(self) -> str:
        """Nickname of the paper."""
        return self.id.split(".")[0]

    @property
    def number(self) -> float:
        """The printed value as a share: 70.02 % is 0.7002."""
        scale = 100 if self.unit in ("%", "points") else 1
        return float(Fraction(self.value) / scale)


@_closed
@dataclass(frozen=True)
class Claims:
    """All that one file says about a paper."""

    paper: str
    title: str
    cite: str  # key of the bibliography
    claims: tuple[Claim, ...] = ()
    matrices: tuple[Matrix, ...] = ()
    quotes: tuple[Quote, ...] = ()
    name: str = ""  # what the book calls the method; from the nickname if empty

    def __post_init__(self):
        words = self.paper.split("_")
        named = self.name or "-".join(word.capitalize() for word in words)
        object.__setattr__(self, "name", named)

    def claim(self, id: str) -> Claim:
        """The claim of that id; ``FerError`` when unknown."""
        return _find(self.claims, id, "claim")

    def matrix(self, id: str) -> Matrix:
        """The confusion matrix of that id; ``FerError`` when unknown."""
        return _find(self.matrices, id, "matrix")


def recall_claims(matrix: Matrix) -> tuple[Claim, ...]:
    """The recalls of a confusion matrix, each a value claim."""
    return tuple(
        Claim(
            id=f"{matrix.id}.recall.{name}",
            kind="value",
            where=replace(matrix.where, row=name, column=name),
            says=f"Recall of '{name}', the diagonal over the row's sum.",
            dataset=matrix.dataset,
            protocol=matrix.protocol,
            metric=f"recall.{name}",
            value=f"{matrix.rows[i][i]}/{n}",
            unit="images",
            n=n,
            answered_by=matrix.answered_by,
            not_attempted=matrix.not_attempted,
            reading=matrix.reading,
        )
        for i, (name, n) in enumerate(matrix.row_sums.items())
    )


def _find(entries: tuple, id: str, what: str):
    for entry in entries:
        if entry.id == id:
            return entry
    known = ", ".join(entry.id for entry in entries)
    raise FerError(f"No {what} '{id}', expected one of {known}.")


_ENTRIES = {
    "claim": TypeAdapter(Claim),
    "matrix": TypeAdapter(Matrix),
    "quote": TypeAdapter(Quote),
}


@_closed
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
