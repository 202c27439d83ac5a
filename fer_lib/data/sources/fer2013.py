"""FER2013: 35,887 grey faces of 48 x 48 pixels in seven expressions.

Source: Goodfellow et al., "Challenges in representation learning: a report
on three machine learning contests", 2013.
"""

import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet, kept
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.ferplus import (
    VOTES_FILE,
    argmax_labels,
    check_join,
    read_named_votes,
    read_votes,
)
from fer_lib.data.sources.published import PUBLISHED, missing
from fer_lib.data.sources.tables import read_table, wrong
from fer_lib.data.sources.tree import (
    by_class,
    entries,
    file_named,
    images,
    manifest,
    nearest,
    report,
    subfolders,
    with_beside,
)
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, label_of_seven

SIDE = 48
CLASSES = EXPRESSIONS[:7]
SPLITS = ("Training", "PublicTest", "PrivateTest")
MERGED = "Test"
CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
EXACT_FILE = "exact.csv"
LABELS_FILE = "label.csv"  # FER+'s own, in its folders of a split
# Folders of a split, in any case; "test" may hold both test splits.
FOLDERS = {
    **dict.fromkeys(("train", "training", "fer2013train"), "Training"),
    **dict.fromkeys(("val", "valid", "validation", "publictest"), "PublicTest"),
    **dict.fromkeys(("privatetest", "fer2013test"), "PrivateTest"),
    "fer2013valid": "PublicTest",
    "test": MERGED,
}

# Raise it when the same files are read to something else than before.
_VERSION = 2
_ROWS = PUBLISHED["fer2013"].total()
_PIXELS = {str(value): value for value in range(256)}
_EMOTIONS = {str(code): code for code in range(len(CLASSES))}
_FLAGS = {"0": False, "1": True}
_NAMED = re.compile(rf"({'|'.join(SPLITS)})_")


@dataclass(frozen=True)
class Layout:
    """The files that make one FER2013.

    Attributes:
        folder: where the companion files lie.
        table: ``fer2013.csv`` or its variant; None for image folders.
        parts: folders of splits, by what :data:`FOLDERS` says.
    """

    folder: Path
    table: Path | None
    parts: dict[str, Path] = field(default_factory=dict)

    def companion(self, name: str) -> Path | None:
        """A file that adds columns by row, when it lies beside the table."""
        return file_named(self.folder, name, depth=0) if self.table else None

    @property
    def files(self) -> list[Path]:
        """The table and its companions, where they are."""
        beside = map(self.companion, (VOTES_FILE, EXACT_FILE))
        return [path for path in (self.table, *beside) if path]


def find(root: Path | str) -> Layout:
    """The layout of FER2013 at ``root``: a CSV file, its folder, or images."""
    root = Path(root).expanduser()
    if root.is_file():
        return Layout(root.parent, root)
    if table := file_named(root, *CSV_NAMES):
        return Layout(table.parent, table)
    if folder := nearest(root, lambda one: any(map(_has_labels, _parts(one)))):
        parts = {}
        for part in _parts(folder):
            split = FOLDERS[part.name.lower()]
            if split in parts:
                raise FerError(
                    f"{folder}: {parts[split].name} and {part.name} both hold "
                    f"{split}, expected one of them; move the other away."
                )
            parts[split] = part
        return Layout(folder, None, parts)
    raise missing("fer2013", root)


def _parts(folder: Path) -> list[Path]:
    return [one for one in subfolders(folder) if one.name.lower() in FOLDERS]


def _has_labels(part: Path) -> bool:
    classes = any(_label(one.name) is not None for one in subfolders(part))
    return classes or (part / LABELS_FILE).is_file()


