"""Working a queue down: order, budget, failures."""

import pytest
from queued import entries, key

from fer_lib.errors import FerError
from ferbook.queue import work


def seeds(jobs):
    return [run.seed for run in jobs]


def worked(count, run, finished=lambda run: False, keep=id, about=None, **options):
    queue = entries(count, **about or {})
    return work(queue, run, keep, finished, progress=False, **options)


def test_all_are_run_in_their_order():
    begun = []
    outcome = worked(3, lambda run, left: not begun.append((run, left)))
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
def test_a_failure_is_told_and_passed(error, told, capsys):
    def run(run, left):
        if run.seed == 1:
            raise error
        return True

    outcome = worked(3, run)
    assert seeds(outcome.done) == [0, 2]
    assert outcome.failed == {key(seed=1): told}
    assert told in capsys.readouterr().out  # at once, not only in the end


def test_what_is_made_is_kept_once_each():
    """Nothing of a run that was only brought further, or is recorded by now."""
    kept = []

    def run(run, left):
        return None if run.seed == 1 else f"made {run.seed}"

    outcome = worked(4, run, lambda run: run.seed == 2, kept.append)
    assert kept == ["made 0", "made 3"] and seeds(outcome.done) == [0, 3]
    assert seeds(outcome.left) == [1] and seeds(outcome.elsewhere) == [2]


def test_a_run_that_cannot_be_kept_has_failed():
    def keep(made):
        raise OSError("disk full")

    outcome = worked(2, lambda run, left: run, keep=keep)
    assert set(outcome.failed.values()) == {"OSError: disk full"}
    assert not outcome.done


def test_an_interruption_ends_it():
    def run(run, left):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worked(2, run)


def test_the_budget_is_shared():
    """Ten seconds for runs of four: two whole ones, half of the third."""
    now, given = [100.0], []

    def run(run, left):
        given.append(left)
        now[0] += min(4, left)
        return run if left >= 4 else None

    about = {"epoch_seconds": 1.0}
    outcome = worked(5, run, about=about, budget=10, clock=lambda: now[0])
    assert given == [10, 6, 2]
    assert seeds(outcome.done) == [0, 1] and seeds(outcome.left) == [2, 3, 4]


def test_an_epoch_longer_than_the_budget_is_not_begun():
    about = {"epoch_seconds": 11.0}
    outcome = worked(2, None, about=about, budget=10, clock=lambda: 0.0)
    assert seeds(outcome.left) == [0, 1]
