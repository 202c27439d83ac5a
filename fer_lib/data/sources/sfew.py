"""SFEW 2.0: frames of feature films in seven expressions.

Source: Dhall et al., "Video and image based emotion recognition challenges
in the wild: EmotiW 2015", ICMI 2015; the set itself: Dhall et al., ICCV
Workshops 2011.
"""

from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import Images, Listing, cached
from fer_lib.data.sources.folders import files_in, holding, locate, subfolders
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.photos.images import Picture

CLASSES = EXPRESSIONS[:7]  # its folders have the book's names
# The folders of each split: given the frames, or the aligned faces.
FOLDERS = {
    False: {"train": ("Train",), "val": ("Val",)},
    True: {
        "train": ("Train_Aligned_Faces",),
        "val": ("Val_Aligned_Faces", "Val_Aligned_Faces_new"),
    },
}


def load(
    root: Path | str,
    *,
    size: int | None = 96,
    channels: int = 3,
    aligned: bool = True,
    cache: Path | str | None = None,
) -> FaceSet:
    """SFEW 2.0 from class folders, ``train`` and ``val``.

    The labels of its test split were never published.  Nor is it published
    who is shown; the splits share nobody.

    Args:
        root: the folder above those of the splits.
        size: side of the images in pixels, stretched where they are not
            square (aligned faces are 143 x 181); None keeps them.
        channels: 1 for grey, 3 for RGB.
        aligned: the authors' aligned faces (``Train_Aligned_Faces/Angry/``),
            or whole frames (``Train/Angry/``).
        cache: folder for the converted set; the user's cache by default.

    Raises:
        FerError: when nothing is found, or at the first wrong file.
    """
    parts = {}
    for split, names in FOLDERS[bool(aligned)].items():
        place = locate(root, *names)
        parts[split] = holding(place, CLASSES) if place else None
    if not all(parts.values()):
        lacking = [s for s, folder in parts.items() if not folder]
        wanted = [FOLDERS[bool(aligned)][split][0] for split in lacking]
        raise FerError(
            f"{root}: no SFEW found, looked for {' and '.join(wanted)} with the "
            f"class folders {', '.join(CLASSES)}; name the folder above, or "
            f"pass aligned={not aligned} if it holds the other form."
        )
    images, options = Images(size, channels), {"aligned": bool(aligned)}
    return cached(
        "sfew",
        parts.values(),
        lambda: _listing(parts, aligned),
        images,
        options,
        cache,
    )


def _listing(parts: dict[str, Path], aligned: bool) -> Listing:
    rows = []
    for split, place in parts.items():
        for folder in subfolders(place):
            if folder.name.lower() not in CLASSES:
                raise FerError(
                    f"{folder}: is no class of SFEW, expected "
                    f"{', '.join(CLASSES)}; rename or remove it."
                )
            label = CLASSES.index(folder.name.lower())
            rows += [(Picture(file), label, split) for file in files_in(folder)]
    lacking = set(parts) - {split for *_, split in rows}
    if lacking:
        raise FerError(
            f"{parts[min(lacking)]}: found no image in its class folders, "
            "expected 958 for training and 436 for validation; unpack again."
        )
    pictures, labels, splits = zip(*rows, strict=True)
    kind = "aligned faces" if aligned else "whole frames"
    told = f"SFEW 2.0, {len(rows):,} {kind}; its test labels are not public."
    return Listing("sfew", list(pictures), np.array(labels), np.array(splits), told)
