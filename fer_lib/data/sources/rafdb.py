"""RAF-DB, basic expressions: 15,339 aligned faces from the web.

Source: Li, Deng and Du, "Reliable crowdsourcing and deep locality-preserving
learning for expression recognition in the wild", CVPR 2017.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.published import missing
from fer_lib.data.sources.tables import read_text
from fer_lib.data.sources.tree import (
    by_class,
    entries,
    file_named,
    images,
    locate,
    nearest,
    subfolders,
)
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index

# Spelt so by its authors, and as others correct it.
LISTS = ("list_patition_label.txt", "list_partition_label.txt")
# The list's codes 1 to 7, by the book's names.
CODES = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
_LABELS = {str(code): expression_index(name) for code, name in enumerate(CODES, 1)}
SPLITS = ("train", "test")
_LINE = re.compile(r"((?:train|test)_\d+)(?:_aligned)?\.jpg[\s,;]+([1-7])", re.I)


def load(
    root: Path | str,
    *,
    size: int | None = None,
    channels: int = 3,
    cache: Path | str | None = None,
) -> FaceSet:
    """RAF-DB from ``Image/aligned`` and its list, or from Kaggle's class folders.

    Splits are ``train`` and ``test``, in the order of the list, which is that of
    the names in the folders ``train/1`` to ``test/7``.  Who is shown is not
    published.

    Args:
        root: the folder of ``Image`` and ``EmoLabel`` (``basic``), or of ``train``
            and ``test``, or one above it.
        size: side of the images in pixels; None keeps the files' 100.
    """
    aligned, table = locate(root, "aligned"), file_named(root, *LISTS)
    if aligned and table:
        files, tables = [aligned], [table]
    elif folder := nearest(root, lambda place: len(_parts(place)) == len(SPLITS)):
        files = _parts(folder)
        tables = [file_named(root, f"{split}_labels.csv") for split in SPLITS]
        tables = [one for one in tables if one]
    else:
        raise missing("rafdb", root)
    return converted(
        "rafdb", root, [*files, *tables], partial(_read, files, tables),
        size=size, channels=channels, cache=cache,
    )  # fmt: skip


def _parts(folder: Path) -> list[Path]:
    """``train`` and ``test`` with folders that are numbered by class."""
    parts = [one for one in subfolders(folder) if one.name.lower() in SPLITS]
    return [one for one in parts if {f.name for f in subfolders(one)} & set(_LABELS)]


def _read(files: list[Path], tables: list[Path]) -> tuple[list, str]:
    """Rows in the order of the lists, or of the numbers where there are none."""
    present = {}
    for folder in files:
        found = [{"file": file} for file in images(entries(folder)[1])]
        if len(files) > 1:
            found = by_class(folder, _LABELS.get, "rename or remove it")
            found = [row | {"splits": _split(row["file"])} for row in found]
        names = (row["file"].stem.lower().removesuffix("_aligned") for row in found)
        present |= dict(zip(names, found, strict=True))
    rows = []
    for where, name, label in _lines(tables):
        row = present.pop(name, None)
        if row is None or row.get("labels", label) != label:
            raise FerError(
                f"{where}: {name}.jpg has no image in {files[0].parent}, one of "
                "another class, or one of a line before; get images or list again."
            )
        rows.append({"splits": name.partition("_")[0]} | row | {"labels": label})
    if present and tables:
        raise FerError(
            f"{files[0]}: found {len(rows)} images that {tables[0].name} lists "
            f"and {len(present)} that it does not ({', '.join(present)[:60]}), "
            "expected none of these; get both again."
        )
    rows += [present[name] for name in sorted(present, key=_place)]
    return rows, f"RAF-DB, {len(rows):,} aligned faces, basic expressions"


def _place(name: str) -> tuple:
    """That of the list: training first, then by number."""
    return name[:2] != "tr", len(name), name


def _split(file: Path) -> str:
    """``train`` or ``test``, which folder and name have to say alike."""
    name, folder = file.name.partition("_")[0], file.parents[1].name.lower()
    if name != folder:
        raise FerError(
            f"{file}: lies in '{folder}', expected a name that begins with {folder}_, "
            "as in train_00001_aligned.jpg; rename or move it."
        )
    return name


def _lines(tables: list[Path]) -> Iterator[tuple[str, str, int]]:
    """Place, name and label of each line of the lists."""
    for table in tables:
        text = read_text(table, "lines like 'train_00001.jpg 5'")
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or (number == 1 and not re.search(r"\d", line)):
                continue  # the names of Kaggle's columns
            found = _LINE.fullmatch(line.strip())
            if not found:
                raise FerError(
                    f"{table}, line {number}: found {line[:40]!r}, expected "
                    "train_ or test_, a number, .jpg, a blank and a code from 1 to 7; "
                    "correct that line or get the file again."
                )
            yield f"{table}, line {number}", found[1].lower(), _LABELS[found[2]]
