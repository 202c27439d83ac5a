"""Is this FER2013 the published one, and what should be known about it?"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_lib.data.audit.duplicates import exact_copies
from fer_lib.data.audit.properties import conflicts, constant_rows
from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import in_parts
from fer_lib.data.sources import fer2013, ferplus
from fer_lib.data.sources.fer2013_files import MERGED, SPLITS
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FER2013_TO_BOOK

CLASSES = EXPRESSIONS[: len(FER2013_TO_BOOK)]

# Faces per class, in the order of EXPRESSIONS.
OFFICIAL = {
    "Training": (3995, 436, 4097, 7215, 4830, 3171, 4965),
    "PublicTest": (467, 56, 496, 895, 653, 415, 607),
    "PrivateTest": (491, 55, 528, 879, 594, 416, 626),
}

# FER+ rows per split, in the order of SPLITS, counted in the published file.
OFFICIAL_FERPLUS = {
    "rows with an image name": (28561, 3579, 3574),
    "majority rule, 8 classes": (25060, 3199, 3153),
    "majority rule, 7 classes": (24941, 3186, 3137),
}

# MD5 of the published files: the CSV files as torchvision's loader knows
# them, the votes as in Microsoft's repository.
PUBLISHED_MD5 = {
    "f8428a1edbd21e88f42c73edd2a14f95",  # fer2013.csv
    "b114b9e04e6949e5fe8b6a98b3892b1d",  # icml_face_data.csv
    "413eba86d6e454536b99705b8c7fc5c5",  # fer2013new.csv
}

# Test images that are byte for byte in Training as well.
KNOWN_LEAKS = {"PublicTest": 280, "PrivateTest": 288, MERGED: 568}


@dataclass(frozen=True)
class Report:
    """What a check found; ``str(report)`` is the whole text.

    Attributes:
        lines: the text without its conclusion.
        problems: one sentence for everything that is not as published.
    """

    lines: tuple[str, ...]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        end = [f"PROBLEM: {problem}" for problem in self.problems]
        return "\n".join([*self.lines, "", *(end or ["Nothing is off."])])


def check_fer2013(root: Path | str, cache: Path | str | None = None) -> Report:
    """Compare FER2013 with the published counts, and look for copies.

    Copies, conflicting labels and constant images are known properties of
    the set: they are told, and are no problem; neither are other bytes with
    the same counts.  A file that cannot be read is its report's one problem.

    Args:
        root: as for :func:`fer_lib.data.sources.fer2013.load`.
        cache: folder for the converted set; the user's cache by default.
    """
    try:
        files = list(_files(fer2013.find(root)))
        faces = fer2013.load(root, cache)
    except (FerError, OSError) as error:
        return Report((f"FER2013 at {root}",), (str(error),))
    rules = _ferplus_counts(faces)
    lines = (
        f"FER2013 at {root}",
        faces.provenance,
        *files,
        "",
        *_count_table(faces),
        "",
        *_known_properties(faces),
        *_ferplus_table(rules),
    )
    problems = (*count_problems(faces), *_ferplus_problems(rules))
    return Report(lines, problems)


def _files(layout: fer2013.Layout) -> Iterator[str]:
    names = (ferplus.VOTES_FILE, fer2013.EXACT_FILE)
    for path in (layout.table, *map(layout.companion, names)):
        if path:
            published = _digest(path, "md5") in PUBLISHED_MD5
            yield f"  {path.name}: sha256 {_digest(path, 'sha256')}" + (
                " (as published)" if published else ""
            )


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, kind).hexdigest()


def _splits(faces: FaceSet) -> tuple[str, ...]:
    return ("Training", MERGED) if MERGED in faces.splits else SPLITS


def _official(split: str) -> np.ndarray:
    if split == MERGED:
        return _official("PublicTest") + _official("PrivateTest")
    return np.array(OFFICIAL[split])


def _counts(faces: FaceSet, split: str) -> np.ndarray:
    labels = faces.labels[faces.splits == split]
    return np.bincount(labels, minlength=len(CLASSES))


def count_problems(faces: FaceSet) -> list[str]:
    """A sentence for every split whose faces are not as many as published."""
    problems = []
    for split in _splits(faces):
        found, expected = _counts(faces, split), _official(split)
        if (found == expected).all():
            continue
        wrong = ", ".join(
            f"{CLASSES[label]} {found[label]:,} instead of {expected[label]:,}"
            for label in np.flatnonzero(found != expected)
        )
        problems.append(
            f"{split} has {found.sum():,} faces, expected "
            f"{expected.sum():,} ({wrong}); get the official file."
        )
    return problems


def _row(name: str, cells, width: int = 9) -> str:
    return f"{name:<12}" + "".join(f"{cell:>{width}}" for cell in cells)


def _count_table(faces: FaceSet) -> Iterator[str]:
    yield _row("", (*CLASSES, "all"))
    for split in _splits(faces):
        found, expected = _counts(faces, split), _official(split)
        yield _row(split, (*found, found.sum()))
        if (found != expected).any():
            yield _row("  official", (*expected, expected.sum()))


def _known_properties(faces: FaceSet) -> Iterator[str]:
    yield "known properties of this data set, no problems:"
    copies = exact_copies(in_parts(faces.images))
    groups = copies.ids
    training = groups[faces.splits == "Training"]
    for split in _splits(faces):
        own = groups[faces.splits == split]
        again = len(own) - len(np.unique(own))
        text = f"  {split}: {again:,} images repeat another one of the split"
        if split != "Training":
            leaked = np.isin(own, training).sum()
            text += (
                f", {leaked:,} are in Training as well (known: {KNOWN_LEAKS[split]})"
            )
        yield text
    several = conflicts(copies, faces.labels)
    yield (
        f"  {several['images']:,} images occur with several labels "
        f"({several['rows']:,} rows)"
    )
    yield f"  {len(constant_rows(faces)):,} images are constant"


def _ferplus_counts(faces: FaceSet) -> dict[str, tuple[int, ...]]:
    """Rows per split that FER+'s rules keep; empty without votes."""
    if faces.votes is None:
        return {}
    named = faces.extra["ferplus_named"]
    _, eight = ferplus.majority_labels(faces.votes, 8)
    _, seven = ferplus.majority_labels(faces.votes, 7)
    kept = (named, named & eight, named & seven)
    return {
        rule: tuple(int(rows[faces.splits == split].sum()) for split in SPLITS)
        for rule, rows in zip(OFFICIAL_FERPLUS, kept, strict=True)
    }


def _ferplus_problems(rules: dict[str, tuple[int, ...]]) -> Iterator[str]:
    for rule, found in rules.items():
        if found != OFFICIAL_FERPLUS[rule]:
            yield (
                f"FER+, {rule}: found {found} in {', '.join(SPLITS)}, "
                f"expected {OFFICIAL_FERPLUS[rule]}; get "
                f"{ferplus.VOTES_FILE} again from Microsoft's repository."
            )


def _ferplus_table(rules: dict[str, tuple[int, ...]]) -> Iterator[str]:
    if rules:
        yield ""
        yield _row("FER+", (*SPLITS, "  faces kept"), 13)
    for rule, found in rules.items():
        yield _row("", found, 13) + f"  {rule}"
