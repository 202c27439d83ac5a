"""Getting FER2013 and FER+'s votes from where they are published."""

import shutil
import tarfile
import tempfile
import textwrap
import zipfile
from collections.abc import Sequence
from pathlib import Path

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources import fer2013
from fer_lib.data.sources.ferplus import VOTES_FILE
from fer_lib.data.sources.published import PUBLISHED, compare
from fer_lib.data.sources.tree import file_named
from fer_lib.errors import FerError, optional
from fer_lib.files import atomic_path

# Public Kaggle data sets that hold ``fer2013.csv``; the first one that can be had
# is taken.  (Sets of image folders lack the row order, without which no vote can
# be joined.)
KAGGLE = ("deadskull7/fer2013", "nicolejyt/facialexpressionrecognition")
VOTES_URL = "https://raw.githubusercontent.com/microsoft/FERPlus/master/fer2013new.csv"
VOTES_SHA256 = "9206e20d62f56475939f516847d61753e4860caeac9718b560129541b776fc2c"


def get_fer2013(root: Path | str) -> None:
    """Bring FER2013 and FER+'s votes to a folder.

    What is there already is not fetched again, and an archive that a browser
    saved in the folder serves in place of Kaggle's program.

    Args:
        root: folder for ``fer2013.csv`` and ``fer2013new.csv``.

    Raises:
        FerError: when a file cannot be had or is not the published one,
            saying what to download by hand and where to put it.
    """
    root = Path(root).expanduser()
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not file_named(root, *fer2013.CSV_NAMES):
            _get_faces(root)
        votes = fer2013.find(root).folder / VOTES_FILE
        if not votes.is_file():
            _get_votes(votes)
    except OSError as error:
        raise FerError(
            f"{root}: cannot be written ({_first_line(error)}), expected a "
            "folder with 700 MB of free space; name another one."
        ) from error


def _get_faces(root: Path) -> None:
    endings = (".zip", ".tar.gz", ".tgz")
    archives = [p for p in root.iterdir() if p.name.endswith(endings)]
    with atomic_path(root / fer2013.CSV_NAMES[0]) as table:
        if archives:
            archive = min(archives)
            unpack(archive, fer2013.CSV_NAMES, table)
            if reason := _unlike_published(table):
                raise FerError(f"{archive}: is not used, because {reason}")
        else:
            shutil.copyfile(_from_kaggle(root), table)


def _get_votes(votes: Path) -> None:
    pooch = optional("pooch", "data")
    try:
        pooch.retrieve(
            VOTES_URL, f"sha256:{VOTES_SHA256}", votes.name, votes.parent,
            downloader=pooch.HTTPDownloader(timeout=30),
        )  # fmt: skip
    except Exception as error:  # no network, no such file, another content, ...
        raise FerError(
            f"{VOTES_URL}: did not arrive ({_first_line(error)}); run it again, or "
            f"download it by hand and put it at {votes}."
        ) from error


def _from_kaggle(root: Path) -> Path:
    """A checked table in the folder that kagglehub downloaded to."""
    by_hand = (
        f"download https://www.kaggle.com/datasets/{KAGGLE[0]} in a browser, put "
        f"the .zip into {root} and run this again"
    )
    try:
        kagglehub = optional("kagglehub", "data")
    except FerError as error:
        raise FerError(f"{str(error).rstrip('.')}, or {by_hand}.") from error
    reasons = []
    for handle in KAGGLE:
        try:
            folder = Path(kagglehub.dataset_download(handle))
        except Exception as error:  # no network, no account, no such set, ...
            reasons.append(f"{handle}: {_first_line(error)}")
            continue
        found = file_named(folder, *fer2013.CSV_NAMES)
        reason = _unlike_published(found) if found else "it holds no table"
        if not reason:
            return found
        reasons.append(f"{handle}: {reason}")
    raise FerError(f"Kaggle gave no FER2013 ({'; '.join(reasons)}); {by_hand}.")


def _unlike_published(table: Path) -> str:
    """Why a table is not FER2013; empty when its counts are the known ones."""
    try:
        faces = FaceSet("fer2013", **fer2013.read_csv(table), provenance=table.name)
    except FerError as error:
        return str(error)
    _, problems = compare(faces, PUBLISHED["fer2013"])
    return problems[0] if problems else ""


def unpack(archive: Path, names: Sequence[str], target: Path) -> None:
    """Write one file of a ``.zip`` or ``.tar`` archive to ``target``.

    ``names`` are looked for in any folder of it, best first.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        try:
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as opened:
                    opened.extractall(folder)
            else:
                with tarfile.open(archive) as opened:
                    opened.extractall(folder, filter="data")
        except Exception as error:  # zip, tar, zlib, lzma: all mean damage
            raise FerError(
                f"{archive}: damaged or no archive ({_first_line(error)}), "
                f"expected a .zip or .tar.gz with {names[0]}; download it again."
            ) from error
        found = {file.name: file for file in Path(folder).rglob("*") if file.is_file()}
        for name in names:
            if name in found:
                found[name].replace(target)
                return
    raise FerError(
        f"{archive}: holds no {' or '.join(names)}, found "
        f"{', '.join(sorted(found))[:80] or 'nothing'}; get another archive or "
        "remove this one."
    )


def _first_line(error: Exception) -> str:
    line, *_ = str(error).splitlines() or [type(error).__name__]
    return textwrap.shorten(line, 100, placeholder=" ...")
