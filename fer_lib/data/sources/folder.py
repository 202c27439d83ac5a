"""Any folder of images by class, of no known data set."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.tree import by_class, images, nearest, subfolders, walk
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, label_of

_PARTS = ("train", "test", "val", "dev", "eval")  # how names of splits begin


def load(
    root: Path | str,
    *,
    classes: Mapping[str, str] | None = None,
    size: int | None = None,
    channels: int = 3,
    cache: Path | str | None = None,
) -> FaceSet:
    """Images in folders named by class, or by split and then by class.

    Class folders may have the book's names or others of the field (``anger``,
    ``Happiness``, ``surprised``, ...).  Images lie in them at any depth.
    Without splits, all are in ``split`` "All".

    Args:
        root: the folder of the class folders, or of the splits, or one above it.
        classes: expressions by other names of class folders, such as
            ``{"0": "angry", "ennui": "neutral"}``; on the command line
            ``--option classes=0:angry,ennui:neutral``.
        size: side of the images in pixels, stretched where they are not
            square; None keeps the files' own, which must then be alike.
    """
    named = {name.lower(): label_of(one) for name, one in (classes or {}).items()}
    if odd := [name for name, one in (classes or {}).items() if label_of(one) is None]:
        raise FerError(
            f"classes: '{odd[0]}' is said to be '{classes[odd[0]]}', expected one of "
            f"{', '.join(EXPRESSIONS)}."
        )

    def label(name: str) -> int | None:
        return named.get(name.lower(), label_of(name))

    def has_classes(folder: Path) -> bool:
        return any(label(inner.name) is not None for inner in subfolders(folder))

    def has_parts(folder: Path) -> bool:
        return has_classes(folder) or any(map(has_classes, subfolders(folder)))

    place = nearest(root, has_parts)
    if not place:
        raise _unknown(Path(root).expanduser())
    parts = {"All": place}
    if not has_classes(place):
        parts = {part.name: part for part in subfolders(place) if has_classes(part)}
        (name, only), *others = parts.items()
        if not others and not name.lower().startswith(_PARTS):
            place, parts = only, {"All": only}  # an archive's folder is no split
    return converted(
        "folder", root, [place], partial(_read, place, parts, label),
        size=size, channels=channels, cache=cache, classes=named,
    )  # fmt: skip


_ADVICE = (
    "say what they are: load('folder', root, classes={'NAME': 'happy'}), on the "
    "command line --option classes=NAME:happy,...; or rename or remove them"
)


def _unknown(root: Path) -> FerError:
    """The error for a folder in which no subfolder is named by a class."""
    files = images(walk(root))
    names = list(dict.fromkeys(f.parent.name for f in files if f.parent != root))
    found, advice = "none with images", "name the folder above them"
    if names:
        found = f"images in {', '.join(names)[:200]}"
        advice = _ADVICE.replace("NAME", names[0])
    return FerError(
        f"{root}: expected folders named by expression ({', '.join(EXPRESSIONS)}), "
        f"found {found}; {advice}."
    )


def _read(place: Path, parts: Mapping[str, Path], label) -> tuple[list, str]:
    rows = [
        row | {"splits": part}
        for part, folder in parts.items()
        for row in by_class(folder, label, _ADVICE)
    ]
    classes = len({row["labels"] for row in rows})
    return rows, (
        f"Folder {place.resolve().name}, {len(rows):,} images of {classes} classes"
    )
