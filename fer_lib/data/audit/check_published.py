"""Does a reader's copy of a data set have the published counts?"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fer_lib.data import load
from fer_lib.data.audit.check import Report, check_fer2013
from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.folders import files_below
from fer_lib.data.sources.published import PUBLISHED, Counts, Published
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.photos.images import Picture, unreadable


def check_dataset(name: str, root: Path | str, **options) -> Report:
    """Read every file of a data set and compare counts with published ones.

    Nothing is kept: images are decoded, and forgotten.  When an image is
    damaged, all damaged ones below ``root`` are listed.

    Args:
        name: ``"fer2013"``, or a key of :data:`PUBLISHED`.
        root: as for the loader.
        options: of the loader.

    Raises:
        FerError: when the name or an option is unknown.
    """
    if name == "fer2013":
        return check_fer2013(root, **options)
    if name not in PUBLISHED:
        raise FerError(
            f"data set '{name}' cannot be checked, expected fer2013 or one of "
            f"{', '.join(PUBLISHED)}."
        )
    title = f"{PUBLISHED[name].title} at {root}"
    try:
        with tempfile.TemporaryDirectory() as cache:
            small = {"size": 8, "channels": 1, "cache": cache}
            faces = load(name, root, **(small | options))
    except (FerError, OSError) as error:
        if "cannot be read as an image" not in str(error):
            return Report((title,), (str(error),))
        files = files_below(Path(root).expanduser())
        damaged = unreadable([Picture(file) for file in files])
        others = [sentence for sentence in damaged if sentence != str(error)]
        return Report((title,), (str(error), *others))
    lines = (title, faces.provenance, "", *_table(faces))
    notes, problems = compare(faces, PUBLISHED[name])
    return Report((*lines, *notes), tuple(problems))


def compare(faces: FaceSet, known: Published) -> tuple[list[str], list[str]]:
    """Remarks and problems, a sentence each, of a set against what is known."""
    notes, problems = [], []
    for column in ("subjects", "sequences"):
        expected, found = getattr(known, column), getattr(faces, column)
        count = 0 if found is None else len(np.unique(found))
        if expected is not None and count != expected:
            problems.append(f"found {count} {column}, expected {expected}.")
    differences = {
        variant: list(_differences(faces, counts))
        for variant, counts in known.counts.items()
    }
    variant = min(differences, key=lambda name: len(differences[name]))
    fewer = all(found < expected for _, found, expected in differences[variant])
    for what, found, expected in differences[variant]:
        sentence = f"{what}: found {found:,} faces, expected {expected:,} ({variant})"
        if known.may_lack and fewer:
            notes.append(f"{sentence}; no problem, {known.may_lack}.")
        else:
            problems.append(f"{sentence}; get the files again.")
    return notes, problems


def _differences(faces: FaceSet, counts: Counts) -> Iterator[tuple[str, int, int]]:
    """What, the faces found and those expected, wherever they differ."""
    for split in sorted({*counts, *faces.splits.tolist()}):
        labels = faces.labels[faces.splits == split]
        expected = counts.get(split, 0)
        if isinstance(expected, int):
            if len(labels) != expected:
                yield split, len(labels), expected
            continue
        found = np.bincount(labels, minlength=len(EXPRESSIONS)).tolist()
        for name, one, other in zip(EXPRESSIONS, found, expected, strict=True):
            if one != other:
                yield f"{split}, {name}", one, other


def _table(faces: FaceSet) -> Iterator[str]:
    names = [*EXPRESSIONS, "all"]
    yield " " * 12 + "".join(f"{name:>9}" for name in names)
    for split in sorted(set(faces.splits.tolist())):
        labels = faces.labels[faces.splits == split]
        found = np.bincount(labels, minlength=len(EXPRESSIONS))
        cells = "".join(f"{count:>9}" for count in (*found, found.sum()))
        yield f"{split:<12}{cells}"
