"""Working a queue down: budget, failures, and several processes."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from queued import entries, key

from fer_lib.errors import FerError
from ferbook.queue import work
from ferbook.queue.work import claimed


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))


def seeds(jobs):
    return [run.seed for run in jobs]


def worked(count, run, tmp_path, finished=lambda run: False, about=None, **options):
    def place(run):
        return tmp_path / f"{run.seed}.json"

    queue = entries(count, **about or {})
    return work(queue, run, finished, place, progress=False, **options)


def test_all_are_run_in_their_order(tmp_path):
    begun = []
    outcome = worked(3, lambda run, left: not begun.append((run, left)), tmp_path)
    assert begun == [(key(seed=seed), None) for seed in range(3)]
    assert outcome.done == [run for run, _ in begun]
    assert not (outcome.failed or outcome.elsewhere or outcome.left)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (FerError("loss is nan."), "loss is nan."),
        (RuntimeError("no memory"), "RuntimeError: no memory"),
    ],
)
def test_a_failure_is_told_and_passed(error, told, tmp_path, capsys):
    def run(run, left):
        if run.seed == 1:
            raise error
        return True

    outcome = worked(3, run, tmp_path)
    assert seeds(outcome.done) == [0, 2]
    assert outcome.failed == {key(seed=1): told}
    assert told in capsys.readouterr().out  # at once, not only in the end


def test_an_interruption_ends_it(tmp_path):
    def run(run, left):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worked(2, run, tmp_path)


def test_the_budget_is_shared(tmp_path):
    """Ten seconds for runs of four: two whole ones, half of the third."""
    now, given = [100.0], []

    def run(run, left):
        given.append(left)
        now[0] += min(4, left)
        return left >= 4

    about = {"epoch_seconds": 1.0}
    outcome = worked(5, run, tmp_path, about=about, budget=10, clock=lambda: now[0])
    assert given == [10, 6, 2]
    assert seeds(outcome.done) == [0, 1] and seeds(outcome.left) == [2, 3, 4]


def test_an_epoch_longer_than_the_budget_is_not_begun(tmp_path):
    about = {"epoch_seconds": 11.0}
    outcome = worked(2, None, tmp_path, about=about, budget=10, clock=lambda: 0.0)
    assert seeds(outcome.left) == [0, 1]


PROCESSES = multiprocessing.get_context("fork")


def _work(folder, start):
    """Works a queue down; each run leaves a line, then its mark."""

    def run(run, left):
        with (folder / "log").open("a") as log:
            log.write(f"{os.getpid()} {run.seed}\n")
        time.sleep(0.02)
        (folder / f"{run.seed}.json").touch()
        return True

    start.wait()
    worked(30, run, folder, lambda run: (folder / f"{run.seed}.json").exists())


def test_two_processes_run_everything_once(tmp_path):
    start = PROCESSES.Barrier(2)
    both = [PROCESSES.Process(target=_work, args=(tmp_path, start)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    lines = (tmp_path / "log").read_text().splitlines()
    who, runs = zip(*(line.split() for line in lines), strict=True)
    assert Counter(runs) == Counter(str(seed) for seed in range(30))
    assert set(who) == {str(process.pid) for process in both}  # a part each


def _hold(record, ready):
    with claimed(record) as ours:
        ready.send(ours)
        time.sleep(60)


def test_a_dead_process_holds_nothing(tmp_path):
    record = tmp_path / "record.json"
    here, there = PROCESSES.Pipe()
    holder = PROCESSES.Process(target=_hold, args=(record, there))
    holder.start()
    assert here.recv()
    with claimed(record) as ours, claimed(tmp_path / "other.json") as other:
        assert (ours, other) == (False, True)
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with claimed(record) as ours:
        assert ours


def test_one_record_has_one_lock(tmp_path, monkeypatch):
    """However its path is written."""
    monkeypatch.chdir(tmp_path)
    with claimed(tmp_path / "a.json"), claimed(Path("a.json")) as ours:
        assert not ours


def test_a_folder_that_cannot_hold_locks_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "file"))
    with pytest.raises(FerError, match="set FER_CACHE"), claimed(tmp_path / "a"):
        pass
