"""FER2013: 35,887 grey faces of 48 x 48 pixels in seven expressions.

Source: Goodfellow et al., "Challenges in representation learning: a report
on three machine learning contests", 2013.
"""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.fer2013_files import (
    MERGED,
    image_files,
    read_csv,
    read_exact,
    read_folders,
)
from fer_lib.data.sources.ferplus import VOTES_FILE, read_votes
from fer_lib.errors import FerError
from fer_lib.files import cache_dir, sha256_file

ROWS = 35_887
CSV_NAMES = ("fer2013.csv", "icml_face_data.csv", "fer2013/fer2013.csv")
EXACT_FILE = "exact.csv"

# Raise it when the same files are read to something else than before.
_VERSION = 1


@dataclass(frozen=True)
class Layout:
    """The files that make one FER2013.

    Attributes:
        folder: where the companion files lie.
        table: ``fer2013.csv`` or its variant; None for image folders.
        images: the image files of folders, sorted; empty with a table.
    """

    folder: Path
    table: Path | None
    images: tuple[Path, ...] = ()

    def companion(self, name: str) -> Path | None:
        """A file that adds columns by row, when it lies beside the table."""
        beside = self.folder / name
        return beside if self.table and beside.is_file() else None


def find(root: Path | str) -> Layout:
    """The layout of FER2013 at ``root``: a CSV file, its folder, or images.

    Raises:
        FerError: when nothing there is FER2013, naming what was looked for.
    """
    root = Path(root).expanduser()
    if root.is_file():
        return Layout(root.parent, root)
    for name in CSV_NAMES:
        if (root / name).is_file():
            return Layout((root / name).parent, root / name)
    if files := image_files(root):
        return Layout(root, None, tuple(files))
    raise FerError(
        f"{root}: no FER2013 found, looked for {', '.join(CSV_NAMES)} and "
        "for images in train/<expression>/ and test/<expression>/; name the "
        "folder that holds one of them, or run `ferbook data get fer2013`."
    )


def load(root: Path | str, cache: Path | str | None = None) -> FaceSet:
    """FER2013, converted once and then read from a checked cache.

    Splits are ``Training``, ``PublicTest`` and ``PrivateTest``; image folders
    without these words in the file names have one ``Test`` instead of the
    last two.  FER+'s ``fer2013new.csv`` beside the CSV file adds ``votes``
    and ``extra["ferplus_named"]``; ``exact.csv`` of a reconstruction adds
    ``extra["lossless"]`` and ``extra["label_ambiguous"]``.  Image folders
    have no row order, so nothing is joined to them.

    Args:
        root: ``fer2013.csv``, the folder it lies in, or the folder that
            holds ``train`` and ``test``.
        cache: folder for the converted set; the user's cache by default.

    Returns:
        Faces ``uint8 [N, 1, 48, 48]`` in the order of the rows, or of the
        sorted file names.

    Raises:
        FerError: when nothing is found, or at the first wrong row or image.
    """
    layout = find(root)
    folder = Path(cache) if cache is not None else cache_dir()
    stored = folder / f"fer2013-{_key(layout)}.npz"
    try:
        return FaceSet.open(stored)
    except FileNotFoundError:
        pass
    except FerError as error:
        warnings.warn(f"converting FER2013 again: {error}", stacklevel=2)
    faces = _convert(layout)
    try:
        faces.save(stored)
    except OSError as error:
        warnings.warn(f"FER2013 is not cached: {error}", stacklevel=2)
    return faces


def _key(layout: Layout) -> str:
    """Hash of everything that decides what the files are read to."""
    digest = hashlib.sha256(f"version {_VERSION}\n".encode())
    tables = (
        layout.table,
        layout.companion(VOTES_FILE),
        layout.companion(EXACT_FILE),
    )
    for role, path in enumerate(tables):
        if path:
            digest.update(f"{role} {path.name} {_hash(path)}\n".encode())
    for path in layout.images:
        name = path.relative_to(layout.folder).as_posix()
        digest.update(f"{name} {_hash(path)}\n".encode())
    return digest.hexdigest()[:16]


def _hash(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError as error:
        raise FerError(
            f"{path}: cannot be read ({error.strerror}), expected a file of "
            "FER2013; make it readable."
        ) from error


def _convert(layout: Layout) -> FaceSet:
    if not layout.table:
        columns = read_folders(layout.folder, list(layout.images))
        merged = MERGED in columns["splits"]
        return FaceSet(
            "fer2013",
            **columns,
            provenance=f"FER2013 from {len(layout.images):,} image files"
            + ", PublicTest and PrivateTest merged to Test because the file "
            "names do not tell them apart"
            * merged
            + "; FER+ votes need fer2013.csv, whose row order folders lack.",
        )
    columns, extra = read_csv(layout.table), {}
    count = len(columns["labels"])
    origin = f"FER2013 from {layout.table.name}, {count:,} rows"
    if count != ROWS:
        origin += f" (the official file has {ROWS:,})"
    if votes := layout.companion(VOTES_FILE):
        joined = read_votes(votes, columns["splits"])
        columns["votes"] = joined["votes"]
        extra["ferplus_named"] = joined["named"]
        origin += f", FER+ votes from {votes.name} joined by row"
    if exact := layout.companion(EXACT_FILE):
        extra |= read_exact(exact, count)
        lossy = int((~extra["lossless"]).sum())
        origin += f", a reconstruction with {lossy:,} rows not lossless"
    return FaceSet("fer2013", **columns, extra=extra, provenance=origin + ".")
