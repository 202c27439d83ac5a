"""Agreement of raters against a plain count over every rater."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.data.audit.human_ceiling import (
    human_ceiling,
    leave_one_out,
    plurality_share,
)


def slow(row):
    """Set every rater aside in turn; ties of the others count by shares."""
    ballots = [column for column, n in enumerate(row[:8]) for _ in range(n)]
    if len(ballots) < 3:
        return np.nan
    hits = 0.0
    for out in range(len(ballots)):
        others = ballots[:out] + ballots[out + 1 :]
        most = max(others.count(column) for column in set(others))
        leading = [c for c in set(others) if others.count(c) == most]
        hits += (ballots[out] in leading) / len(leading)
    return hits / len(ballots)


@given(
    st.lists(
        st.lists(st.integers(0, 4), min_size=10, max_size=10), min_size=1, max_size=5
    )
)
def test_leave_one_out_is_what_counting_gives(votes):
    votes = np.array(votes)
    np.testing.assert_allclose(leave_one_out(votes), list(map(slow, votes)))


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ([10, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1.0),
        ([9, 1, 0, 0, 0, 0, 0, 0, 0, 0], 0.9),
        # Of five against five, the one set aside is in the minority.
        ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], 0.0),
        # Six or five stay against four or five: a tie counts half.
        ([5, 4, 0, 0, 0, 0, 0, 0, 0, 1], 5 / 9 / 2),
        ([0, 0, 0, 0, 0, 0, 0, 3, 3, 4], 1.0),
        ([0, 2, 0, 0, 0, 0, 0, 0, 4, 4], np.nan),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], np.nan),
    ],
)
def test_by_hand(votes, expected):
    np.testing.assert_allclose(leave_one_out(np.array([votes])), [expected])


def test_plurality_share_is_higher():
    votes = np.random.default_rng(0).multinomial(10, [0.1] * 10, 500)
    share = plurality_share(votes)
    assert np.nanmean(share) > np.nanmean(leave_one_out(votes))
    np.testing.assert_allclose(
        plurality_share(np.array([[6, 2, 0, 0, 0, 0, 0, 0, 1, 1]])), [0.75]
    )
    assert np.isnan(plurality_share(np.eye(10, dtype=int)[9:])).all()


def test_no_votes_at_all():
    assert np.isnan(human_ceiling(np.zeros((3, 10), int)))


def test_the_real_votes(real):
    found = {
        split: round(100 * human_ceiling(real.votes[real.splits == split]), 1)
        for split in ("Training", "PublicTest", "PrivateTest")
    }
    assert found == {"Training": 72.7, "PublicTest": 75.6, "PrivateTest": 73.7}
