"""FER2013: 35,887 grey faces of 48 x 48 pixels in seven expressions.

Source: Goodfellow et al., "Challenges in representation learning: a report
on three machine learning contests", 2013.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet, kept
from fer_lib.data.sources.ferplus import VOTES_FILE, read_votes
from fer_lib.data.sources.published import PUBLISHED
from fer_lib.data.sources.tables import read_table, wrong
from fer_lib.data.sources.tree import by_class, entries, manifest, subfolders, told
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, label_of
from fer_lib.photos.images import read_image

SIDE = 48
CLASSES = EXPRESSIONS[:7]
SPLITS = ("Training", "PublicTest", "PrivateTest")
MERGED = "Test"
CSV_NAMES = ("fer2013.csv", "icml_face_data.csv", "fer2013/fer2013.csv")
EXACT_FILE = "exact.csv"
# Folders of a split, in any case; "test" may hold both test splits.
FOLDERS = {
    **dict.fromkeys(("train", "training"), "Training"),
    **dict.fromkeys(("val", "valid", "validation", "publictest"), "PublicTest"),
    "privatetest": "PrivateTest",
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
        beside = self.folder / name
        return beside if self.table and beside.is_file() else None

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
    for name in CSV_NAMES:
        if (root / name).is_file():
            return Layout((root / name).parent, root / name)
    parts = {}
    for folder in subfolders(root) if root.is_dir() else ():
        if split := FOLDERS.get(folder.name.lower()):
            if split in parts:
                raise FerError(
                    f"{root}: {parts[split].name} and {folder.name} both hold "
                    f"{split}, expected one of them; move the other away."
                )
            parts[split] = folder
    if parts:
        return Layout(root, None, parts)
    raise FerError(
        f"{root}: no FER2013 found, looked for {', '.join(CSV_NAMES)} and "
        "for images in train/<expression>/ and test/<expression>/; name the "
        "folder that holds one of them, or run `ferbook data get fer2013`."
    )


def load(root: Path | str, cache: Path | str | None = None) -> FaceSet:
    """FER2013, converted once and then read from a checked cache.

    Splits are ``Training``, ``PublicTest`` and ``PrivateTest``.  In image folders
    ``validation`` is PublicTest; a folder ``test`` without another test split has
    one ``Test`` for both, unless the file names tell them apart.  FER+'s
    ``fer2013new.csv`` beside the CSV file adds ``votes`` and
    ``extra["ferplus_named"]``; ``exact.csv`` of a reconstruction adds
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
    about = f"version {_VERSION}\n{manifest([*layout.files, *layout.parts.values()])}"
    read = _read_table if layout.table else _read_folders
    return kept("fer2013", about, lambda _: read(layout), cache)


def _read_table(layout: Layout) -> FaceSet:
    columns, extra = read_csv(layout.table), {}
    count = len(columns["labels"])
    origin = f"FER2013 from {layout.table.name}, {count:,} rows"
    if count != _ROWS:
        origin += f" (the official file has {_ROWS:,})"
    if votes := layout.companion(VOTES_FILE):
        columns["votes"], extra["ferplus_named"] = read_votes(votes, columns["splits"])
        origin += f", FER+ votes from {votes.name} joined by row"
    if exact := layout.companion(EXACT_FILE):
        extra |= _read_exact(exact, count)
        lossy = int((~extra["lossless"]).sum())
        origin += f", a reconstruction with {lossy:,} rows not lossless"
    return FaceSet("fer2013", **columns, extra=extra, provenance=origin + ".")


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


def _read_folders(layout: Layout) -> FaceSet:
    left_out, rows = Counter(), []
    # Beside a folder of PublicTest, "test" is PrivateTest.
    test = "PrivateTest" if "PublicTest" in layout.parts else MERGED
    for part, place in layout.parts.items():
        rows += [
            (*row.values(), _split(row["file"], test if part == MERGED else part))
            for row in by_class(place, _label, left_out)
        ]
    for beside in entries(layout.folder):
        others = [e for e in beside if e not in layout.parts.values()]
        left_out.update(entry.name for entry in others)
    if not rows:
        raise FerError(
            f"{layout.folder}: found no image in {', '.join(layout.parts)}, expected "
            "train/happy/1.png and others; unpack the archive again."
        )
    files, labels, splits = zip(*rows, strict=True)
    tests = set(splits) - {"Training"}
    if MERGED in tests and len(tests) > 1:
        raise FerError(
            f"{files[splits.index(MERGED)]}: the name does not begin with PublicTest_ "
            "or PrivateTest_ as other test images do, expected all or none; "
            "rename or remove it."
        )
    with tqdm(files, desc="image folders") as bar:
        images = np.stack([_image(file) for file in bar])
    text = f"FER2013 from {len(files):,} image files"
    if MERGED in tests:
        text += ", PublicTest and PrivateTest merged to Test because the file "
        text += "names do not tell them apart"
    text += "; FER+ votes need fer2013.csv, whose row order folders lack"
    text += told(left_out) + "."
    return FaceSet("fer2013", images, np.array(labels), np.array(splits), text)


def _label(name: str) -> int | None:
    label = label_of(name)
    return label if label is not None and label < len(CLASSES) else None


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


def _image(file: Path) -> np.ndarray:
    pixels = read_image(file, channels=1)
    if pixels.shape[1:] != (SIDE, SIDE):
        _, height, width = pixels.shape
        raise FerError(
            f"{file}: found {width} x {height} pixels, expected 48 x 48; "
            "get the original file."
        )
    return pixels
