"""The folders and files of a data set below the folder that was named.

Every visible entry is read, counted as left out, or refused.  Links are
followed.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index
from fer_lib.files import sha256_file
from fer_lib.photos.images import ENDINGS, KINDS, UNREAD

_DEPTH = 3  # levels that archives and people add
_WHOLE = 1 << 31  # bytes; of a larger set the files' places and times are known
_LINES = 12  # places that are told one by one
# What systems leave behind: hidden files of macOS, thumbnails of a file server.
_CLUTTER = {"__macosx", "@eadir", "$recycle.bin", "system volume information"}
_NUMBER = re.compile(r"(\d+)$")


def entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Subfolders and files of a folder, sorted; hidden ones aside."""
    try:
        with os.scandir(folder) as found:
            shown = sorted((e.name, e.is_dir()) for e in found if not _hidden(e.name))
    except OSError as error:
        raise FerError(
            f"{folder}: cannot be read ({error.strerror}), expected a folder of a data "
            "set; name another one, or unpack it if it is an archive."
        ) from error
    folders = [folder / name for name, is_folder in shown if is_folder]
    return folders, [folder / name for name, is_folder in shown if not is_folder]


def _hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _CLUTTER


def subfolders(folder: Path) -> list[Path]:
    """Folders in a folder, sorted; see :func:`entries`."""
    return entries(folder)[0]


def walk(folder: Path, above: Set[Path] = frozenset()) -> Iterator[Path]:
    """Files at any depth, and folders that hold nothing or cannot be listed.

    Links are followed, but for those to a folder above.
    """
    real = folder.resolve()
    outer = above or {*real.parents, *(one.resolve() for one in folder.parents)}
    above = outer | {real}
    try:
        folders, files = entries(folder)
    except FerError:
        yield folder
        return
    yield from files
    for inner in folders:
        if inner.resolve() not in above:
            yield from walk(inner, above)
    if not files and not folders:
        yield folder


def images(files: Iterable[Path]) -> list[Path]:
    """The image files among some, by their endings, sorted."""
    return sorted(file for file in files if file.suffix.lower() in ENDINGS)


def by_class(
    place: Path, label: Callable[[str], int | None], advice: str
) -> list[dict]:
    """Images of a folder whose subfolders are named by class, in rows.

    Args:
        place: the folder.
        label: of the name of a subfolder; None where it names no class.
        advice: what to do about one that names none, which it calls NAME.

    Returns:
        ``file`` and ``labels`` of each image.
    """
    found = {folder: label(folder.name) for folder in subfolders(place)}
    if odd := [folder for folder, number in found.items() if number is None]:
        names = ", ".join(folder.name for folder in odd)[:200]
        raise FerError(
            f"{odd[0]}: '{odd[0].name}' is no class that is known, found {len(odd)} "
            f"such folders ({names}) among {len(found)}; "
            f"{advice.replace('NAME', odd[0].name)}."
        )
    return [
        {"file": file, "labels": number}
        for folder, number in found.items()
        for file in images(walk(folder))
    ]


def nearest(
    root: Path | str, fits: Callable[[Path], object], depth: int = _DEPTH
) -> Path | None:
    """The folder that fits, at or a few levels below another one."""
    root = Path(root).expanduser()
    level = [root]
    for _ in range(depth + 1):
        found = [folder for folder in level if fits(folder)]
        if len(found) > 1:
            raise FerError(
                f"{root}: holds {found[0].relative_to(root)} and "
                f"{found[1].relative_to(root)}, expected one of them; move the other "
                "one to a place outside."
            )
        if found:
            return found[0]
        level = [child for folder in level for child in subfolders(folder)]
    return None


def locate(root: Path | str, *names: str) -> Path | None:
    """The nearest folder of the first of these names that there is, in any case.

    Of a folder inside a folder of the same name, the inner one is meant.
    """
    for name in names:
        found = nearest(root, lambda f, name=name: f.name.lower() == name.lower())
        while found and (found / found.name).is_dir():
            found = found / found.name
        if found:
            return found
    return None


def file_named(root: Path | str, *names: str, depth: int = _DEPTH) -> Path | None:
    """The nearest file of the first of these names that there is, in any case."""
    for name in names:

        def found(folder: Path, name: str = name) -> list[Path]:
            return [f for f in entries(folder)[1] if f.name.lower() == name.lower()]

        if folder := nearest(root, found, depth):
            return found(folder)[0]
    return None


def holding(
    root: Path | str, names: Collection, known: Callable[[str], object] = str.lower
) -> Path | None:
    """The nearest folder with a folder of each name, as ``known`` makes of names."""
    return nearest(
        root, lambda folder: set(names) <= {known(f.name) for f in subfolders(folder)}
    )


