"""Work on Dask's workers: the same results, whatever dies meanwhile."""

# ruff: noqa: E402

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial

import pytest

distributed = pytest.importorskip("distributed")

import cluster_jobs
import fer2013_files
import numpy as np
from queued import claim, papers

from fer_lib.errors import FerError
from ferbook import cli
from ferbook.cli import reproduce as cli_reproduce
from ferbook.cluster import Cluster, engine, in_turn, open_cluster
from ferbook.ledger import claim_files
from ferbook.queue import Entry, Forecast, keep, making, work
from ferbook.runs.key import RunKey
from ferbook.runs.records import load_records
from ferbook.study import work as study
from ferbook.study.settings import FAIR, SIZES, Cell

# One pair of workers for all.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]

FIELDS = {"started", "wall_seconds", "cpu_seconds", "peak_memory_mib", "curve"}
TIMES = ("seconds", "cpu_seconds")


def until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The faces of the client, those of the workers, and other ones."""
    folder = tmp_path_factory.mktemp("faces")
    for name, seed in (("client", 0), ("worker", 0), ("other", 1)):
        (folder / name).mkdir()
        rows = fer2013_files.make_rows(seed, (84, 28, 28))
        fer2013_files.write_csv(folder / name, rows)
    return {path.name: str(path) for path in folder.iterdir()}


@pytest.fixture(scope="module")
def cluster(places, tmp_path_factory):
    """Two processes of one thread; a job that ends two of them fails."""
    import dask

    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("FER_CACHE", str(tmp_path_factory.mktemp("cache")))
        changed.setenv("FER_ROOT", places["worker"])
        changed.setenv("OMP_NUM_THREADS", "1")
        changed.setattr(engine, "EVERY", 0.1)
        few = {"distributed.scheduler.allowed-failures": 1}
        with dask.config.set(few), open_cluster(workers=2, device="cpu") as made:
            made.client.run(cluster_jobs.save_always)
            yield made


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """What this process makes is not what workers find."""
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def ready(cluster, places):
    """The cluster after its check."""
    cluster.check("fer2013", places["client"])
    return cluster


def entries(*seeds, epochs=2):
    changes = {"epochs": epochs, "precision": "float32"}  # auto is decided by a clock
    about = {"dataset": "fer2013", "changes": changes}
    keys = [RunKey("deep_emotion", seed=seed, **about) for seed in seeds]
    return [Entry(key, Forecast(1.0, 3600.0, 0.0, False), (), (), 0) for key in keys]


def worked(queue, folder, root, make, each=in_turn, **options):
    """The outcome of a queue whose records and networks go below a folder."""
    make = partial(make, root=root, device="cpu", weights=True)
    write = partial(keep, folder=folder, weights=folder.with_name("networks"))
    options |= {"each": each, "progress": False}
    return work(queue, make, write, lambda run: None, **options)


quiet = partial(making.made, progress=False)


def without_times(record):
    """Fields of a record that do not depend on how long it took."""
    told = {k: v for k, v in record.content.items() if k not in FIELDS}
    rows = [{k: v for k, v in r.items() if k not in TIMES} for r in record.curve]
    return told | {"curve": rows}


def assert_same(folder, other):
    """Records with predictions, and networks, to the last bit."""
    one, two = ({r.path.name: r for r in load_records(f)} for f in (folder, other))
    assert one.keys() == two.keys() and one
    for name, record in one.items():
        assert without_times(record) == without_times(two[name])
        for key, values in record.predictions.items():
            np.testing.assert_array_equal(values, two[name].predictions[key], key)
    networks = [f.with_name("networks") for f in (folder, other)]
    files = [{p.name: p.read_bytes() for p in f.rglob("*.gz")} for f in networks]
    assert files[0] == files[1] and len(files[0]) == len(one)


@pytest.fixture(scope="module")
def alone(places, tmp_path_factory):
    """Records that one process makes, of seeds 0 and 1."""
    folder = tmp_path_factory.mktemp("alone") / "runs"
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("FER_CACHE", str(tmp_path_factory.mktemp("cache")))
        worked(entries(0, 1), folder, places["client"], quiet)
    return folder


def test_workers_come_to_what_one_process_comes_to(ready, alone, places, tmp_path):
    """Each of them on its own copy of the faces; and nothing is written twice."""
    folder = tmp_path / "here" / "runs"
    for seeds in ([0, 1], [0]):
        queue = entries(*seeds)
        outcome = worked(queue, folder, "nowhere", making.made_there, ready.each)
        assert sorted(key.seed for key in outcome.done) == seeds
        assert_same(alone, folder)


def test_a_failure_comes_back_as_it_was(ready):
    ((_, result),) = ready.each(cluster_jobs.refused, [("a",)])
    with pytest.raises(FerError, match=r"^a: no\.$"):
        result()


def test_the_budget_ends_runs_on_workers(ready, tmp_path):
    """The next go takes up the epochs that were made."""
    folder = tmp_path / "runs"
    queue = entries(9, epochs=6)
    about = {"each": ready.each, "folder": folder, "root": "nowhere"}
    first = worked(queue, make=cluster_jobs.slowly, budget=0.6, **about)
    assert first.left == [queue[0].key] and not folder.exists()
    assert worked(queue, make=making.made_there, **about).done == first.left
    (record,) = load_records(folder)
    assert record.epochs == 6


def test_two_clients_share_what_both_ask_for(ready, tmp_path):
    found, work = [], partial(cluster_jobs.awaited, folder=tmp_path)

    def ask():
        with distributed.Client(ready.client.scheduler.address) as client:
            other = Cluster(client, "cpu")
            other.same = ready.same
            found.extend(result() for _, result in other.each(work, [("a",)]))

    both = [threading.Thread(target=ask) for _ in range(2)]
    for one in both:
        one.start()
    until(lambda: 2 in ready.client.run_on_scheduler(cluster_jobs.wanted))
    (tmp_path / "go").touch()
    for one in both:
        one.join(120)
    assert found == ["a", "a"]
    assert (tmp_path / "log").read_text().split() == ["a"]


def test_a_job_that_nobody_waits_for_ends(ready, tmp_path):
    address, ended = ready.client.scheduler.address, []
    patient = partial(cluster_jobs.patient, folder=tmp_path)

    def ask():
        with pytest.raises(FerError, match="the scheduler is gone"):
            next(other.each(patient, [("a",)]))
        ended.append(True)

    with distributed.Client(address) as client:
        other = Cluster(client, "cpu")
        other.same = ready.same
        asking = threading.Thread(target=ask)
        asking.start()
        until((tmp_path / "begun").exists)
    asking.join(120)
    until((tmp_path / "ended").exists)
    assert ended and "its client is gone" in (tmp_path / "ended").read_text()


def test_other_faces_are_refused_before_any_work(cluster, places):
    told = rf"worker \d at tcp://.*{places['worker']} have the hash \w+, expected the"
    with pytest.raises(FerError, match=told) as error:
        cluster.check("fer2013", places["other"])
    assert "FER_ROOT" in str(error.value)


@contextmanager
def started(*words, **variables):
    """One of Dask's commands, as a process of its own."""
    paths = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        env=os.environ | {"PYTHONPATH": paths} | variables,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def another_worker(cluster, name, *words, **variables):
    """A worker that comes later, on what could be another machine."""
    words = ["--no-nanny", "--name", name, "--nthreads", "1", *words]
    address = cluster.client.scheduler.address
    with started("worker", address, *words, **variables) as process:
        until(lambda: name in {w["name"] for w in cluster._workers().values()})
        yield process


