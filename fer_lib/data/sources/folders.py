"""Finding a data set's folders and files below the folder that was named."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.photos.images import ENDINGS

_DEPTH = 3  # levels that archives and people add


def locate(root: Path | str, *names: str) -> Path | None:
    """The nearest folder with one of these names; see :func:`nearest`.

    Of a folder inside a folder of the same name, the inner one is meant.

    Args:
        root: where to look.
        names: accepted names, upper and lower case alike.
    """
    wanted = {name.lower() for name in names}
    found = nearest(root, lambda folder: folder.name.lower() in wanted)
    while found and (found / found.name).is_dir():
        found = found / found.name
    return found


def holding(root: Path | str, names: Iterable[str]) -> Path | None:
    """The nearest folder that holds a folder of each of these names."""
    wanted = {name.lower() for name in names}
    return nearest(
        root, lambda folder: wanted <= {f.name.lower() for f in subfolders(folder)}
    )


def nearest(root: Path | str, fits: Callable[[Path], bool]) -> Path | None:
    """The folder that fits, at or a few levels below another one.

    Returns:
        The one nearest to ``root``; None when there is none.

    Raises:
        FerError: when several are equally near, or ``root`` is no folder.
    """
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


def subfolders(folder: Path) -> list[Path]:
    """Folders in a folder, sorted; hidden ones left out.

    Raises:
        FerError: when it cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.name[0] != "." and e.is_dir()]
    except OSError as error:
        raise FerError(
            f"{folder}: cannot be read ({error.strerror}), expected a folder "
            "of a data set; name another one."
        ) from error
    return [folder / name for name in sorted(names)]


def files_in(folder: Path, endings: Sequence[str] = ENDINGS) -> list[Path]:
    """Files of these kinds in one folder, sorted; hidden ones left out."""
    return [f for f in sorted(folder.iterdir()) if _counts(f.name, endings)]


def files_below(folder: Path, endings: Sequence[str] = ENDINGS) -> list[Path]:
    """Files of these kinds at any depth, sorted; hidden ones left out."""
    return sorted(
        Path(place, name)
        for place, _, names in os.walk(folder)
        for name in names
        if _counts(name, endings)
    )


def _counts(name: str, endings: Sequence[str]) -> bool:
    return name[0] != "." and name.lower().endswith(tuple(endings))


def manifest(sources: Iterable[Path]) -> str:
    """Hash over name, size and time of change of all files.

    Args:
        sources: files, and folders of which everything counts.
    """
    digest = hashlib.sha256()
    for source in sources:
        files = files_below(source, ("",)) if source.is_dir() else [source]
        for file in files:
            name = file.relative_to(source.parent).as_posix()
            about = file.stat()
            line = f"{name} {about.st_size} {about.st_mtime_ns}\n"
            digest.update(line.encode())
    return digest.hexdigest()