def load(root: Path | str, cache: Path | str | None = None) -> FaceSet:
    """FER2013, converted once and then read from a checked cache.

    Splits are ``Training``, ``PublicTest`` and ``PrivateTest``.  In image folders
    ``validation`` is PublicTest; a folder ``test`` without another test split has
    one ``Test`` for both, unless the file names tell them apart.  FER+'s
    ``fer2013new.csv`` beside the CSV file adds ``votes`` and
    ``extra["ferplus_named"]``; ``exact.csv`` of a reconstruction adds
    ``extra["lossless"]`` and ``extra["label_ambiguous"]``.  Image folders have no
    row order, so nothing is joined to them.  FER+'s own folders
    (``FER2013Train/label.csv``) have votes and no labels of FER2013: their labels
    are the expressions with most votes, and ``extra["ferplus_labels"]`` says so.

    Args:
        root: ``fer2013.csv``, or a folder a few levels above it, or above ``train``
            and ``test``.
        cache: folder for the converted set; the user's cache by default.

    Returns:
        Faces ``uint8 [N, 1, 48, 48]`` in the order of the rows, or of the
        sorted file names.

    Raises:
        FerError: when nothing is found, at the first wrong row or image, or when
            votes do not fit the labels.
    """
    layout = find(root)
    if layout.table:
        about = f"version {_VERSION}\n{manifest(layout.files)}"
        faces = kept("fer2013", about, lambda _: _read_table(layout), cache)
        return with_beside(faces, root, layout.files)
    lists = [one for one in layout.parts.values() if (one / LABELS_FILE).is_file()]
    read = _read_votes if lists else _read_folders
    return converted(
        "fer2013", root, layout.parts.values(), partial(read, layout),
        size=None, channels=1, cache=cache, side=SIDE, own=[LABELS_FILE],
    )  # fmt: skip


def _read_table(layout: Layout) -> FaceSet:
    columns, extra = read_csv(layout.table), {}
    count, lines = len(columns["labels"]), report(layout.files)
    origin = f"FER2013 from {layout.table.name}, {count:,} rows"
    if count != _ROWS:
        origin += f" (the official file has {_ROWS:,})"
    if path := layout.companion(VOTES_FILE):
        votes, named = read_votes(path, columns["splits"])
        columns["votes"], extra["ferplus_named"] = votes, named
        origin += f", FER+ votes from {path.name} joined by row"
        lines.append(check_join(path, votes, named, columns["labels"]))
    if exact := layout.companion(EXACT_FILE):
        extra |= _read_exact(exact, count)
        lossy = int((~extra["lossless"]).sum())
        origin += f", a reconstruction with {lossy:,} rows not lossless"
    about = {"provenance": f"{origin}.", "report": lines}
    return FaceSet("fer2013", **columns, extra=extra, **about)


def read_csv(path: Path) -> dict[str, np.ndarray]:
    """Images, labels and splits of ``fer2013.csv`` or its Kaggle variant.

    Its columns are emotion (0 to 6), pixels (2,304 numbers from 0 to 255) and Usage
    (the split), in any order.  ``FerError`` at the first row that is not so.
    """
    images, labels, splits = [], [], []
    rows = read_table(path, ("emotion", "pixels", "Usage"))
    with tqdm(rows, desc=path.name, unit=" rows") as rows:
        for line, (emotion, pixels, usage) in rows:
            if emotion not in _EMOTIONS:
                raise wrong(path, line, "emotion", emotion, "0 to 6")
            if usage not in SPLITS:
                raise wrong(path, line, "Usage", usage, " or ".join(SPLITS))
            images.append(_pixels(path, line, pixels))
            labels.append(_EMOTIONS[emotion])
            splits.append(usage)
    if not images:
        raise FerError(
            f"{path}: found no row below the header, expected {_ROWS:,}; get "
            "the file again."
        )
    flat = np.frombuffer(bytearray().join(images), dtype=np.uint8)
    return {
        "images": flat.reshape(-1, 1, SIDE, SIDE),
        "labels": np.array(labels, dtype=np.int64),
        "splits": np.array(splits),
    }