def test_a_worker_with_other_faces_that_comes_later_leaves(ready, places, capsys):
    with another_worker(ready, "late", FER_ROOT=places["other"]) as late:
        found = [
            result() for _, result in ready.each(cluster_jobs.where, zip("abcdef"))
        ]
        assert len(found) == 6 and {*found} <= {"0", "1"}
        assert late.wait(120) == 0
    assert "Left out: worker late at" in capsys.readouterr().out


def test_jobs_for_a_gpu_go_to_workers_that_name_one(ready, places):
    client = ready.client
    with pytest.raises(FerError, match="no worker names a GPU"):
        Cluster(client, "cuda")
    about = ["--resources", "GPU=1"]
    with another_worker(ready, "gpu", *about, FER_ROOT=places["worker"]):

        def places_of(device):
            jobs = [(f"{device} {number}",) for number in range(3)]
            found = Cluster(client, device).each(cluster_jobs.where, jobs)
            return {result() for _, result in found}

        assert places_of("auto") == places_of("cuda") == {"gpu"}
        assert Cluster(client).call(cluster_jobs.where, "a") == "gpu"
        assert places_of("cpu") != {"gpu"}


def test_cells_of_the_study_are_those_of_one_process(ready, monkeypatch):
    """Their trainings, to the last bit."""
    for name in ("the_truth", "measured_cell", "record_bytes"):
        monkeypatch.setattr(study, name, None)  # put back after the test
    for place in (ready.client.run, lambda change: change()):
        place(cluster_jobs.only_train)
    (cache,) = {*ready.client.run(os.getenv, "FER_CACHE").values()}
    monkeypatch.setenv("FER_CACHE", cache)  # so that faces are rendered once
    make = partial(study.made, settings=SIZES["smoke"])
    cells = [(Cell(FAIR, "plain_resnet", seed),) for seed in (0, 1)]
    here = {job: result() for job, result in in_turn(make, cells)}
    assert {job: result() for job, result in ready.each(make, cells)} == here
    assert len({*here.values()}) == len(cells)


