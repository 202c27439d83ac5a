"""What runs on a worker: its check, and one job after another."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from distributed import Reschedule, Worker, get_worker

from fer_lib.data import load
from fer_lib.errors import FerError
from ferbook.runs.state import code_sha256

TOPIC = "ferbook"  # of what workers tell clients
ROOT = "FER_ROOT"  # a worker's variable: where the data set lies on its machine


def root_here(root: str | None) -> str | None:
    """The data set's folder on this worker; the client's where it has none named."""
    return os.environ.get(ROOT) or root


@cache
def data_sha256(dataset: str, root: str | None) -> str:
    """Hash of this worker's faces, which are read once."""
    return load(dataset, root).sha256


@dataclass(frozen=True)
class Same:
    """What a worker must share with the client to come to the client's results.

    Attributes:
        code: hash of both packages.
        dataset: that the jobs read; none if empty.
        root: its folder on the client.
        data: hash of its faces.
    """

    code: str
    dataset: str = ""
    root: str | None = None
    data: str = ""

    def check(self, worker: Worker) -> None:
        """Compare the worker that this process is.

        Raises:
            FerError: naming the worker, and the two hashes where they differ.
        """
        name = f"worker {worker.name} at {worker.address}"
        if worker.state.nthreads != 1:
            raise FerError(
                f"{name}: makes {worker.state.nthreads} jobs at once in one process, "
                "expected 1, as they would share random numbers; start it with "
                "--nthreads 1, and as many as there are to be with --nworkers."
            )
        if (code := code_sha256()) != self.code:
            raise FerError(
                f"{name}: has code of hash {code[:12]}, expected the client's "
                f"{self.code[:12]}; install the same version on both."
            )
        if not self.dataset:
            return
        root = root_here(self.root)
        try:
            data = data_sha256(self.dataset, root)
        except FerError as error:
            raise FerError(
                f"{name}: {error} Its folder of {self.dataset} is named by {ROOT} in "
                "its environment."
            ) from error
        if data != self.data:
            raise FerError(
                f"{name}: the faces of {self.dataset} in {root} have the hash "
                f"{data[:12]}, expected the client's {self.data[:12]}; copy the data "
                f"set again, or name its folder with {ROOT}."
            )


async def check(same: Same, dask_worker: Worker) -> None:
    """Compare this worker while it goes on answering the scheduler."""
    await asyncio.to_thread(same.check, dask_worker)


def on_worker(same: Same, work: Callable, job: tuple) -> object:
    """One job, on a worker that is as it should be; another leaves the cluster."""
    worker = get_worker()
    try:
        same.check(worker)
    except FerError as error:
        worker.log_event(TOPIC, {"refused": str(error)})
        leave = partial(worker.close, executor_wait=False, reason=str(error))
        worker.loop.add_callback(leave)
        raise Reschedule from error
    return work(*job)


def report(share: float) -> None:
    """Tell the client which share of the present job is done.

    Raises:
        FerError: when nobody waits for the job any more, which ends it.
    """
    worker = get_worker()
    key = worker.get_current_task()
    task = worker.state.tasks.get(key)
    if task is None or task.state == "cancelled":
        raise FerError(f"{key}: its client is gone.")
    worker.log_event(TOPIC, {"job": key, "share": share})
