"""Frames of recordings that go from a neutral face to an expression."""

import re
from dataclasses import dataclass
from pathlib import Path

from fer_lib.errors import FerError

_NUMBER = re.compile(r"(\d+)$")


@dataclass(frozen=True)
class Frame:
    """One frame of a recording.

    Attributes:
        file: the image.
        number: as the file name counts.
        from_end: 0 for the last frame of the recording, the apex.
        first: whether it was taken from the beginning, where the face is
            neutral.
    """

    file: Path
    number: int
    from_end: int
    first: bool


def frame_number(file: Path) -> int:
    """The number with which a file's name ends.

    Raises:
        FerError: when it ends with none.
    """
    found = _NUMBER.search(file.stem)
    if not found:
        raise FerError(
            f"{file}: the name does not end with a frame's number, expected "
            "one such as 00000017; rename or remove the file."
        )
    return int(found[1])


def ends(files: list[Path], first: int, last: int) -> list[Frame]:
    """The first and the last frames of one recording, in time.

    Args:
        files: all frames of it, in any order.
        first: frames taken from the beginning.
        last: frames taken from the end.

    Raises:
        FerError: when the recording is too short for both.
    """
    if first < 0 or last < 0 or not first + last:
        raise FerError(
            f"first is {first} and last is {last}, expected numbers of frames "
            "from 0, not both 0."
        )
    ordered = sorted(files, key=frame_number)
    if len(ordered) < first + last:
        place = ordered[0].parent if ordered else "a recording"
        raise FerError(
            f"{place}: found {len(ordered)} frames, expected at least "
            f"{first + last} for the first {first} and the last {last}; get "
            "the recording again or ask for fewer."
        )
    frames = [
        Frame(file, frame_number(file), len(ordered) - 1 - place, place < first)
        for place, file in enumerate(ordered)
    ]
    return frames[:first] + frames[len(frames) - last :]
