"""What should be known about a data set before its numbers are believed.

Copies within and across splits, labels that contradict each other, images
without content, how far human raters agree, and how many faces a class has.
Nothing here is an error of the files: it is how the set is.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from fer_lib.data.audit import properties
from fer_lib.data.audit.duplicates import NEAR, exact_copies, near_copies
from fer_lib.data.audit.properties import Counts
from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.files import atomic_path
from fer_lib.photos.detection import DETECTOR


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
        exact: see :func:`copies_between`, of equal images.
        near: the same, of nearly equal images; equal ones are among them.
        leaked: rows of each later split with an equal image in the first.
        nearly_leaked: the same, of nearly equal images.
        conflicts: of equal images: ``images`` with several labels, ``rows``
            that show one, ``pairs`` of copies and those that ``disagree``.
        constant: rows whose pixels all have one value.
        ceiling: see :func:`~fer_lib.data.audit.properties.ceilings`; None without
            votes.
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

    def to_json(self) -> dict:
        return asdict(self)

    def save(self, path: Path | str) -> None:
        """Write it atomically as JSON, long lists of rows on one line."""
        content = self.to_json()
        lines = (f" {json.dumps(k)}: {json.dumps(v)}" for k, v in content.items())
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


def audit(faces: FaceSet, *, near: int = NEAR, detect: bool = False) -> Audit:
    """Look a data set over: seconds for the 36,000 faces of FER2013.

    Args:
        faces: any set; one too large for the memory is read in parts.
        near: bits by which perceptual hashes of near copies may differ.
        detect: whether to look for a face in each image; minutes more.
    """
    exact = exact_copies(properties.images(faces, "comparing images"))
    nearly = near_copies(properties.images(faces, "comparing hashes"), near)
    return Audit(
        name=faces.name,
        provenance=faces.provenance,
        rendered=faces.rendered,
        sha256=faces.sha256,
        near_distance=near,
        classes=properties.class_balance(faces),
        exact=properties.copies_between(faces, exact),
        near=properties.copies_between(faces, nearly),
        leaked=properties.leaked_rows(faces, exact),
        nearly_leaked=properties.leaked_rows(faces, nearly),
        conflicts=properties.conflicts(exact, faces.labels),
        constant=properties.constant_rows(faces),
        ceiling=properties.ceilings(faces),
        no_face_votes=properties.no_face_votes(faces),
        undetected=properties.undetected(faces) if detect else None,
        detector=DETECTOR if detect else None,
    )


def _lines(found: Audit) -> Iterator[str]:
    splits = list(found.classes)
    counts = {split: sum(found.classes[split].values()) for split in splits}
    yield f"{found.name}: {found.provenance}"
    yield f"sha256 {found.sha256}"
    yield from _table("faces", found.classes)
    yield from _table("equal image also in", found.exact)
    title = f"nearly equal image (hash within {found.near_distance} bits) also in"
    yield from _table(title, found.near)
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


def _table(title: str, cells: dict[str, Counts]) -> Iterator[str]:
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