def test_from_the_command_line(cluster, places, tmp_path, monkeypatch, capsys):
    """The runs of a claim, forecast and made by the workers; a second go has none."""
    about = {"presets": ("smoke",), "against": "deep_emotion/no_transformer"}
    about |= {"variant": "deep_emotion/default"}
    told = papers(claim("a", "difference", **about))
    monkeypatch.setattr(claim_files, "load_all_claims", lambda: told)
    monkeypatch.setattr(cli_reproduce, "runs_folder", lambda: tmp_path / "kept")
    words = ["reproduce", "--dataset", "fer2013", "--root", places["client"]]
    words += ["--seeds", "1", "--device", "cpu", "--out", str(tmp_path / "runs")]
    words += ["--scheduler", cluster.client.scheduler.address]
    cluster.client.run(cluster_jobs.one_epoch)
    assert cli.main(words) == 0
    assert "Runs: 2 done." in capsys.readouterr().out
    variants = {record.variant for record in load_records(tmp_path / "runs")}
    assert variants == {"default", "no_transformer"}
    assert cli.main([*words, "--list"]) == 0
    assert "2 runs are finished" in capsys.readouterr().out


def test_a_scheduler_that_dies_is_told(tmp_path):
    about = tmp_path / "scheduler"
    patient = partial(cluster_jobs.patient, folder=tmp_path)
    words = ["--scheduler-file", str(about)]
    local = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    with started("scheduler", *words, *local) as scheduler:
        until(about.exists)
        worker = started("worker", *words, "--no-nanny", "--nthreads", "1")
        address = json.loads(about.read_text())["address"]
        with worker, open_cluster(address, device="cpu") as cluster:

            def end():
                until((tmp_path / "begun").exists)
                scheduler.kill()

            killer = threading.Thread(target=end, daemon=True)
            killer.start()
            with pytest.raises(FerError, match="the scheduler is gone"):
                next(cluster.each(patient, [("a",)]))
            killer.join()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--scheduler", "tcp://127.0.0.1:9"], "no Dask scheduler answers there"),
        (["--scheduler", "nowhere:"], "no Dask scheduler answers there"),
        (["--workers", "0"], "0 workers, expected 1 or more"),
        (["--scheduler", "a", "--workers", "1"], "leave one of them out"),
    ],
)
def test_what_is_no_cluster_is_told(words, told, monkeypatch, capsys):
    monkeypatch.setattr(engine, "PATIENCE", "0.3s")
    assert cli.main(["explain", *words]) == 1
    assert told in capsys.readouterr().err


def test_each_process_has_its_share_of_the_machine(monkeypatch):
    import torch

    def environments(count, device="auto"):
        made = engine._processes(count, device).values()
        return [one["options"]["env"] for one in made]

    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert environments(3) == [{"OMP_NUM_THREADS": "2"}] * 3
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    seen = [one["CUDA_VISIBLE_DEVICES"] for one in environments(2)]
    assert seen == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    seen = [one["CUDA_VISIBLE_DEVICES"] for one in environments(2)]
    assert seen == ["4", "6"]
    assert "CUDA_VISIBLE_DEVICES" not in environments(3, "cpu")[0]
    with pytest.raises(FerError, match="3 workers, expected 1 to 2, the GPUs"):
        environments(3)


# The last ones, as processes that are new have to import everything.


def test_a_killed_worker_costs_an_epoch(ready, places, tmp_path):
    """It is killed by -9 after the third of six; another goes on from there."""
    whole, folder = tmp_path / "whole" / "runs", tmp_path / "here" / "runs"
    queue, epochs = entries(7, epochs=6), []
    worked(queue, whole, places["client"], quiet)
    pids = ready.client.run(os.getpid)

    def each(make, jobs, tell):
        told = lambda job, share: epochs.append(round(6 * share))  # noqa: E731
        return ready.each(make, jobs, told)

    def kill():
        while 3 not in epochs:
            time.sleep(0.02)
        (busy,) = (at for at, jobs in ready.client.processing().items() if jobs)
        os.kill(pids[busy], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    outcome = worked(queue, folder, "nowhere", cluster_jobs.halting, each)
    killer.join()
    assert outcome.done == [queue[0].key]
    assert epochs == sorted(set(epochs)) and epochs[-1] == 6
    assert_same(whole, folder)
    assert set(pids.values()) != set(ready.client.run(os.getpid).values())


def test_a_job_that_kills_its_workers_fails_alone(ready):
    names = ["deadly", "first", "second"]
    found = dict(ready.each(cluster_jobs.deadly, zip(names)))
    assert found[("first",)]() == "first" and found[("second",)]() == "second"
    with pytest.raises(FerError, match="2 workers died one after the other"):
        found[("deadly",)]()
