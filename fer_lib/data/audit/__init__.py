"""What should be known about a data set before its numbers are believed.

Copies within and across splits, labels that contradict each other, images
without content, how far human raters agree, and how many faces a class has.
Nothing here is an error of the files: it is how the set is.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.audit.duplicates import NEAR, Copies, exact_copies, near_copies
from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import in_parts
from fer_lib.data.sources.ferplus import argmax_labels
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS, FERPLUS_TO_BOOK
from fer_lib.files import atomic_path
from fer_lib.photos.detection import DETECTOR, find_faces
from fer_lib.photos.images import as_picture

Counts = dict[str, int]
_EXPRESSIONS = len(FERPLUS_TO_BOOK)  # vote columns that are no expression follow
_RATERS = 3  # one to be judged, and two whose opinion can be a majority


@dataclass(frozen=True)
class Audit:
    """What :func:`audit` found; rows are numbered from 0 over the whole set.

    Attributes:
        name: of the data set.
        provenance: of the data set.
        rendered: whether its faces are computer graphics.
        sha256: of the data set; other faces have another audit.
        near_distance: bits by which hashes of near copies may differ.
        classes: faces by split and expression.
        exact: ``exact[split][other]``: faces of a split with an equal image in
            another one, or once more in their own.
        near: the same, of nearly equal images; equal ones are among them.
        leaked: rows of each later split with an equal image in the first.
        nearly_leaked: the same, of nearly equal images.
        conflicts: of equal images: ``images`` with several labels, ``rows``
            that show one, ``pairs`` of copies and those that ``disagree``.
        constant: rows whose pixels all have one value.
        ceiling: how far labels can be agreed on, by split: ``one_rater``, mean
            of :func:`leave_one_out`; ``plurality``, mean share of the raters'
            leading expression; ``own_label``, share of faces whose label in the
            data set is that expression.  None without votes.
        no_face_votes: by split, faces that most FER+ raters call no face.
        undetected: by split, images in which ``detector`` finds no face;
            None where it was not asked.
        detector: its name.
    """

    name: str
    provenance: str
    rendered: bool
    sha256: str
    near_distance: int
    classes: dict[str, Counts]
    exact: dict[str, Counts]
    near: dict[str, Counts]
    leaked: dict[str, list[int]]
    nearly_leaked: dict[str, list[int]]
    conflicts: Counts
    constant: list[int]
    ceiling: dict[str, dict[str, float | None]] | None = None
    no_face_votes: Counts | None = None
    undetected: Counts | None = None
    detector: str | None = None

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def save(self, path: Path | str) -> None:
        """Write it atomically as JSON, long lists of rows on one line."""
        lines = (f" {json.dumps(k)}: {json.dumps(v)}" for k, v in asdict(self).items())
        with atomic_path(path) as temporary:
            text = "{\n" + ",\n".join(lines) + "\n}\n"
            temporary.write_text(text, encoding="utf-8")

    @classmethod
    def open(cls, path: Path | str) -> "Audit":
        """Read a saved audit.

        Raises:
            FerError: when the file is no audit.
        """
        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise FerError(
                f"{path}: cannot be read as an audit ({error}); make it again "
                "with `ferbook data audit`."
            ) from error


def audit(faces: FaceSet, *, detect: bool = False) -> Audit:
    """Look a data set over: seconds for the 36,000 faces of FER2013.

    Args:
        faces: any set; one too large for the memory is read in parts.
        detect: whether to look for a face in each image, with dlib's detector,
            which misses turned and tight ones; minutes more.
    """
    exact = exact_copies(_images(faces, "comparing images"))
    nearly = near_copies(_images(faces, "comparing hashes"))
    return Audit(
        name=faces.name,
        provenance=faces.provenance,
        rendered=faces.rendered,
        sha256=faces.sha256,
        near_distance=NEAR,
        classes=class_balance(faces),
        exact=_copies_between(faces, exact),
        near=_copies_between(faces, nearly),
        leaked=_leaked_rows(faces, exact),
        nearly_leaked=_leaked_rows(faces, nearly),
        conflicts=_conflicts(exact, faces.labels),
        constant=_constant_rows(faces),
        ceiling=_ceilings(faces),
        no_face_votes=_no_face_votes(faces),
        undetected=_undetected(faces) if detect else None,
        detector=DETECTOR if detect else None,
    )


def _by_split(faces: FaceSet) -> dict[str, np.ndarray]:
    """Rows ``bool [N]`` of each split, in the order of their first faces."""
    names = dict.fromkeys(faces.splits.tolist())
    return {name: faces.splits == name for name in names}


def _counted(faces: FaceSet, marked: np.ndarray) -> Counts:
    """Marked faces by split, of a mask ``bool [N]``."""
    return {split: int(marked[rows].sum()) for split, rows in _by_split(faces).items()}


def _images(faces: FaceSet, about: str) -> Iterator[np.ndarray]:
    """All images in parts ``uint8 [n, C, H, W]``, with a bar."""
    with tqdm(total=len(faces), desc=about, unit="face") as bar:
        for part in in_parts(faces.images):
            yield part
            bar.update(len(part))


def class_balance(faces: FaceSet) -> dict[str, Counts]:
    """Faces by split and expression, expressions that occur."""
    present = np.flatnonzero(faces.counts())
    return {
        split: {EXPRESSIONS[k]: int((faces.labels[rows] == k).sum()) for k in present}
        for split, rows in _by_split(faces).items()
    }


def _copies_between(faces: FaceSet, copies: Copies) -> dict[str, Counts]:
    splits = _by_split(faces)
    copied = {other: _counted(faces, copies.also_in(splits[other])) for other in splits}
    return {
        split: {other: copied[other][split] for other in splits} for split in splits
    }


def _leaked_rows(faces: FaceSet, copies: Copies) -> dict[str, list[int]]:
    (_, learnt), *later = _by_split(faces).items()
    copied = copies.also_in(learnt)
    return {split: np.flatnonzero(copied & rows).tolist() for split, rows in later}


def _conflicts(copies: Copies, labels: np.ndarray) -> Counts:
    # How often each image has each label.
    table = np.zeros((copies.ids.max(initial=-1) + 1, len(EXPRESSIONS)), np.int64)
    np.add.at(table, (copies.ids, labels), 1)
    rows = table.sum(1)
    several = (table > 0).sum(1) > 1
    pairs = rows * (rows - 1) // 2
    agreeing = (table * (table - 1) // 2).sum(1)
    return {
        "images": int(several.sum()),
        "rows": int(rows[several].sum()),
        "pairs": int(pairs.sum()),
        "disagree": int((pairs - agreeing).sum()),
    }


def _constant_rows(faces: FaceSet) -> list[int]:
    parts = (part.reshape(len(part), -1) for part in in_parts(faces.images))
    return np.flatnonzero(np.concatenate([np.ptp(p, 1) == 0 for p in parts])).tolist()


def _undetected(faces: FaceSet) -> Counts:
    missed = [
        not find_faces(as_picture(image))
        for part in _images(faces, "looking for faces")
        for image in part
    ]
    return _counted(faces, np.array(missed, bool))


def leave_one_out(votes: np.ndarray) -> np.ndarray:
    """Chance that one rater names what most of a face's other raters name.

    Only votes for the eight expressions count.  One of them is drawn and set
    aside; where several expressions lead among the others, the drawn one
    agrees by its share of them (one half with two, if it is one of them).

    Not a number where fewer than three raters name an expression (one face of
    PublicTest changes by that).
    """
    counted = votes[:, :_EXPRESSIONS].astype(np.float64)
    total = counted.sum(1)
    agree = np.zeros(len(votes))
    for named in range(_EXPRESSIONS):
        others = counted.copy()
        others[:, named] -= 1
        leading = others == others.max(1, keepdims=True)
        agree += counted[:, named] * leading[:, named] / leading.sum(1)
    return np.where(total >= _RATERS, agree / np.maximum(total, 1), np.nan)


def plurality_share(votes: np.ndarray) -> np.ndarray:
    """Share of a face's expression votes that its leading expression has.

    Higher than :func:`leave_one_out`, since each vote takes part in choosing
    what it is compared with; not a number without such a vote.
    """
    counted = votes[:, :_EXPRESSIONS]
    total = counted.sum(1)
    share = counted.max(1) / np.maximum(total, 1)
    return np.where(total > 0, share, np.nan)


def _ceilings(faces: FaceSet) -> dict[str, dict[str, float | None]] | None:
    if faces.votes is None:
        return None
    own = (argmax_labels(faces.votes, 8)[0] == faces.labels).astype(np.float64)
    share = plurality_share(faces.votes)
    own[np.isnan(share)] = np.nan
    alone = leave_one_out(faces.votes)
    measures = {"one_rater": alone, "plurality": share, "own_label": own}
    return {
        split: {name: _mean(values[rows]) for name, values in measures.items()}
        for split, rows in _by_split(faces).items()
    }


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), 4) if len(known) else None


def _no_face_votes(faces: FaceSet) -> Counts | None:
    if faces.votes is None:
        return None
    column = FERPLUS_COLUMNS.index("NF")
    return _counted(faces, 2 * faces.votes[:, column] > faces.votes.sum(1))


def _lines(found: Audit) -> Iterator[str]:
    splits = list(found.classes)
    counts = {split: sum(found.classes[split].values()) for split in splits}
    yield f"{found.name}: {found.provenance}"
    yield f"sha256 {found.sha256}"
    yield from table("faces", found.classes)
    yield from table("equal image also in", found.exact)
    title = f"nearly equal image (hash within {found.near_distance} bits) also in"
    yield from table(title, found.near)
    yield ""
    yield (
        "{images:,} images occur with several labels ({rows:,} rows); of "
        "{pairs:,} pairs of copies {disagree:,} disagree"
    ).format(**found.conflicts)
    yield f"{len(found.constant):,} images are constant"
    for split in found.undetected or {}:
        yield (
            f"{split}: {found.detector} finds no face in "
            f"{found.undetected[split]:,} of {counts[split]:,} images"
        )
    for split in found.ceiling or {}:
        yield (
            f"{split}: one rater agrees with most others on "
            f"{found.ceiling[split]['one_rater']:.1%} of the faces, the data set's "
            f"label with their choice on {found.ceiling[split]['own_label']:.1%}; "
            f"{found.no_face_votes[split]:,} of {counts[split]:,} are no face to "
            "most raters"
        )


def table(title: str, cells: dict[str, Counts]) -> Iterator[str]:
    """Rows are splits; columns are expressions or splits."""
    yield ""
    columns = list(next(iter(cells.values()), {}))
    wide = max([9, *(len(column) + 1 for column in columns)])
    yield f"{title}:"
    yield " " * 14 + "".join(f"{column:>{wide}}" for column in columns)
    for split, row in cells.items():
        yield f"  {split:<12}" + "".join(
            f"{row[column]:>{wide},}" for column in columns
        )
