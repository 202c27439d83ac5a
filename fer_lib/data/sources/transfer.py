"""Files from elsewhere: resumable downloads, and archives kept harmless."""

import http.client
import shutil
import tarfile
import textwrap
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.files import sha256_file

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30
_LARGEST_MEMBER = 1 << 30


def fetch(url: str, target: Path | str, sha256: str, progress: bool = True) -> None:
    """Download a file, going on where an earlier transfer stopped.

    Bytes gather in ``<target>.part``; the target appears when they have the
    expected hash, and never otherwise.

    Raises:
        FerError: when the transfer fails (the part stays, the next call goes
            on) or the hash differs (the part is removed).
    """
    target = Path(target)
    part = target.with_name(f"{target.name}.part")
    try:
        _transfer(url, part, progress)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FerError(
            f"{url}: no transfer ({first_line(error)}), expected the file "
            f"{target.name}; run it again to go on."
        ) from error
    found = sha256_file(part)
    if found != sha256:
        part.unlink()
        raise FerError(
            f"{url}: sha256 is {found[:12]}, expected {sha256[:12]}; what "
            "came is removed, run it again."
        )
    part.replace(target)


def _transfer(url: str, part: Path, progress: bool) -> None:
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url)
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        reply = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing follows the part: let its hash decide
            return
        raise
    with reply:
        # A server that ignores Range answers 200 with the whole file.
        goes_on = reply.status == 206
        start = start if goes_on else 0
        length = reply.headers["Content-Length"]
        total = start + int(length) if length else None
        bar = tqdm(
            desc=part.stem,
            total=total,
            initial=start,
            unit="B",
            unit_scale=True,
            disable=not progress,
        )
        with part.open("ab" if goes_on else "wb") as output, bar:
            while chunk := reply.read(_CHUNK):
                output.write(chunk)
                bar.update(len(chunk))
            received = output.tell()
    if total is not None and received < total:
        raise OSError(f"broke off after {received:,} of {total:,} bytes")


def unpack(archive: Path, names: Sequence[str], target: Path) -> None:
    """Write one file of a ``.zip`` or ``.tar`` archive to ``target``.

    Paths in the archive choose what is read and never where it is written,
    so that no archive can write outside its folder.

    Args:
        archive: the archive.
        names: file names to look for in any folder of it, best first.
        target: the one file that is written.

    Raises:
        FerError: when the archive is damaged, or holds no such file of at
            most 1 GiB.
    """
    try:
        with _member(archive, names) as member, target.open("wb") as output:
            shutil.copyfileobj(member, output, _CHUNK)
    except FerError:
        raise
    except Exception as error:  # zip, tar, zlib, lzma: all mean damage
        raise FerError(
            f"{archive}: damaged or no archive ({first_line(error)}), "
            f"expected a .zip or .tar.gz with {names[0]}; download it again."
        ) from error


@contextmanager
def _member(archive: Path, names: Sequence[str]) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            sizes = {item.filename: item.file_size for item in opened.filelist}
            with opened.open(_choose(archive, names, sizes)) as member:
                yield member
    else:
        with tarfile.open(archive) as opened:
            sizes = {m.name: m.size for m in opened.getmembers() if m.isfile()}
            with opened.extractfile(_choose(archive, names, sizes)) as member:
                yield member


def _choose(archive: Path, names: Sequence[str], sizes: dict[str, int]) -> str:
    for wanted in names:
        for name, size in sizes.items():
            if PurePosixPath(name).name == wanted and size <= _LARGEST_MEMBER:
                return name
    raise FerError(
        f"{archive}: holds no {' or '.join(names)} of at most 1 GiB, found "
        f"{', '.join(sizes)[:80] or 'nothing'}; get another archive or "
        "remove this one."
    )


def first_line(error: Exception) -> str:
    """The beginning of an error's text, for use inside a sentence."""
    line, *_ = str(error).splitlines() or [type(error).__name__]
    return textwrap.shorten(line, 100, placeholder=" ...")
