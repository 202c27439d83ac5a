"""The layouts in which people have FER2013: one CSV file, or image folders."""

import re
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm.auto import tqdm

from fer_lib.data.sources.tables import read_table, wrong
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FER2013_TO_BOOK

SIDE = 48
SPLITS = ("Training", "PublicTest", "PrivateTest")
MERGED = "Test"

_PIXELS = {str(value): value for value in range(256)}
_EMOTIONS = {str(code): label for code, label in enumerate(FER2013_TO_BOOK)}
_FLAGS = {"0": False, "1": True}
_NAMED = re.compile(rf"({'|'.join(SPLITS)})_")


def read_csv(path: Path) -> dict[str, np.ndarray]:
    """Images, labels and splits of ``fer2013.csv`` or its Kaggle variant.

    Args:
        path: a CSV file with the columns emotion (0 to 6), pixels (2,304
            numbers from 0 to 255) and Usage (the split), in any order.

    Returns:
        ``images`` ``uint8 [N, 1, 48, 48]``, ``labels`` ``int64 [N]`` in the
        book's order and ``splits`` ``str [N]``.

    Raises:
        FerError: at the first row that is not as described.
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
            f"{path}: found no row below the header, expected 35,887; get "
            "the file again."
        )
    flat = np.frombuffer(bytearray().join(images), dtype=np.uint8)
    return {
        "images": flat.reshape(-1, 1, SIDE, SIDE),
        "labels": np.array(labels, dtype=np.int64),
        "splits": np.array(splits),
    }


def _pixels(path: Path, line: int, text: str) -> bytes:
    # Looking words up is as fast as a number parser, and takes no "+7".
    words = text.split()
    if len(words) != SIDE * SIDE:
        raise wrong(path, line, "number of pixels", f"{len(words):,}", "2,304")
    try:
        return bytes(map(_PIXELS.__getitem__, words))
    except KeyError as error:
        raise wrong(path, line, "a pixel", error.args[0], "0 to 255") from None


def read_exact(path: Path, count: int) -> dict[str, np.ndarray]:
    """Marks of a reconstruction, ``bool [N]`` each.

    Args:
        path: a CSV file with the columns row (from 0, in order), lossless
            (1 when pixels are the original's) and label_ambiguous (1 when
            equal images of one split have different labels).
        count: the number of faces.

    Raises:
        FerError: at the first row that is not as described.
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


def image_files(root: Path) -> list[Path]:
    """Image files below ``train`` and ``test``, in sorted order."""
    kinds = {".png", ".jpg", ".jpeg"}
    return sorted(
        file
        for part in ("train", "test")
        for file in (root / part).rglob("*")
        if file.suffix.lower() in kinds and not file.name.startswith(".")
    )


def read_folders(root: Path, files: list[Path]) -> dict[str, np.ndarray]:
    """Images, labels and splits of the layout ``train/happy/name.png``.

    The split stands in the file name (``PublicTest_12.png``).  Where no test
    image has it, the two test splits are one, named ``Test``.

    Args:
        root: the folder that holds ``train`` and ``test``.
        files: what :func:`image_files` found there.

    Returns:
        As :func:`read_csv`, one row a file, in the order of ``files``.

    Raises:
        FerError: at the first file that is wrongly placed or no 48 x 48
            image, and when only some test images name their split.
    """
    splits = np.array([_split(root, file) for file in files])
    labels = np.array([_label(root, file) for file in files])
    test = set(splits.tolist()) - {"Training"}
    if MERGED in test and len(test) > 1:
        odd = files[int(np.flatnonzero(splits == MERGED)[0])]
        raise FerError(
            f"{odd}: the name does not begin with PublicTest_ or "
            "PrivateTest_ as other test images do, expected all or none; "
            "rename or remove it."
        )
    with tqdm(files, desc="image folders") as bar:
        images = np.stack([_image(file) for file in bar])
    return {"images": images[:, None], "labels": labels, "splits": splits}


def _split(root: Path, file: Path) -> str:
    named = _NAMED.match(file.name)
    in_training = file.relative_to(root).parts[0] == "train"
    split = named[1] if named else "Training" if in_training else MERGED
    if in_training != (split == "Training"):
        part = "train" if in_training else "test"
        raise FerError(
            f"{file}: the name says {split}, but the file lies in "
            f"'{part}'; move it to the other folder or rename it."
        )
    return split


def _label(root: Path, file: Path) -> int:
    expected = EXPRESSIONS[: len(FER2013_TO_BOOK)]
    name = file.parent.name.lower()
    if name not in expected or len(file.relative_to(root).parts) != 3:
        raise FerError(
            f"{file}: lies in folder '{file.parent.name}', expected "
            f"train/ or test/ and then one of {', '.join(expected)}; move it."
        )
    return expected.index(name)


def _image(file: Path) -> np.ndarray:
    try:
        with Image.open(file) as image:
            pixels = np.asarray(image.convert("L"))
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise FerError(
            f"{file}: cannot be read as an image, expected a grey PNG or "
            "JPEG of 48 x 48 pixels; get the file again."
        ) from error
    if pixels.shape != (SIDE, SIDE):
        height, width = pixels.shape
        raise FerError(
            f"{file}: found {width} x {height} pixels, expected 48 x 48; "
            "get the original file."
        )
    return pixels
