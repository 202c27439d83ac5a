"""What a paper claims: the entries of ``book/claims/<paper>.toml``."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, with_config

from fer_lib.errors import FerError

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
_Metric = Annotated[
    str, Field(pattern=r"^(accuracy|false|frames_per_second|recall\..+)$")
]
closed = with_config(ConfigDict(extra="forbid"))


@closed
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


@closed
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


@closed
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


@closed
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


@closed
@dataclass(frozen=True)
class Quote:
    """A result of somebody else that the paper's table shows."""

    place: str
    method: str
    source: str
    value: str


@closed
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


@closed
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