def _pixels(path: Path, line: int, text: str) -> bytes:
    if not text.encode().translate(None, b"0123456789 "):
        found = np.fromstring(text, np.int64, sep=" ")
        if len(found) == SIDE * SIDE and found.max() < 256:
            return found.astype(np.uint8).tobytes()
    # Four times slower, but it tells which word is wrong.
    words = text.split()
    if len(words) != SIDE * SIDE:
        raise wrong(path, line, "number of pixels", f"{len(words):,}", "2,304")
    try:
        return bytes(map(_PIXELS.__getitem__, words))
    except KeyError as error:
        raise wrong(path, line, "a pixel", error.args[0], "0 to 255") from None


def _read_exact(path: Path, count: int) -> dict[str, np.ndarray]:
    """Marks of a reconstruction, ``bool [count]`` each.

    The columns are row (from 0, in order), lossless (1 when pixels are the
    original's) and label_ambiguous (1 when equal images of one split have
    different labels).
    """
    marks = []
    columns = ("row", "lossless", "label_ambiguous")
    for line, (row, *flags) in read_table(path, columns):
        if row != str(len(marks)):
            raise wrong(path, line, "row", row, str(len(marks)))
        for name, flag in zip(columns[1:], flags, strict=True):
            if flag not in _FLAGS:
                raise wrong(path, line, name, flag, "0 or 1")
        marks.append([_FLAGS[flag] for flag in flags])
    if len(marks) != count:
        raise FerError(
            f"{path}: found {len(marks)} rows, expected {count} as in "
            "fer2013.csv; remove the file or get both again."
        )
    table = np.array(marks, dtype=bool).reshape(-1, 2)
    return dict(zip(columns[1:], table.T.copy(), strict=True))


def _read_folders(layout: Layout) -> tuple[list, str]:
    # Beside a folder of PublicTest, "test" is PrivateTest.
    test = "PrivateTest" if "PublicTest" in layout.parts else MERGED
    rows = [
        row | {"splits": _split(row["file"], test if part == MERGED else part)}
        for part, place in layout.parts.items()
        for row in by_class(place, _label, _ADVICE)
    ]
    tests = {row["splits"] for row in rows} - {"Training"}
    if MERGED in tests and len(tests) > 1:
        odd = next(row["file"] for row in rows if row["splits"] == MERGED)
        raise FerError(
            f"{odd}: the name does not begin with PublicTest_ "
            "or PrivateTest_ as other test images do, expected all or none; "
            "rename or remove it."
        )
    text = f"FER2013 from {len(rows):,} image files"
    if MERGED in tests:
        text += ", PublicTest and PrivateTest merged to Test because the file "
        text += "names do not tell them apart"
    return rows, f"{text}; FER+ votes need fer2013.csv, whose row order folders lack"


def _read_votes(layout: Layout) -> tuple[list, str]:
    """FER+'s own folders: images, and votes by their names."""
    rows = []
    for part, place in layout.parts.items():
        known = {file.name: file for file in images(entries(place)[1])}
        for where, name, votes in read_named_votes(place / LABELS_FILE):
            if name not in known:
                raise FerError(
                    f"{where}: no image {name} found in {place}, or a line before has "
                    "it, too; write the images again with FER+'s own program."
                )
            row = {"file": known.pop(name), "splits": part, "votes": votes}
            label = int(argmax_labels(votes[None], 8)[0][0])
            extra = {"ferplus_named": True, "ferplus_labels": True}
            rows.append(row | {"labels": label} | extra)
    return rows, f"FER2013 from FER+'s folders, {len(rows):,} images labelled by votes"


_ADVICE = "rename or remove it, or read the images as the data set 'folder'"


def _label(name: str) -> int | None:
    """By FER2013's own number, or by name."""
    return _EMOTIONS.get(name, label_of_seven(name))


def _split(file: Path, part: str) -> str:
    """The split of a file, which its name may tell (``PublicTest_12.png``)."""
    named = _NAMED.match(file.name)
    split = named[1] if named else part
    if split != part and (part != MERGED or split == "Training"):
        raise FerError(
            f"{file}: the name says {split}, but the file lies in '{part}'; move "
            "it to the other folder or rename it."
        )
    return split
