"""Results come in the order of the jobs, and no more is begun than is needed."""

import math
from functools import partial
from itertools import count, islice

import pytest

from fer_lib.processes import CHUNK, in_order


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_results_come_in_order_as_far_as_they_are_taken(workers):
    begun = []

    def endless():
        for job in count():
            begun.append(job)
            yield job

    found = in_order(partial(pow, 3), endless(), workers)
    assert list(islice(found, 50)) == [3**job for job in range(50)]
    found.close()
    ahead = 2 * workers * CHUNK if workers > 1 else 0
    assert 50 <= len(begun) <= 50 + ahead + CHUNK


def test_fewer_jobs_than_workers_and_none():
    assert list(in_order(math.sqrt, [4.0, 9.0, 16.0], 2)) == [2, 3, 4]
    assert list(in_order(math.sqrt, [], 2)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_the_callers(workers):
    with pytest.raises(ValueError, match="math domain"):
        list(in_order(math.sqrt, [1.0, -1.0], workers))
