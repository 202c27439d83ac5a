"""Working a queue down, alone or beside other processes."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.files import cache_dir
from ferbook.queue.queue import Entry
from ferbook.runs.key import RunKey

_BAR = "queue: {percentage:3.0f}%|{bar}| {n:.1f}/{total:.1f} h of forecast work "
_BAR += "[{elapsed}<{remaining}]"


@dataclass
class Outcome:
    """What became of the runs of a queue."""

    done: list[RunKey] = field(default_factory=list)  # by this process
    failed: dict[RunKey, str] = field(default_factory=dict)  # and why
    # In the hands of another process, or finished by one.
    elsewhere: list[RunKey] = field(default_factory=list)
    # Not begun or not finished, as the budget ended.
    left: list[RunKey] = field(default_factory=list)


def work(
    entries: Sequence[Entry],
    run: Callable[[RunKey, float | None], bool],
    finished: Callable[[RunKey], object],
    place: Callable[[RunKey], Path],
    *,
    budget: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    progress: bool = True,
) -> Outcome:
    """Make the runs of a queue in its order.

    A run that another process is making is passed over, one that fails too.
    One whose epochs are too long for what is left of the budget is left.

    Args:
        entries: of the queue.
        run: makes a run within so many seconds (None: any); whether it was
            finished, and not only brought further.
        finished: whether a run has been made meanwhile.
        place: of a run's record, by which processes agree on it.
        budget: seconds for all.
    """
    outcome, end = Outcome(), None if budget is None else clock() + budget
    hours = [entry.forecast.seconds / 3600 for entry in entries]
    with tqdm(total=sum(hours), bar_format=_BAR, disable=not progress) as bar:
        for entry, share in zip(entries, hours, strict=True):
            left = None if end is None else end - clock()
            _take(entry, run, finished, place, left, outcome)
            bar.update(share)
    return outcome


def _take(entry: Entry, run, finished, place, left: float | None, outcome: Outcome):
    """One run, if nobody else makes it and there is time."""
    key = entry.key
    if left is not None and left < entry.forecast.epoch_seconds:
        outcome.left.append(key)
        return
    with claimed(place(key)) as ours:
        # Looked at under the lock: another process may just have ended it.
        if not ours or finished(key):
            outcome.elsewhere.append(key)
            return
        try:
            ended = run(key, left)
        except Exception as error:  # the next run may well succeed
            outcome.failed[key] = f"{type(error).__name__}: {error}"
            if isinstance(error, FerError):
                outcome.failed[key] = str(error)
            tqdm.write(f"Failed: {key}: {outcome.failed[key]}")
            return
        (outcome.done if ended else outcome.left).append(key)
        if ended:
            tqdm.write(f"Done: {key}")


@contextmanager
def claimed(record: Path) -> Iterator[bool]:
    """Whether a run is this process's to make, while the block lasts.

    The system drops the lock of a process that ends in whatever way, so a
    dead one holds nobody up.  The file stays: to delete it would let two
    processes lock two files of one name.
    """
    name = hashlib.sha256(str(Path(record).resolve()).encode()).hexdigest()
    path = cache_dir() / "queue" / f"{name[:16]}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        raise FerError(
            f"{path}: no lock can be written there ({error.strerror}); set FER_CACHE "
            "to a folder that you may write to."
        ) from error
    if not _locked(handle):
        os.close(handle)
        yield False
        return
    try:
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()} {record}\n".encode())
        yield True
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Whether nobody else holds a file; then this process does."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
