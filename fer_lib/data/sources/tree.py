"""The folders and files of a data set below the folder that was named.

Every visible entry is read, counted as left out, or refused.  Links are
followed.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.expressions import expression_index
from fer_lib.photos.images import ENDINGS, KINDS, UNREAD

_DEPTH = 3  # levels that archives and people add
_NUMBER = re.compile(r"(\d+)$")


def entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Subfolders and files of a folder, sorted; hidden ones aside."""
    try:
        with os.scandir(folder) as found:
            shown = sorted((e.name, e.is_dir()) for e in found if e.name[0] != ".")
    except OSError as error:
        raise FerError(
            f"{folder}: cannot be read ({error.strerror}), expected a folder "
            "of a data set; name another one."
        ) from error
    folders = [folder / name for name, is_folder in shown if is_folder]
    return folders, [folder / name for name, is_folder in shown if not is_folder]


def subfolders(folder: Path) -> list[Path]:
    """Folders in a folder, sorted; see :func:`entries`."""
    return entries(folder)[0]


def walk(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Files at any depth; a link to a folder above is not followed again."""
    above = above | {folder.resolve()}
    folders, files = entries(folder)
    yield from files
    for inner in folders:
        if inner.resolve() not in above:
            yield from walk(inner, above)


def images(files: Iterable[Path], left_out: Counter) -> list[Path]:
    """The image files among some, sorted; the kinds of the others are counted."""
    found = []
    for file in files:
        ending = file.suffix.lower()
        if ending in UNREAD:
            raise FerError(
                f"{file}: is a picture of the kind {ending[1:].upper()}, which "
                f"cannot be read, expected {KINDS}; convert or remove it."
            )
        if ending in ENDINGS:
            found.append(file)
        else:
            left_out[ending or file.name] += 1
    return sorted(found)


def told(left_out: Counter) -> str:
    """The end of a sentence that counts what was left out; empty for nothing."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(left_out.items()))
    return f"; left out: {kinds}" if kinds else ""


def by_class(
    place: Path, label: Callable[[str], int | None], left_out: Counter
) -> list[dict]:
    """Images of a folder whose subfolders are named by class, in rows.

    Args:
        place: the folder.
        label: of the name of a subfolder; None where it names no class.
        left_out: receives what else lies there.

    Returns:
        ``file`` and ``labels`` of each image.
    """
    folders, files = entries(place)
    if beside := images(files, left_out):
        raise FerError(
            f"{beside[0]}: lies in no folder of a class, expected one such as "
            f"{(folders or [place])[0].name}/{beside[0].name}; move or remove it."
        )
    rows = []
    for folder in folders:
        if folder.name == "__MACOSX":
            left_out[folder.name] += 1
            continue
        found = label(folder.name)
        if found is None:
            raise FerError(
                f"{folder}: '{folder.name}' is no class that is known, found "
                f"{', '.join(f.name for f in folders)[:200]}; rename or remove it."
            )
        files = images(walk(folder), left_out)
        if not files:
            left_out[f"{folder.name} without images"] += 1
        rows += [{"file": file, "labels": found} for file in files]
    return rows


def locate(root: Path | str, *names: str) -> Path | None:
    """The nearest folder with one of these names, upper and lower case alike.

    Of a folder inside a folder of the same name, the inner one is meant.
    """
    wanted = {name.lower() for name in names}
    found = _nearest(root, lambda folder: folder.name.lower() in wanted)
    while found and (found / found.name).is_dir():
        found = found / found.name
    return found


def holding(root: Path | str, names: Iterable[str]) -> Path | None:
    """The nearest folder that holds a folder of each of these names."""
    wanted = {name.lower() for name in names}
    return _nearest(
        root, lambda folder: wanted <= {f.name.lower() for f in subfolders(folder)}
    )


def _nearest(root: Path | str, fits: Callable[[Path], bool]) -> Path | None:
    """The folder that fits, at or a few levels below another one."""
    root = Path(root).expanduser()
    level = [root]
    for _ in range(_DEPTH + 1):
        found = [folder for folder in level if fits(folder)]
        if len(found) > 1:
            raise FerError(
                f"{root}: holds {found[0].relative_to(root)} and "
                f"{found[1].relative_to(root)}, expected one of them; name "
                "the one that is meant, or its own parent folder."
            )
        if found:
            return found[0]
        level = [child for folder in level for child in subfolders(folder)]
    return None


def manifest(sources: Iterable[Path]) -> str:
    """Hash over name, size and times of change of all files, also in folders."""
    digest = hashlib.sha256()
    for source in sources:
        for file in sorted(walk(source)) if source.is_dir() else [source]:
            about = file.stat()
            digest.update(
                f"{file.relative_to(source.parent).as_posix()} {about.st_size} "
                f"{about.st_mtime_ns} {about.st_ctime_ns}\n".encode()
            )
    return digest.hexdigest()


def ends(files: list[Path], first: int, last: int, label: int) -> list[dict]:
    """The first and the last frames of one recording, in time, in rows.

    Args:
        files: all frames of it, in any order; their names end with numbers.
        first: frames taken from the beginning, where the face is neutral.
        last: frames taken from the end, the apex.
        label: of the last ones.

    Returns:
        ``file``, ``labels``, ``frame``, its number, and ``from_end``, which is 0
        for the last one.
    """
    if first < 0 or last < 0 or not first + last:
        raise FerError(
            f"first is {first} and last is {last}, expected numbers of frames "
            "from 0, not both 0."
        )
    ordered = sorted(files, key=_frame_number)
    if len(ordered) < first + last:
        place = ordered[0].parent if ordered else "a recording"
        raise FerError(
            f"{place}: found {len(ordered)} frames, expected at least "
            f"{first + last} for the first {first} and the last {last}; get "
            "the recording again or ask for fewer."
        )
    rows = [
        {"file": file, "labels": label, "frame": _frame_number(file), "from_end": left}
        for file, left in zip(ordered, range(len(ordered) - 1, -1, -1), strict=True)
    ]
    neutral = {"labels": expression_index("neutral")}
    return [row | neutral for row in rows[:first]] + rows[len(rows) - last :]


def _frame_number(file: Path) -> int:
    found = _NUMBER.search(file.stem)
    if not found:
        raise FerError(
            f"{file}: the name does not end with a frame's number, expected "
            "one such as 00000017; rename or remove the file."
        )
    return int(found[1])
