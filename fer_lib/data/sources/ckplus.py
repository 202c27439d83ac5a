"""CK+: sequences of posed expressions, from neutral to the apex.

Source: Lucey et al., "The extended Cohn-Kanade dataset (CK+)", CVPR
Workshops 2010: 593 sequences of 123 people, 327 of them with a label.
"""

import re
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import Images, Listing, cached
from fer_lib.data.sources.folders import (
    files_below,
    files_in,
    holding,
    locate,
    subfolders,
)
from fer_lib.data.sources.landmark_files import box_around, read_landmarks
from fer_lib.data.sources.sequences import ends
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index
from fer_lib.photos.images import Picture

# The codes 0 to 7 of the emotion files, by the book's names.
CODES = (
    "neutral",
    "angry",
    "contempt",
    "disgust",
    "fear",
    "happy",
    "sad",
    "surprise",
)

# The class folders of the common 48-pixel version.
FOLDERS = {
    "anger": "angry",
    "contempt": "contempt",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "sadness": "sad",
    "surprise": "surprise",
}
_NEUTRAL = expression_index("neutral")
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
        channels: 1 for grey, 3 for RGB.
        first: neutral frames taken from the beginning of a sequence.
        last: frames taken from its end.
        face: ``"landmarks"``, a square around the file's landmarks; None,
            the whole frame (stretched to a square where ``size`` is given).
        margin: room around the landmarks, as a share of their extent.
        cache: folder for the converted set; the user's cache by default.

    Raises:
        FerError: when no layout is found, or at the first wrong file.
    """
    if face not in ("landmarks", None) or not 0 <= margin <= 2:
        raise FerError(
            f"CK+: face is {face!r} and margin {margin}, expected 'landmarks' "
            "or None, and 0 to 2."
        )
    images = Images(size, channels)
    options = {"first": first, "last": last, "face": face, "margin": margin}
    if frames := locate(root, "cohn-kanade-images"):
        labels = locate(root, "Emotion") or locate(root, "Emotion_labels")
        points = locate(root, "Landmarks")
        _ask_for(frames, labels, points, face)
        sources = [frames, labels, *([points] if points else [])]

        def listing():
            return _sequences(frames, labels, points, **options)

        return cached("ckplus", sources, listing, images, options, cache)
    if folder := holding(root, FOLDERS):
        options = {"last": last}
        sources = [f for f in subfolders(folder) if f.name.lower() in FOLDERS]
        return cached(
            "ckplus", sources, lambda: _folders(sources, last), images, options, cache
        )
    raise FerError(
        f"{root}: no CK+ found, looked for cohn-kanade-images/S010/004/ with "
        f"Emotion/ beside it, and for the class folders {', '.join(FOLDERS)}; "
        "name the folder that holds one of them."
    )


def _ask_for(frames, labels, points, face) -> None:
    if not labels:
        raise FerError(
            f"{frames}: no folder Emotion found near it, expected the labels "
            "of CK+ (Emotion_labels.zip); unpack them beside the images."
        )
    if face and not points:
        raise FerError(
            f"{frames}: no folder Landmarks found near it, expected the "
            "landmarks of CK+ (Landmarks.zip) for cropping; unpack them beside "
            "the images, or pass face=None for whole frames."
        )


def _sequences(frames, labels, points, first, last, face, margin) -> Listing:
    folders = [one for person in subfolders(frames) for one in subfolders(person)]
    rows, marks, unlabelled = [], [], 0
    for folder in tqdm(folders, desc="reading CK+", unit=" sequences"):
        place = folder.relative_to(frames)
        label = _label(labels / place, folder)
        if label is None:
            unlabelled += 1
            continue
        for frame in ends(files_in(folder), first, last):
            subject, sequence, number = _ids(frame.file)
            box = None
            if points:
                file = points / place / f"{frame.file.stem}_landmarks.txt"
                marks.append(read_landmarks(file))
                box = box_around(marks[-1], margin) if face else None
            shown = _NEUTRAL if frame.first else label
            ids = (shown, subject, sequence, number, frame.from_end)
            rows.append((Picture(frame.file, box), *ids))
    told = f"CK+, {len(folders) - unlabelled} labelled sequences, first {first} "
    told += f"and last {last} frames; {unlabelled} sequences have no label"
    return _listing(rows, told, frames, marks)


def _label(folder: Path, sequence: Path) -> int | None:
    """The label of a sequence; None when it has none."""
    files = files_in(folder, ["_emotion.txt"]) if folder.is_dir() else []
    if not files:
        return None
    text = files[0].read_text(encoding="utf-8", errors="replace").strip()
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


def _folders(folders: list[Path], last: int) -> Listing:
    labels, frames = {}, {}
    for folder in folders:
        label = expression_index(FOLDERS[folder.name.lower()])
        for file in files_below(folder):
            subject, sequence, _ = _ids(file)
            if labels.setdefault(sequence, label) != label:
                raise FerError(
                    f"{file}: the same sequence lies in another class folder, "
                    "too, expected one label a sequence; remove the wrong one."
                )
            frames.setdefault((subject, sequence), []).append(file)
    rows = [
        (Picture(one.file), labels[key[1]], *key, one.number, one.from_end)
        for key, files in sorted(frames.items())
        for one in ends(files, 0, min(last, len(files)))
    ]
    told = f"CK+48, {len(frames)} sequences, no neutral frames"
    return _listing(rows, told, folders[0].parent)


def _ids(file: Path) -> tuple[int, int, int]:
    """Subject, sequence and frame of ``S010_004_00000017.png``."""
    found = _NAME.match(file.stem)
    if not found:
        raise FerError(
            f"{file}: is not named like S010_004_00000017.png (person, "
            "sequence, frame); rename or remove it."
        )
    subject, sequence, number = map(int, found.groups())
    return subject, 1000 * subject + sequence, number


def _listing(rows: list, told: str, folder: Path, marks=()) -> Listing:
    if not rows:
        raise FerError(
            f"{folder}: found no labelled frame ({told}), expected 327 labelled "
            "sequences; get images and labels again."
        )
    pictures, *columns = zip(*rows, strict=True)
    labels, subjects, sequences, number, from_end = (np.array(c) for c in columns)
    return Listing(
        "ckplus",
        list(pictures),
        labels,
        np.full(len(rows), "All"),
        f"{told}.",
        np.stack(marks) if len(marks) else None,
        {"subjects": subjects, "sequences": sequences},
        {"frame": number, "from_end": from_end},
    )
