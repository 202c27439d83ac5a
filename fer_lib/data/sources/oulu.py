"""Oulu-CASIA: recordings of 80 people in six expressions.

Source: Zhao et al., "Facial expression recognition from near-infrared
videos", Image and Vision Computing 29, 2011: 480 sequences for each camera
and light.
"""

import re
from functools import partial
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.tree import ends, entries, images, locate, subfolders
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, expression_index, label_of

CAMERAS, LIGHTS = ("VL", "NI"), ("Strong", "Weak", "Dark")
_PERSON = re.compile(r"P(\d{3})$", re.I)
_NEUTRAL = expression_index("neutral")


def load(
    root: Path | str,
    *,
    size: int | None = 96,
    channels: int = 3,
    camera: str = "VL",
    light: str = "Strong",
    cropped: bool = True,
    first: int = 0,
    last: int = 3,
    cache: Path | str | None = None,
) -> FaceSet:
    """Oulu-CASIA from folders like ``VL_Acropped/Strong/P001/Anger/``.

    ``subjects`` holds the number of P001, and ``sequences`` 10 times it plus
    the label of the expression.  ``extra["frame"]`` is the number in the
    file's name and ``extra["from_end"]`` 0 for the last frame.  All are in
    ``split`` "All": there are no official splits.

    Args:
        root: the folder above those of the cameras.
        size: side of the images in pixels, stretched where they are not
            square; None keeps the files' own.
        camera: ``"VL"``, visible light, or ``"NI"``, near infrared.
        light: ``"Strong"``, ``"Weak"`` or ``"Dark"``.
        cropped: the authors' face crops, or whole frames.
        first: frames from the beginning of a sequence, taken as neutral.
        last: frames from its end, with the sequence's expression.
    """
    if camera not in CAMERAS or light not in LIGHTS:
        raise FerError(
            f"Oulu-CASIA: camera is {camera!r} and light {light!r}, expected "
            f"{' or '.join(CAMERAS)}, and {', '.join(LIGHTS)}."
        )
    name = f"{camera}_Acropped" if cropped else camera
    place = locate(root, name)
    folder = place and locate(place, light)
    if not folder:
        raise FerError(
            f"{root}: no such part of Oulu-CASIA found, looked for "
            f"{name}/{light}/P001/Anger/; name the folder above {name}, or ask "
            "for another camera, light or cropped."
        )
    text = f"Oulu-CASIA, {name}, light {light}"
    return converted(
        "oulu", root, [folder], partial(_read, folder, text, first, last),
        spare="frames between the first and the last", size=size, channels=channels,
        cache=cache, first=first, last=last,
    )  # fmt: skip


def _read(folder: Path, text: str, first, last) -> tuple[list, str]:
    recordings = [one for who in subfolders(folder) for one in subfolders(who)]
    rows = []
    for recording in recordings:
        subject, label = _ids(recording)
        files = images(entries(recording)[1])
        ids = {"subjects": subject, "sequences": 10 * subject + label}
        rows += [row | ids for row in ends(recording, files, first, last, label)]
    text += f", {len(recordings)} sequences, first {first} and last {last} frames"
    return rows, text


def _ids(recording: Path) -> tuple[int, int]:
    """Subject and label of ``P001/Anger``."""
    person, label = _PERSON.match(recording.parent.name), label_of(recording.name)
    if not person or label is None or label >= _NEUTRAL:
        raise FerError(
            f"{recording}: expected a person such as P001 and then one of "
            f"{', '.join(EXPRESSIONS[:_NEUTRAL])}; rename or remove the folder."
        )
    return int(person[1]), label
