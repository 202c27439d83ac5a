"""RAF-DB, basic expressions: 15,339 aligned faces from the web.

Source: Li, Deng and Du, "Reliable crowdsourcing and deep locality-preserving
learning for expression recognition in the wild", CVPR 2017.
"""

from collections import Counter
from functools import partial
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.published import missing
from fer_lib.data.sources.tree import entries, images, locate
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index

LABELS_FILE = "list_patition_label.txt"  # spelt so by its authors
# The list's codes 1 to 7, by the book's names.
CODES = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
_LABELS = {str(code): expression_index(name) for code, name in enumerate(CODES, 1)}
SPLITS = ("train", "test")


def load(
    root: Path | str,
    *,
    size: int | None = None,
    channels: int = 3,
    cache: Path | str | None = None,
) -> FaceSet:
    """RAF-DB from ``Image/aligned`` and ``EmoLabel/list_patition_label.txt``.

    Splits are ``train`` and ``test``, in the order of the list.  Who is
    shown is not published.

    Args:
        root: the folder of ``Image`` and ``EmoLabel`` (``basic``), or one
            above it.
        size: side of the images in pixels; None keeps the files' 100.
    """
    aligned, labels = locate(root, "aligned"), locate(root, "EmoLabel")
    if not aligned or not labels or not (labels / LABELS_FILE).is_file():
        raise missing("rafdb", root)
    table = labels / LABELS_FILE
    return converted(
        "rafdb", [aligned, table], partial(_read, aligned, table),
        size=size, channels=channels, cache=cache,
    )  # fmt: skip


def _read(aligned: Path, table: Path, left_out: Counter) -> tuple[list, str]:
    rows = []
    present = {file.name: file for file in images(entries(aligned)[1], left_out)}
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FerError(
            f"{table}: cannot be read as text ({error}), expected lines like "
            "'train_00001.jpg 5'; get the file again."
        ) from error
    for number, line in enumerate(lines, 1):
        name, label = _fields(table, number, line)
        file = present.pop(f"{Path(name).stem}_aligned.jpg", None)
        if file is None:
            raise FerError(
                f"{table}, line {number}: {name} has no aligned image in "
                f"{aligned}, or a line before has it, too; get the images or "
                "the list again."
            )
        split = name.partition("_")[0]
        rows.append({"file": file, "labels": label, "splits": split})
    if present or not rows:
        raise FerError(
            f"{aligned}: found {len(rows)} images that {LABELS_FILE} lists "
            f"and {len(present)} that it does not ({', '.join(present)[:60]}), "
            "expected none of these; get both again."
        )
    return rows, f"RAF-DB, {len(rows):,} aligned faces, basic expressions"


def _fields(table: Path, number: int, line: str) -> tuple[str, int]:
    """File name and label of one line."""
    name, _, code = line.strip().partition(" ")
    split, _, rest = name.partition("_")
    if code not in _LABELS or split not in SPLITS or not rest.endswith(".jpg"):
        raise FerError(
            f"{table}, line {number}: found {line[:40]!r}, expected "
            "train_ or test_, a number, .jpg, a blank and a code from 1 to 7; "
            "get the file again."
        )
    return name, _LABELS[code]
