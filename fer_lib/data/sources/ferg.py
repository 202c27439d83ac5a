"""FERG-DB: drawings of six characters in seven expressions.

Source: Aneja et al., "Modeling stylized character expressions via deep
learning", ACCV 2016: 55,767 images.
"""

from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import Images, Listing, cached
from fer_lib.data.sources.folders import files_in, holding, subfolders
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index
from fer_lib.photos.images import Picture

CHARACTERS = ("aia", "bonnie", "jules", "malcolm", "mery", "ray")
FOLDERS = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "joy": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprise",
}


def load(
    root: Path | str,
    *,
    size: int | None = 48,
    channels: int = 3,
    cache: Path | str | None = None,
) -> FaceSet:
    """FERG from folders like ``aia/aia_anger/``.

    ``subjects`` numbers the characters in the order of ``CHARACTERS``.  All
    are in ``split`` "All": FERG has no official splits.

    Args:
        root: the folder of the six characters, or one above it.
        size: side of the images in pixels; None keeps the files' 256, which
            is 11 GB in colour.
        channels: 1 for grey, 3 for RGB.
        cache: folder for the converted set; the user's cache by default.

    Raises:
        FerError: when nothing is found, or at the first wrong file.
    """
    folder = holding(root, CHARACTERS)
    if not folder:
        raise FerError(
            f"{root}: no FERG found, looked for folders {', '.join(CHARACTERS)} "
            "with folders like aia/aia_anger in them; name the folder that "
            "holds the six."
        )
    people = [f for f in subfolders(folder) if f.name.lower() in CHARACTERS]
    images = Images(size, channels)
    return cached("ferg", people, lambda: _listing(people), images, {}, cache)


def _listing(people: list[Path]) -> Listing:
    rows = []
    for person in people:
        subject = CHARACTERS.index(person.name.lower())
        for folder in subfolders(person):
            label = _label(folder)
            rows += [(Picture(file), label, subject) for file in files_in(folder)]
    if not rows:
        raise FerError(
            f"{people[0].parent}: found no image in the folders of the "
            "characters, expected 55,767; unpack the archive again."
        )
    pictures, labels, subjects = zip(*rows, strict=True)
    return Listing(
        "ferg",
        list(pictures),
        np.array(labels),
        np.full(len(rows), "All"),
        f"FERG, {len(rows):,} drawings of {len(people)} characters.",
        columns={"subjects": np.array(subjects)},
    )


def _label(folder: Path) -> int:
    character, _, expression = folder.name.lower().rpartition("_")
    if expression not in FOLDERS or character not in ("", folder.parent.name.lower()):
        raise FerError(
            f"{folder}: is no folder of an expression, expected "
            f"{folder.parent.name}_ and one of {', '.join(FOLDERS)}; rename or "
            "remove it."
        )
    return expression_index(FOLDERS[expression])
