"""SFEW 2.0: frames of feature films in seven expressions.

Source: Dhall et al., "Video and image based emotion recognition challenges
in the wild: EmotiW 2015", ICMI 2015; the set itself: Dhall et al., ICCV
Workshops 2011.
"""

from functools import partial
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.tree import by_class, holding, locate
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, label_of, label_of_seven

CLASSES = EXPRESSIONS[:7]
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
        aligned: the authors' aligned faces (``Train_Aligned_Faces/Angry/``),
            or whole frames (``Train/Angry/``).
    """
    parts, aligned = {}, bool(aligned)
    for split, names in FOLDERS[aligned].items():
        place = locate(root, *names)
        parts[split] = holding(place, range(7), label_of) if place else None
    if not all(parts.values()):
        wanted = [FOLDERS[aligned][s][0] for s, folder in parts.items() if not folder]
        raise FerError(
            f"{root}: no SFEW found, looked for {' and '.join(wanted)} with the "
            f"class folders {', '.join(CLASSES)}; name the folder above, or ask for "
            f"the other form with the option aligned={str(not aligned).lower()}."
        )
    return converted(
        "sfew", root, parts.values(), partial(_read, parts, aligned),
        size=size, channels=channels, cache=cache, aligned=aligned,
    )  # fmt: skip


def _read(parts: dict[str, Path], aligned: bool) -> tuple[list, str]:
    rows = [
        row | {"splits": split}
        for split, place in parts.items()
        for row in by_class(place, label_of_seven, "rename or remove it")
    ]
    if lacking := set(parts) - {row["splits"] for row in rows}:
        raise FerError(
            f"{parts[min(lacking)]}: found no image in its class folders, "
            "expected 958 for training and 436 for validation; unpack them again."
        )
    text = f"SFEW 2.0, {len(rows):,} {'aligned faces' if aligned else 'whole frames'}"
    return rows, f"{text}; its test labels are not public"
