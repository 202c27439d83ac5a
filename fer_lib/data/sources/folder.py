"""Any folder of images by class, of no known data set."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.convert import converted
from fer_lib.data.sources.tree import by_class, images, subfolders, walk
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, label_of


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
        root: the folder that holds the class folders, or the splits.
        classes: expressions by other names of class folders, such as
            ``{"0": "angry", "ennui": "neutral"}``.
        size: side of the images in pixels, stretched where they are not
            square; None keeps the files' own, which must then be alike.
    """
    root, named = Path(root).expanduser(), {}
    for name, expression in (classes or {}).items():
        named[name.lower()] = label_of(expression)
        if named[name.lower()] is None:
            raise FerError(
                f"classes: '{name}' is said to be '{expression}', expected one of "
                f"{', '.join(EXPRESSIONS)}."
            )

    def label(name: str) -> int | None:
        return named.get(name.lower(), label_of(name))

    def has_classes(folder: Path) -> bool:
        return any(label(inner.name) is not None for inner in subfolders(folder))

    parts = {"All": root}
    if not has_classes(root):
        parts = {part.name: part for part in subfolders(root) if has_classes(part)}
    places = parts.values() or [root, *subfolders(root)]
    unknown = [
        inner.name
        for place in places
        for inner in subfolders(place)
        if label(inner.name) is None and inner.name != "__MACOSX"
    ]
    if unknown or not parts:
        names = ", ".join(dict.fromkeys(unknown))[:200] or "none"
        raise FerError(
            f"{root}: expected folders named by expression ({', '.join(EXPRESSIONS)}), "
            f"found others: {names}; say what they are, as in "
            f"classes={{{next(iter(unknown), '0')!r}: 'happy'}}, or rename or remove "
            "them."
        )
    return converted(
        "folder", [root], partial(_read, root, parts, label),
        size=size, channels=channels, cache=cache, classes=named,
    )  # fmt: skip


def _read(root: Path, parts, label, left_out: Counter) -> tuple[list, str]:
    rows = [
        row | {"splits": part}
        for part, place in parts.items()
        for row in by_class(place, label, left_out)
    ]
    if root not in parts.values():
        others = [
            file
            for file in walk(root)
            if not any(file.is_relative_to(place) for place in parts.values())
        ]
        if beside := images(others, left_out):
            raise FerError(
                f"{beside[0]}: lies in no folder of a class, expected one such as "
                f"{next(iter(parts))}/happy; move or remove it."
            )
    classes = len({row["labels"] for row in rows})
    name = root.resolve().name
    return rows, f"Folder {name}, {len(rows):,} images of {classes} classes"
