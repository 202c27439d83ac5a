"""Getting FER2013 and FER+'s votes from where they are published."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from fer_lib.data.audit import check
from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources import fer2013
from fer_lib.data.sources.fer2013_files import read_csv
from fer_lib.data.sources.ferplus import VOTES_FILE
from fer_lib.data.sources.transfer import fetch, first_line, unpack
from fer_lib.errors import FerError
from fer_lib.files import atomic_path

_TABLES = ("fer2013.csv", "icml_face_data.csv")


@dataclass(frozen=True)
class Sources:
    """Where the files come from.

    Attributes:
        kaggle: public Kaggle data sets that hold ``fer2013.csv``; the first
            one that can be had is taken.  (Sets of image folders lack the
            row order, without which no vote can be joined.)
        votes_url: FER+'s votes.
        votes_sha256: hash of that file.
    """

    kaggle: tuple[str, ...] = (
        "deadskull7/fer2013",
        "nicolejyt/facialexpressionrecognition",
    )
    votes_url: str = (
        "https://raw.githubusercontent.com/microsoft/FERPlus/master/fer2013new.csv"
    )
    votes_sha256: str = (
        "9206e20d62f56475939f516847d61753e4860caeac9718b560129541b776fc2c"
    )


PUBLISHED = Sources()


def get_fer2013(
    root: Path | str, progress: bool = True, sources: Sources = PUBLISHED
) -> check.Report:
    """Bring FER2013 and FER+'s votes to a folder, and check them.

    What is there already is not fetched again, and an archive that a browser
    saved in the folder serves in place of Kaggle's program.

    Args:
        root: folder for ``fer2013.csv`` and ``fer2013new.csv``.
        progress: whether to show a bar for the votes; kagglehub has its own.
        sources: other places than the published ones.

    Returns:
        The report of :func:`fer_lib.data.audit.check.check_fer2013`.

    Raises:
        FerError: when a file cannot be had or is not the published one,
            saying what to download by hand and where to put it.
    """
    root = Path(root).expanduser()
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not any((root / name).is_file() for name in fer2013.CSV_NAMES):
            _get_faces(root, sources.kaggle)
        votes = fer2013.find(root).folder / VOTES_FILE
        if not votes.is_file():
            _get_votes(votes, progress, sources)
    except OSError as error:
        raise FerError(
            f"{root}: cannot be written ({first_line(error)}), expected a "
            "folder with 700 MB of free space; name another one."
        ) from error
    return check.check_fer2013(root)


def _get_faces(root: Path, handles: tuple[str, ...]) -> None:
    endings = (".zip", ".tar.gz", ".tgz")
    archives = [p for p in root.iterdir() if p.name.endswith(endings)]
    with atomic_path(root / _TABLES[0]) as table:
        if archives:
            archive = min(archives)
            unpack(archive, _TABLES, table)
            if reason := _unlike_published(table):
                raise FerError(f"{archive}: is not used, because {reason}")
        else:
            shutil.copyfile(_from_kaggle(handles, root), table)


def _get_votes(votes: Path, progress: bool, sources: Sources) -> None:
    try:
        fetch(sources.votes_url, votes, sources.votes_sha256, progress)
    except FerError as error:
        raise FerError(
            f"{str(error).rstrip('.')}, or download it by hand and put it at {votes}."
        ) from error


def _from_kaggle(handles: tuple[str, ...], root: Path) -> Path:
    """A checked table in the folder that kagglehub downloaded to."""
    try:
        import kagglehub
    except ImportError as error:
        raise _by_hand(
            "kagglehub is missing (pip install 'fer-book[kaggle]')",
            handles,
            root,
        ) from error
    reasons = []
    for handle in handles:
        try:
            folder = Path(kagglehub.dataset_download(handle))
        except Exception as error:  # no network, no account, no such set, ...
            reasons.append(f"{handle}: {first_line(error)}")
            continue
        found = [p for p in sorted(folder.rglob("*.csv")) if p.name in _TABLES]
        reason = _unlike_published(found[0]) if found else "it holds no table"
        if not reason:
            return found[0]
        reasons.append(f"{handle}: {reason}")
    raise _by_hand(f"Kaggle gave no FER2013 ({'; '.join(reasons)})", handles, root)


def _by_hand(reason: str, handles: tuple[str, ...], root: Path) -> FerError:
    return FerError(
        f"{reason}; else download https://www.kaggle.com/datasets/"
        f"{handles[0]} in a browser, put the .zip into {root} and run this "
        "again."
    )


def _unlike_published(table: Path) -> str:
    """Why a table is not FER2013; empty when its counts are the known ones."""
    try:
        faces = FaceSet("fer2013", **read_csv(table), provenance=table.name)
    except FerError as error:
        return str(error)
    return " ".join(check.count_problems(faces))
