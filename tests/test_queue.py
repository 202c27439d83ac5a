"""The queue: what is lacking, in which order, and who runs it."""

import itertools
import multiprocessing
import os
import signal
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fer_lib import queue
from fer_lib.errors import FerError
from fer_lib.evidence.claims import Answer, Claim, Term, Where
from fer_lib.reproduce import Request
from fer_lib.training.rate import measured_rate

ASKED = Request("", "fer2013", "/data", preset="paper")


def claim(name, kind="value", variant="default", **more):
    about = {
        "id": f"ramn.fer2013.{name}",
        "kind": kind,
        "where": Where("Table I"),
        "says": "A claim.",
        "dataset": "fer2013",
        "protocol": "official",
        "answered_by": (Answer("official", variant=variant),),
    }
    return Claim(**about | more)


def never(request):
    return False


def lacking(claims, asked=ASKED, seeds=(0,), finished=never):
    runs, impossible = queue.lacking(claims, asked, seeds, finished)
    return {(r.variant, r.seed): shares for r, shares in runs.items()}, impossible


CLAIMS = (
    claim("a"),
    claim("b", "difference", "beta", against="baseline"),
    claim("c", "order", order=(Term(variant="default"), Term(variant="baseline"))),
)


def test_a_claim_is_shared_by_the_runs_that_it_lacks():
    found, _ = lacking(CLAIMS)
    a, b, c = (one.id for one in CLAIMS)
    assert found == {
        ("default", 0): {a: 1, c: 1 / 2},
        ("beta", 0): {b: 1 / 2},
        ("baseline", 0): {b: 1 / 2, c: 1 / 2},
    }


def test_finished_runs_are_not_wanted_again():
    found, _ = lacking(CLAIMS, finished=lambda request: request.variant == "baseline")
    assert found["beta", 0] == {CLAIMS[1].id: 1}  # now it alone is missing
    assert ("baseline", 0) not in found


def test_every_seed_is_wanted():
    found, _ = lacking(CLAIMS[:1], seeds=range(3))
    assert set(found) == {("default", seed) for seed in range(3)}
    assert sum(share for shares in found.values() for share in shares.values()) == 1


def test_other_sizes_answer_no_values():
    answers = (Answer("official", preset="small"),)
    claims = [replace(one, answered_by=answers) for one in CLAIMS]
    found, _ = lacking(claims, replace(ASKED, preset="small"))
    assert found == {
        ("default", 0): {claims[1].id: 1 / 2, claims[2].id: 1 / 2},
        ("baseline", 0): {claims[1].id: 1 / 2, claims[2].id: 1 / 2},
    }
    assert lacking(claims)[0] == {}


def test_what_no_recipe_has_is_told():
    claims = [claim("a", variant="glasses"), claim("b", protocol="official")]
    found, impossible = lacking(claims)
    assert set(found) == {("default", 0)}
    assert [one.why for one in impossible] == ["no variant 'glasses'"]


def test_claims_of_other_data_sets_are_passed_over():
    assert lacking([claim("a", dataset="rafdb")])[0] == {}


def test_most_claims_an_hour_first():
    """Against the best of all orders, by claims answered early."""
    work = {"default": 7.0, "beta": 1.0, "baseline": 3.0}
    runs, _ = queue.lacking(CLAIMS, ASKED, (0,), never)
    jobs = queue.ordered(runs, lambda request: work[request.variant], rate=2.0)

    def waiting(order):
        """Hours that claims wait, which the best order makes smallest."""
        ends = itertools.accumulate(job.seconds for job in order)
        return sum(end * job.worth for end, job in zip(ends, order, strict=True))

    assert [job.seconds for job in jobs] == [work[j.request.variant] / 2 for j in jobs]
    best = min(itertools.permutations(jobs), key=waiting)
    assert waiting(jobs) == pytest.approx(waiting(best))


def jobs_of(count):
    requests = [replace(ASKED, paper="ramn", seed=seed) for seed in range(count)]
    return [queue.Job(request, ("a",), 1.0, 1.0, 1.0) for request in requests]


def test_failures_are_told_and_passed(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path))

    def run(request, budget):
        if request.seed == 1:
            raise FerError("no such folder.")
        return True

    found = list(queue.work_down(jobs_of(3), run, never))
    assert [(one.state, one.why) for one in found] == [
        ("done", ""),
        ("failed", "no such folder."),
        ("done", ""),
    ]


def test_the_budget_is_shared(tmp_path, monkeypatch):
    """Ten seconds for runs of four: two whole ones, half of the third."""
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    now, given = [100.0], []

    def run(request, budget):
        given.append(budget)
        now[0] += min(4, budget)
        return budget >= 4

    found = list(queue.work_down(jobs_of(5), run, never, 10, clock=lambda: now[0]))
    assert [one.state for one in found] == ["done", "done"] + ["budget"] * 3
    assert given == [10, 6, 2]


def _worker(folder: Path, count: int):
    """Works a queue down; each run leaves a line, then its mark."""

    def run(request, budget):
        with (folder / "log").open("a") as log:
            log.write(f"{request.seed}\n")
        time.sleep(0.02)
        (folder / f"{request.seed}.done").touch()
        return True

    def finished(request):
        return (folder / f"{request.seed}.done").exists()

    for _ in queue.work_down(jobs_of(count), run, finished):
        pass


def test_two_processes_run_everything_once(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_worker, args=(tmp_path, 30)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    runs = Counter((tmp_path / "log").read_text().split())
    assert runs == Counter(str(seed) for seed in range(30))


def _hold(request, ready):
    with queue.claimed(request) as ours:
        ready.send(ours)
        time.sleep(60)


def test_a_dead_process_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    request = jobs_of(1)[0].request
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    holder = context.Process(target=_hold, args=(request, there))
    holder.start()
    assert here.recv()
    with queue.claimed(request) as ours:
        assert not ours
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(10)
    with queue.claimed(request) as ours:
        assert ours


def test_cost_grows_with_epochs_and_faces():
    request = Request("deep_emotion", preset="smoke")
    one = queue.training_gflop(request, 1000, 7)
    assert queue.training_gflop(request, 3000, 7) == pytest.approx(3 * one)
    modern = queue.training_gflop(replace(request, recipe="modern"), 1000, 7)
    assert modern == pytest.approx(one * 24 / 18)


@pytest.mark.parametrize("paper", ["part_ensemble", "diversified_esr"])
def test_all_stages_are_counted(paper):
    assert queue.training_gflop(Request(paper, preset="smoke"), 10, 7) > 0


def test_the_rate_is_measured():
    assert measured_rate(torch.device("cpu"), seconds=0.01) > 0
