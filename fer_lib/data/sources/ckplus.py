"""CK+: sequences of posed expressions, from neutral to the apex.

Source: Lucey et al., "The extended Cohn-Kanade dataset (CK+)", CVPR
Workshops 2010: 593 sequences of 123 people, 327 of them with a label.
"""

import re
from functools import partial
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources import tree
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.published import missing
from fer_lib.data.sources.tables import read_landmarks, read_text
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index, label_of

# The codes 0 to 7 of the emotion files, by the book's names.
CODES = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
# The class folders of the common 48-pixel version are these, by any of their names.
_LABELS = {expression_index(name) for name in CODES[1:]}
_SPARE = "frames of other times, or without a label"
_NAME = re.compile(r"S(\d{3})_(\d{3})_(\d{8})$")


def load(
    root: Path | str,
    *,
    size: int | None = 48,
    channels: int = 1,
    first: int = 1,
    last: int = 3,
    face: str | None = "landmarks",
    margin: float = 0.2,
    cache: Path | str | None = None,
) -> FaceSet:
    """CK+ from its original sequences, or from the folders of CK+48.

    The first frames of a labelled sequence are neutral, the last ones show
    its expression; sequences without a label are left out and counted.
    ``subjects`` holds the number of S010, ``sequences`` 10004 for S010_004;
    ``extra["frame"]`` numbers the frames of a sequence, and
    ``extra["from_end"]`` is 0 for the last one.  All are in ``split`` "All":
    CK+ has no official splits.

    CK+48 has the last three frames alone, already cropped, and no
    landmarks; there ``first``, ``face`` and ``margin`` mean nothing.

    Args:
        root: the folder above ``cohn-kanade-images`` and ``Emotion``, or
            the one that holds the class folders.
        size: side of the images in pixels; None keeps the files' own.
        first: neutral frames taken from the beginning of a sequence.
        last: frames taken from its end.
        face: ``"landmarks"``, a square around the file's landmarks; None,
            the whole frame (stretched to a square where ``size`` is given).
        margin: room around the landmarks, as a share of their extent.
    """
    if face not in ("landmarks", None) or not 0 <= margin <= 2:
        raise FerError(
            f"CK+: face is {face!r} and margin {margin}, expected 'landmarks' "
            "or None, and 0 to 2."
        )
    stored = {"size": size, "channels": channels, "cache": cache}
    if frames := tree.locate(root, "cohn-kanade-images"):
        labels = tree.locate(root, "Emotion", "Emotion_labels")
        points = tree.locate(root, "Landmarks")
        if not labels:
            raise FerError(
                f"{frames}: no folder Emotion found near it, expected the labels "
                "of CK+ (Emotion_labels.zip); unpack them beside the images."
            )
        if face and not points:
            raise FerError(
                f"{frames}: no folder Landmarks found near it, expected the "
                "landmarks of CK+ (Landmarks.zip) for cropping; unpack them beside "
                "the images, or ask for whole frames with the option face=none."
            )
        sources = [frames, labels, *([points] if points else [])]
        options = {"first": first, "last": last, "face": face, "margin": margin}
        read = partial(_sequences, frames, labels, points, **options)
        own = ["_emotion.txt", "_landmarks.txt"]
        return converted(
            "ckplus", root, sources, read, own=own, spare=_SPARE, **stored, **options
        )
    if folder := tree.holding(root, _LABELS, label_of):
        read = partial(_folders, folder, last)
        return converted(
            "ckplus", root, [folder], read, spare=_SPARE, **stored, last=last
        )
    raise missing("ckplus", root)


def _sequences(frames, labels, points, first, last, face, margin) -> tuple[list, str]:
    folders = [one for who in tree.subfolders(frames) for one in tree.subfolders(who)]
    rows, unlabelled = [], 0
    for folder in tqdm(folders, desc="reading CK+", unit=" sequences"):
        place = folder.relative_to(frames)
        label = _label(labels / place, folder)
        if label is None:
            unlabelled += 1
            continue
        files = tree.images(tree.entries(folder)[1])
        for row in tree.ends(folder, files, first, last, label):
            row |= _ids(row["file"])
            if points:
                marks = points / place / f"{row['file'].stem}_landmarks.txt"
                row["landmarks"] = read_landmarks(marks)
                row["box"] = box_around(row["landmarks"], margin) if face else None
            rows.append(row)
    told = f"CK+, {len(folders) - unlabelled} labelled sequences, first {first} "
    told += f"and last {last} frames; {unlabelled} sequences have no label"
    return rows, told


def box_around(points: np.ndarray, margin: float) -> tuple[int, int, int, int]:
    """The square around landmarks ``[N, 2]``, with a margin, in whole pixels.

    Left, top, right and bottom, right and bottom excluded; parts may lie outside.
    """
    low, high = points.min(0), points.max(0)
    half = (0.5 + margin) * float((high - low).max())
    left, top = np.floor((low + high) / 2 - half).astype(int).tolist()
    side = max(1, int(np.ceil(2 * half)) + 1)
    return left, top, left + side, top + side


def _label(folder: Path, sequence: Path) -> int | None:
    """The label of a sequence; None when it has none."""
    files = tree.entries(folder)[1] if folder.is_dir() else []
    files = [file for file in files if file.name.endswith("_emotion.txt")]
    if not files:
        return None
    text = read_text(files[0], "a number from 0 (neutral) to 7").strip()
    try:
        code = float(text)
    except ValueError:
        code = -1.0
    if len(files) > 1 or code not in range(len(CODES)):
        raise FerError(
            f"{files[0]}: found {len(files)} files with {text[:24]!r}, expected "
            f"one for {sequence.name} with a number from 0 (neutral) to 7, such "
            "as 3.0000000e+00; get the labels again."
        )
    return expression_index(CODES[int(code)])


def _folders(folder: Path, last: int) -> tuple[list, str]:
    sequences: dict[int, list[dict]] = {}
    for row in tree.by_class(folder, label_of, "rename or remove it"):
        others = sequences.setdefault(_ids(row["file"])["sequences"], [])
        others.append(row)
        if row["labels"] != others[0]["labels"]:
            raise FerError(
                f"{row['file']}: the same sequence lies in another class folder, "
                "too, expected one label a sequence; remove the wrong one."
            )
    rows = []
    for _, found in sorted(sequences.items()):
        files = [row["file"] for row in found]
        taken = tree.ends(folder, files, 0, min(last, len(files)), found[0]["labels"])
        rows += [row | _ids(row["file"]) for row in taken]
    return rows, f"CK+48, {len(sequences)} sequences, no neutral frames"


def _ids(file: Path) -> dict[str, int]:
    """Subject and sequence of ``S010_004_00000017.png``."""
    found = _NAME.match(file.stem)
    if not found:
        raise FerError(
            f"{file}: is not named like S010_004_00000017.png (person, "
            "sequence, frame); rename or remove it."
        )
    subject, sequence, _ = map(int, found.groups())
    return {"subjects": subject, "sequences": 1000 * subject + sequence}
