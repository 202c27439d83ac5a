"""Jobs that workers of a test's cluster do."""

import os
import signal
import time
from pathlib import Path

from distributed import get_worker

from fer_lib.errors import FerError
from ferbook.cluster.worker import report, root_here
from ferbook.papers.deep_emotion import PRESETS
from ferbook.queue import making
from ferbook.runs.key import RunKey
from ferbook.study import work as study
from ferbook.training import states


def where(name: str) -> str:
    """Name of the worker that does it."""
    time.sleep(0.2)
    return str(get_worker().name)


def noted(name: str, folder: Path) -> str:
    """Leave a line in a file."""
    with (folder / "log").open("a") as log:
        log.write(f"{name}\n")
    time.sleep(0.5)
    return name


def awaited(name: str, folder: Path) -> str:
    """Leave a line in a file, and wait for another file."""
    with (folder / "log").open("a") as log:
        log.write(f"{name}\n")
    while not (folder / "go").exists():
        time.sleep(0.02)
    return name


def wanted(dask_scheduler) -> list[int]:
    """By how many clients each job is."""
    return [len(task.who_wants) for task in dask_scheduler.tasks.values()]


def deadly(name: str) -> str:
    """End the process, by the job of that name."""
    if name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def refused(name: str) -> None:
    """Fail as jobs do."""
    raise FerError(f"{name}: no.")


def patient(name: str, folder: Path) -> None:
    """Report until nobody wants it any more."""
    try:
        for step in range(1000):
            report(step / 1000)
            (folder / "begun").touch()
            time.sleep(0.02)
    except FerError as error:
        (folder / "ended").write_text(str(error))
        raise


def save_always() -> None:
    """Write the training state after every epoch, however short."""
    states.SAVING = 1e9


def slowly(key: RunKey, budget: float | None, **options) -> making.Made | None:
    """A run that rests after each epoch, so that its budget ends before it does."""

    def told(share: float) -> None:
        report(share)
        time.sleep(0.3)

    options["root"] = root_here(options["root"])
    return making.made(key, budget, progress=told, **options)


def one_epoch() -> None:
    """Let a plain run of Deep-Emotion's smallest preset take one epoch."""
    PRESETS["smoke"] = PRESETS["smoke"] | {"epochs": 1}


def halting(key: RunKey, budget: float | None, **options) -> making.Made | None:
    """A run that halts after half of its epochs, until its worker is killed."""

    def told(share: float) -> None:
        report(share)
        if share == 0.5:
            time.sleep(300)

    options["root"] = root_here(options["root"])
    return making.made(key, budget, progress=told, **options)


def only_train() -> None:
    """Let a cell of the study hold nothing but what its network learned."""
    study.the_truth = lambda *words: None
    study.measured_cell = lambda cell, learned, *words: {"scores": learned.scores}
    study.record_bytes = lambda told, arrays: arrays["scores"].tobytes()
