"""Work that several processes share, its results in order."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from types import ModuleType
from typing import TypeVar

Job, Result = TypeVar("Job"), TypeVar("Result")
CHUNK = 8  # jobs that a process takes at a time


def in_order(
    work: Callable[[Job], Result], jobs: Iterable[Job], workers: int
) -> Iterator[Result]:
    """The results of jobs, in their order.

    At most ``2 * CHUNK`` jobs a worker are ahead of what is taken, so that jobs and
    results of any number need constant memory.

    Args:
        work: a function of a module, or a ``partial`` of one.
        jobs: may be a generator.
        workers: processes; below 2 it is this one, and nothing is ahead.
    """
    if workers < 2:
        yield from map(work, jobs)
        return
    jobs, ahead = iter(jobs), deque()
    pool = ProcessPoolExecutor(workers, get_context("spawn"))
    try:
        while chunk := list(islice(jobs, CHUNK)):
            with _no_main():
                ahead.append(pool.submit(_all, work, chunk))
            if len(ahead) == 2 * workers:
                yield from ahead.popleft().result()
        for one in ahead:
            yield from one.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _all(work: Callable[[Job], Result], jobs: list[Job]) -> list[Result]:
    return [work(job) for job in jobs]


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the running script, which a fresh process would run again.

    The workers need none of it; without this, a script that lacks a
    ``__main__`` guard would start itself over and over.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
