"""Expressions are distributions over face units that mean the right thing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.rendered.head import load_head
from fer_lib.rendered.units import (
    SIDES,
    distractor_units,
    expression_units,
)

HEAD = load_head()
DRAWS = 80
# What must stand out from the neutral face on average (EMFACS).
MARKS = {
    "angry": ["browDown"],
    "disgust": ["noseSneer", "mouthUpperUp"],
    "fear": ["browInnerUp", "browDown", "eyeWide", "mouthStretch"],
    "happy": ["mouthSmile", "cheekSquint"],
    "sad": ["browInnerUp", "mouthFrown"],
    "surprise": ["browInnerUp", "browOuterUp", "eyeWide", "jawOpen"],
    "contempt": ["mouthSmile", "mouthDimple"],
}


def draws(expression, **options):
    return np.stack(
        [
            expression_units(HEAD, expression, np.random.default_rng(k), **options)
            for k in range(DRAWS)
        ]
    )


@pytest.fixture(scope="module")
def drawn():
    return {name: draws(name) for name in EXPRESSIONS}


def column(units, name):
    """Both sides of a unit, averaged; ``[n]``."""
    rows = [
        k
        for k, unit in enumerate(HEAD.unit_names)
        if unit in (name, name + "Left", name + "Right")
    ]
    return units[:, rows].mean(1)


@pytest.mark.parametrize("expression", MARKS)
def test_expression_moves_its_units(drawn, expression):
    for name in MARKS[expression]:
        moved = column(drawn[expression], name)
        rest = column(drawn["neutral"], name)
        assert moved.mean() > 3 * rest.mean() + 0.1, name


def test_neutral_is_the_distractors_alone(drawn):
    idle = [distractor_units(HEAD, np.random.default_rng(k)) for k in range(DRAWS)]
    np.testing.assert_array_equal(drawn["neutral"], idle)
    assert not draws("neutral", distractors=0).any()


def test_contempt_is_one_sided_and_on_either_side(drawn):
    left, right = (
        drawn["contempt"][:, HEAD.unit_names.index(f"mouthDimple{side}")]
        for side in SIDES
    )
    weaker, stronger = np.minimum(left, right), np.maximum(left, right)
    assert (weaker < 0.3 * stronger).all()
    assert 0.25 < (left > right).mean() < 0.75


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(EXPRESSIONS),
    st.integers(0, 2**32),
    st.floats(0, 1.2),
)
def test_intensities_are_in_range_and_follow_the_seed(expression, seed, strength):
    once, again = (
        expression_units(HEAD, expression, np.random.default_rng(seed), strength)
        for _ in range(2)
    )
    np.testing.assert_array_equal(once, again)
    assert once.shape == (52,)
    assert once.min() >= 0 and once.max() < 2.8


def test_unknown_expression_is_refused():
    with pytest.raises(FerError, match=r"'joy' is unknown.*happy"):
        expression_units(HEAD, "joy", np.random.default_rng(0))
