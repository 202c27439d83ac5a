"""FERG-DB: drawings of six characters in seven expressions.

Source: Aneja et al., "Modeling stylized character expressions via deep
learning", ACCV 2016: 55,767 images.
"""

from functools import partial
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.published import missing
from fer_lib.data.sources.tree import by_class, holding, subfolders
from fer_lib.expressions import label_of

CHARACTERS = ("aia", "bonnie", "jules", "malcolm", "mery", "ray")


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
    """
    folder = holding(root, CHARACTERS)
    if not folder:
        raise missing("ferg", root)
    people = [f for f in subfolders(folder) if f.name.lower() in CHARACTERS]
    read = partial(_read, people)
    return converted(
        "ferg", root, people, read, size=size, channels=channels, cache=cache
    )


def _read(people: list[Path]) -> tuple[list, str]:
    rows, advice = [], "rename or remove it"
    for person in people:
        name = person.name.lower()

        def label(folder: str, name: str = name) -> int | None:
            character, _, expression = folder.rpartition("_")
            return label_of(expression) if character.lower() in ("", name) else None

        who = {"subjects": CHARACTERS.index(name)}
        rows += [row | who for row in by_class(person, label, advice)]
    return rows, f"FERG, {len(rows):,} drawings of {len(people)} characters"
