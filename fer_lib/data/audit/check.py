"""Is a reader's copy of a data set the published one?"""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fer_lib.data import load
from fer_lib.data.audit import audit, class_balance, table
from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources import fer2013, ferplus
from fer_lib.data.sources.fer2013 import SPLITS
from fer_lib.data.sources.published import PUBLISHED, compare
from fer_lib.data.sources.tree import walk
from fer_lib.errors import FerError
from fer_lib.files import sha256_file
from fer_lib.photos.images import ENDINGS, read_image

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
KNOWN_LEAKS = "280 images of PublicTest and 288 of PrivateTest are in Training as well"


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


def check_dataset(name: str, root: Path | str, **options) -> Report:
    """Read every file of a data set and compare counts with published ones.

    Tells what was read from where, and what was left out; nothing is kept.
    When an image is damaged, all damaged ones below ``root`` are listed.  Of FER2013,
    the audit is told, too: copies and conflicting labels are known and no problem.

    Args:
        name: a key of :data:`PUBLISHED`, or ``"folder"``, of which nothing is
            published.
        root: as for the loader.
        options: of the loader.

    Raises:
        FerError: when the name or an option is unknown.
    """
    if name not in (*PUBLISHED, "folder"):
        raise FerError(
            f"data set '{name}' cannot be checked, expected one of "
            f"{', '.join(PUBLISHED)}, or folder."
        )
    title = f"{PUBLISHED[name].title if name in PUBLISHED else name} at {root}"
    try:
        faces = _read(name, root, options)
    except (FerError, OSError) as error:
        if "cannot be read as an image" not in str(error):
            return Report((title,), (str(error),))
        others = [told for told in unreadable(Path(root)) if told != str(error)]
        return Report((title,), (str(error), *others))
    notes, problems = [], []
    if name in PUBLISHED:
        notes, problems = compare(faces, PUBLISHED[name])
    lines = [title, faces.provenance, *faces.report]
    if name == "fer2013":
        lines += ["", str(audit(faces)), "", f"No problem: {KNOWN_LEAKS}.", *notes]
        lines += map(_hashes, fer2013.find(root).files)
        for rule, found in _ferplus_counts(faces).items():
            lines.append(f"FER+, {rule}: found {found} in {', '.join(SPLITS)}")
            if found != OFFICIAL_FERPLUS[rule]:
                problems.append(
                    f"{lines[-1]}, expected {OFFICIAL_FERPLUS[rule]}; get "
                    f"{ferplus.VOTES_FILE} again from Microsoft's repository."
                )
    else:
        lines += [*table("faces", class_balance(faces)), *notes]
    return Report(tuple(lines), tuple(problems))


def _read(name: str, root: Path | str, options: dict) -> FaceSet:
    small = {} if name == "fer2013" else {"size": 8, "channels": 1}
    with tempfile.TemporaryDirectory() as cache:
        return load(name, root, **({"cache": cache} | small | options))


def unreadable(root: Path) -> list[str]:
    """One sentence for each image file below a folder that cannot be decoded."""
    found = []
    for file in walk(root.expanduser()):
        try:
            if file.suffix.lower() in ENDINGS:
                read_image(file, channels=1)
        except FerError as error:
            found.append(str(error))
    return found


def _hashes(path: Path) -> str:
    with path.open("rb") as source:
        md5 = hashlib.file_digest(source, "md5").hexdigest()
    told = f"  {path.name}: sha256 {sha256_file(path)}"
    return f"{told} (as published)" if md5 in PUBLISHED_MD5 else told


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