def manifest(sources: Iterable[Path]) -> str:
    """Hash over names and contents of all files, also in folders.

    Of more than 2 GiB, contents are told by place, size and times of change.
    """
    files = [
        (file, file.relative_to(source.parent).as_posix())
        for source in sources
        for file in (sorted(walk(source)) if source.is_dir() else [source])
    ]
    sizes = [file.stat().st_size if file.is_file() else -1 for file, _ in files]
    digest, whole = hashlib.sha256(), sum(sizes) <= _WHOLE
    for (file, name), size in zip(files, sizes, strict=True):
        about = _known(file, whole) if size >= 0 else "no file"
        digest.update(os.fsencode(f"{name} {size} {about}\n"))
    return digest.hexdigest()


def _known(file: Path, whole: bool) -> str:
    about = file.stat()
    if not whole:
        times = f"{about.st_mtime_ns} {about.st_ctime_ns}"
        return f"{about.st_dev} {about.st_ino} {times}"
    try:
        return sha256_file(file)
    except OSError as error:
        raise FerError(
            f"{file}: cannot be read ({error.strerror}); let yourself read it, or "
            "remove it."
        ) from error


def left_out(
    sources: Sequence[Path],
    taken: Collection[Path],
    own: Sequence[str] = (),
    spare: str = "",
) -> Counter:
    """What lies in the folders of a data set and is not read, by kind.

    Args:
        sources: the folders, and files, which count as read.
        taken: images that are read.
        own: how names of other files end that the data set's reader knows.
        spare: why an image may be left out; if empty, such a one is refused.
    """
    found, example = Counter(), next(iter(taken))
    for source in sources:
        for file in walk(source) if source.is_dir() else ():
            if file not in taken and not file.name.endswith((*own, "\0")):
                found[_why_left(file, spare, example)] += 1
    return found


def _why_left(file: Path, spare: str, example: Path) -> str:
    ending = file.suffix.lower()
    if file.is_dir():
        entries(file)  # refuses one that cannot be listed
        return "empty folders"
    if not file.is_file():
        raise FerError(
            f"{file}: is a link to nothing, or no file, expected an image or a "
            "folder; mend or remove it."
        )
    if ending in UNREAD:
        raise FerError(
            f"{file}: is a picture of the kind {ending[1:].upper()}, which "
            f"cannot be read, expected {KINDS}; convert or remove it."
        )
    if ending not in ENDINGS:
        return ending or file.name
    if not spare:
        raise FerError(
            f"{file}: lies in no folder of a class, expected one in a place such as "
            f"{example}; move or remove it."
        )
    return spare


def told(left: Counter) -> str:
    """The end of a sentence that counts what was left out; empty for nothing."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(left.items()))
    return f"; left out: {kinds}" if kinds else ""


def report(sources: Sequence[Path], taken: Iterable[Path] = ()) -> list[str]:
    """What was read from where, in lines; the places of many are told together."""
    base = os.path.commonpath([source.parent for source in sources])
    parents = [file.parent.relative_to(base).parts for file in taken]
    places = Counter({".": len(parents)} if parents else {})
    for depth in range(1, max(map(len, parents), default=0) + 1):
        deeper = Counter("/".join(parts[:depth]) or "." for parts in parents)
        if len(deeper) > _LINES:
            break
        places = deeper
    lines = [f"read from {place}: {count:,} images" for place, count in places.items()]
    return lines + [f"read: {f.relative_to(base)}" for f in sources if not f.is_dir()]


def with_beside(faces: FaceSet, root: Path | str, sources: Sequence[Path]) -> FaceSet:
    """The same; what lies between the named folder and those that are read is told."""
    root = Path(root).expanduser()
    parents = {one for file in sources for one in file.parents}
    above = {one for one in parents if one.is_relative_to(root)}
    around = (e for folder in sorted(above) for some in entries(folder) for e in some)
    found = [entry for entry in around if entry not in above | set(sources)]
    if not found:
        return faces
    names = ", ".join(str(entry.relative_to(root)) for entry in found[:_LINES])
    names += f" and {len(found) - _LINES:,} more" if len(found) > _LINES else ""
    count = f"{len(found):,} {'entry' if len(found) == 1 else 'entries'} beside"
    return replace(
        faces,
        provenance=f"{faces.provenance.rstrip('.')}; not looked into: {count}.",
        report=[*faces.report, f"not looked into: {names}"],
    )


def ends(
    place: Path, files: list[Path], first: int, last: int, label: int
) -> list[dict]:
    """The first and the last frames of one recording, in time, in rows.

    Args:
        place: where it lies, for errors.
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
