"""JAFFE: 213 grey photographs of ten women in seven expressions.

Source: Lyons et al., "Coding facial expressions with Gabor wavelets", FG
1998.
"""

import re
from functools import partial
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.published import missing
from fer_lib.data.sources.tree import images, walk
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index

SUBJECTS = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
CODES = {
    "AN": "angry",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happy",
    "SA": "sad",
    "SU": "surprise",
    "NE": "neutral",
}
_NAME = rf"({'|'.join(SUBJECTS)})[.-]({'|'.join(CODES)})(\d+)[.-](\d+)$"
_NAME = re.compile(_NAME, re.I)


def load(
    root: Path | str,
    *,
    size: int | None = None,
    channels: int = 1,
    cache: Path | str | None = None,
) -> FaceSet:
    """JAFFE from files named like KA.AN1.39.tiff, flat or in any folders.

    ``subjects`` numbers the women from 0 in the order of ``SUBJECTS``.
    ``sequences`` is shared by the two to four nearly equal shots of one
    woman with one expression (10 times the subject plus the label);
    ``extra["shot"]`` tells them apart, and ``extra["number"]`` is the
    picture's number in the whole set.  All are in ``split`` "All": JAFFE
    has no official splits.

    Args:
        root: the folder of the images, or one above it.
        size: side of the images in pixels; None keeps the files' 256.
    """
    root = Path(root).expanduser()
    files = images(walk(root))
    if not any(_NAME.match(file.stem) for file in files):
        raise missing("jaffe", root)
    return converted(
        "jaffe", root, [root], partial(_read, files),
        size=size, channels=channels, cache=cache,
    )  # fmt: skip


def _read(files: list[Path]) -> tuple[list, str]:
    found: dict[tuple, Path] = {}
    for file in files:
        if (key := _key(file)) in found:
            raise FerError(
                f"{file}: is the same picture as {found[key]} by its name, "
                "expected each once; remove one."
            )
        found[key] = file
    rows = [
        {
            "file": file, "labels": label, "subjects": subject,
            "sequences": 10 * subject + label, "shot": shot, "number": number,
        }
        for (subject, label, shot, number), file in sorted(found.items())
    ]  # fmt: skip
    return rows, f"JAFFE, {len(rows)} images"


def _key(file: Path) -> tuple[int, int, int, int]:
    """Subject, label, shot and number of ``KA.AN1.39.tiff``."""
    named = _NAME.match(file.stem)
    if not named:
        raise FerError(
            f"{file}: is not named like KA.AN1.39.tiff (woman, expression and "
            f"shot, number), expected one of {', '.join(SUBJECTS)} and one of "
            f"{', '.join(CODES)}; rename or remove it."
        )
    who, expression, shot, number = (part.upper() for part in named.groups())
    label = expression_index(CODES[expression])
    return SUBJECTS.index(who), label, int(shot), int(number)
