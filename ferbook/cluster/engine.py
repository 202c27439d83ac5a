"""Jobs handed to Dask's workers, as many at a time as there are workers."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from logging import WARNING
from typing import TYPE_CHECKING

from tqdm.auto import tqdm

from fer_lib.errors import FerError, optional
from ferbook.runs.state import code_sha256

if TYPE_CHECKING:
    from distributed import Client, Future

EVERY = 1.0  # seconds after which new workers are looked for
PATIENCE = "20s"  # with a scheduler that does not answer

# Who does some jobs: calls a function with the parts of each, and yields them as they
# end, each with a function that gives its result or raises what it raised.  A Tell is
# told the share of a job that is done.
Tell = Callable[[tuple, float], None]
Ended = Iterator[tuple[tuple, Callable[[], object]]]
Each = Callable[..., Ended]  # of the work, the jobs, and a Tell


def in_turn(work: Callable, jobs: Iterable[tuple], tell: Tell | None = None) -> Ended:
    """Jobs that this process does one after another, each when its result is wanted.

    It is an :data:`Each` that tells no shares.
    """
    return ((job, partial(work, *job)) for job in jobs)


@contextmanager
def open_cluster(
    address: str | None = None, workers: int | None = None, device: str = "auto"
) -> Iterator["Cluster"]:
    """A cluster: the one of a scheduler, or of processes of this machine.

    Args:
        address: of a scheduler, such as ``"tcp://node1:8786"``,
        workers: or the number of processes to start here; they end with the block.
        device: for the jobs, ``"auto"``, ``"cpu"`` or ``"cuda"``.

    Raises:
        FerError: without Dask, or when no scheduler answers, or for more processes
            than this machine has GPUs.
    """
    dask = optional("distributed", "cluster")
    if address:
        try:
            client = dask.Client(address, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise FerError(
                f"{address}: no Dask scheduler answers there ({error}), expected an "
                "address such as tcp://node1:8786; start one with `dask scheduler`."
            ) from error
        with client:
            yield Cluster(client, device)
        return
    from dask.config import set as set_config

    local = {"host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0"}
    scheduler = {"cls": dask.Scheduler, "options": local}
    processes = _processes(workers, device)
    # A killed process is started anew, which takes longer on a busy machine.
    with (
        set_config({"distributed.deploy.lost-worker-timeout": "1h"}),
        dask.SpecCluster(processes, scheduler, silence_logs=WARNING) as here,
        dask.Client(here) as client,
    ):
        yield Cluster(client, device)


def _processes(count: int, device: str) -> dict[str, dict]:
    """Workers of this machine: each its share of the cores, or a GPU of its own."""
    import torch
    from distributed import Nanny

    gpus = 0 if device == "cpu" else torch.cuda.device_count()
    if count < 1 or (gpus and count > gpus):
        most = f"1 to {gpus}, the GPUs of this machine" if gpus else "1 or more"
        raise FerError(f"{count} workers, expected {most}.")
    threads = os.environ.get("OMP_NUM_THREADS", max(1, (os.cpu_count() or 1) // count))
    # Mapped faces count as memory of the process to Dask, which would end it.
    options = {"nthreads": 1, "memory_limit": 0, "host": "127.0.0.1"}
    options |= {"silence_logs": WARNING, "resources": {"GPU": 1} if gpus else {}}
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    seen = named if all(named) else [str(number) for number in range(gpus)]
    found = {}
    for number in range(count):
        env = {"OMP_NUM_THREADS": str(threads)}
        env |= {"CUDA_VISIBLE_DEVICES": seen[number]} if gpus else {}
        own = options | {"env": env, "name": str(number)}
        found[str(number)] = {"cls": Nanny, "options": own}
    return found


class Cluster:
    """Workers that come to what this process would come to.

    Jobs need a worker with the resource ``GPU`` where workers name it, unless they
    are for the CPU.

    Args:
        client: of Dask, connected.
        device: for the jobs.
    """

    def __init__(self, client: "Client", device: str = "auto"):
        from ferbook.cluster.worker import Same

        self.client, self.device = client, device
        self.same = Same(code_sha256())
        if not client.nthreads():
            tqdm.write("Waiting for a worker.")
        client.wait_for_workers(1)
        named = any(_gpus(one) for one in self._workers().values())
        self.resources = {"GPU": 1} if named and device != "cpu" else {}
        if device == "cuda" and not named:
            raise FerError(
                "no worker names a GPU, expected one at least for --device cuda; start "
                'workers with --resources "GPU=1".'
            )

    def check(self, dataset: str = "", root: str | None = None) -> None:
        """Refuse workers of other code, or of other faces of a data set.

        Those that come later are checked before their first job.

        Raises:
            FerError: naming the worker, and both hashes.
        """
        from fer_lib.data import load
        from ferbook.cluster.worker import Same, check

        data = load(dataset, root).sha256 if dataset else ""
        self.same = Same(self.same.code, dataset, root, data)
        self.client.run(check, self.same)

    def call(self, function: Callable, *words: object) -> object:
        """What a function comes to on a worker, the same one while it lives."""
        first = min(self._able())
        options = {"workers": [first], "allow_other_workers": True, "pure": False}
        options["resources"] = self.resources
        return _result(self.client.submit(function, *words, **options))

    def each(
        self,
        work: Callable,
        jobs: Iterable[tuple],
        tell: Tell = lambda job, share: None,
    ) -> Ended:
        """Jobs as they end on workers; an :data:`Each`.

        A job is asked for when a worker is free, so that none waits on a worker that
        may die.  One whose worker dies is made again, by any other.

        Args:
            work: called with the parts of a job, on a worker.
            jobs: what tells them apart comes first.
            tell: is told the share of a job that is done.
        """
        from distributed import wait

        from ferbook.cluster.worker import TOPIC

        jobs, out, more, refused = iter(jobs), {}, True, set()

        def told(event: tuple) -> None:
            about = event[1]
            if about.get("refused") not in {None, *refused}:
                refused.add(about["refused"])
                tqdm.write(f"Left out: {about['refused']}")
            for future, job in list(out.items()):
                if future.key == about.get("job"):
                    tell(job, about["share"])

        self.client.subscribe_topic(TOPIC, told)
        try:
            while more or out:
                while more and len(out) < len(self._able()):
                    if more := (job := next(jobs, None)) is not None:
                        out[self._submit(work, job)] = job
                if not out:  # nor any worker
                    time.sleep(EVERY if more else 0)
                    continue
                done = ()
                with suppress(TimeoutError):
                    done = wait(list(out), EVERY, "FIRST_COMPLETED").done
                for future in done:
                    yield out.pop(future), partial(_result, future)
        except Exception as error:
            if self.client.status == "running":
                raise
            raise FerError(
                f"the scheduler is gone ({error}); start it again, and the same "
                "command goes on from the epochs that workers have saved."
            ) from error
        finally:
            if self.client.status == "running":
                self.client.unsubscribe_topic(TOPIC)
                self.client.cancel(list(out))

    def _submit(self, work: Callable, job: tuple) -> "Future":
        from dask.base import tokenize

        from ferbook.cluster.worker import on_worker

        # Two clients that ask for the same share one result.
        key = f"{job[0]}-{tokenize(work, job[0], self.same)}"
        words = (self.same, work, job)
        return self.client.submit(on_worker, *words, key=key, resources=self.resources)

    def _workers(self) -> dict[str, dict]:
        return self.client.scheduler_info(n_workers=-1)["workers"]

    def _able(self) -> list[str]:
        """Addresses of the workers that may have these jobs."""
        found = self._workers().items()
        return [at for at, one in found if _gpus(one) or not self.resources]


def _gpus(worker: dict) -> float:
    return worker["resources"].get("GPU", 0)


def _result(future: "Future") -> object:
    """What a job came to."""
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise FerError(
            f"{error.allowed_failures + 1} workers died one after the other while they "
            "made it, most often for want of memory; look at their logs, give them "
            "more, and begin again."
        ) from error
