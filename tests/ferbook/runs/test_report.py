"""What records keep of scores: rounded, but with the same predictions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax

from ferbook.runs.predictions import LAST_STEP, STEP, storable

SCORES = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(2, 8)),
    elements=st.floats(-1e5, 1e5, width=32),
)


@given(SCORES, st.sampled_from([STEP, LAST_STEP]))
def test_rounding_changes_no_prediction(scores, step):
    kept = storable(scores, step)
    assert kept.dtype == np.float16 and kept.shape == scores.shape
    assert (kept.argmax(1) == scores.argmax(1)).all()
    # The best alone is 0, so no later sum or sort can turn a tie around.
    assert ((kept == 0).sum(1) == 1).all() and (kept <= 0).all()
    assert (storable(kept, step) == kept).all()


def test_differences_are_kept_to_half_a_step():
    scores = np.random.default_rng(0).normal(scale=4, size=(4000, 7))
    kept, below = storable(scores), scores - scores.max(1, keepdims=True)
    near = (below < 0) & (below > -STEP / 2)  # moved away from the best
    assert np.abs(kept - below)[~near].max() <= STEP / 2
    assert np.abs(kept - below)[near].max() <= STEP
    assert near.any()
    shares, rounded = (np.exp(log_softmax(s, 1)) for s in (scores, kept.astype(float)))
    assert np.abs(rounded / shares - 1).max() < 0.14
    assert np.abs(rounded / shares - 1).mean() < 0.04


@pytest.mark.parametrize("low", [-1e9, -np.inf])
def test_impossible_classes_stay_finite(low):
    kept = storable(np.array([[0.0, low, -1.0]]))
    assert np.isfinite(kept).all() and list(kept[0]) == [0, -60000, -1]
