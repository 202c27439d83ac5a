"""Which faces an epoch or a stage learns from."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.data.augment import seeded
from ferbook.training.draws import at_most, each_once, oversampled, weighted

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(torch.tensor)


@given(LABELS, st.integers(0, 9))
def test_each_once_is_a_permutation(labels, seed):
    with seeded(seed):
        assert sorted(each_once(labels).tolist()) == list(range(len(labels)))


@given(LABELS, st.integers(1, 20), st.integers(0, 9))
def test_at_most_takes_all_of_rare_classes_and_no_more_of_others(labels, most, seed):
    with seeded(seed):
        rows = at_most(most)(labels)
    assert len(set(rows.tolist())) == len(rows)
    taken = torch.bincount(labels[rows], minlength=5)
    expected = torch.bincount(labels, minlength=5).clamp(max=most)
    assert torch.equal(taken, expected)


def test_at_most_takes_every_face_as_often():
    """100 of 400 of a class: each is in a quarter of the draws."""
    labels = torch.tensor([0] * 400 + [1] * 50)
    counts = torch.zeros(450)
    with seeded(1):
        for _ in range(400):
            rows = at_most(100)(labels)
            counts[rows] += 1
    assert (counts[400:] == 400).all()
    # Five standard deviations of a binomial count with p = 1/4.
    assert (counts[:400] - 100).abs().max() < 5 * (400 * 0.1875) ** 0.5
    # And its place in the order tells nothing of its class.
    places = torch.arange(len(rows))[labels[rows] == 1].float()
    assert abs(places.mean() - len(rows) / 2) < 5 * len(rows) / (12 * 50) ** 0.5


def test_oversampling_shifts_the_expected_share():
    """Weights of count ** -0.5 draw classes by the root of their count."""
    labels = torch.tensor([0] * 900 + [1] * 100)
    with seeded(0):
        draws = torch.cat([labels[oversampled(0.5)(labels)] for _ in range(20)])
    # Roots 30 and 10: a quarter, within four standard errors.
    assert abs(draws.float().mean().item() - 0.25) < 4 * (0.1875 / 20_000) ** 0.5
    assert oversampled(0) is each_once


def test_oversampling_does_without_a_class_that_has_no_face():
    with seeded(0):
        rows = oversampled(1)(torch.tensor([0, 2, 2]))
    assert len(rows) == 3


def test_weights_of_zero_are_never_drawn():
    weights = torch.tensor([0.0, 1.0, 3.0])
    with seeded(0):
        rows = torch.cat([weighted(weights)(torch.zeros(3)) for _ in range(400)])
    share = (rows == 2).float().mean().item()
    assert (rows > 0).all() and abs(share - 0.75) < 5 * (0.1875 / 1200) ** 0.5
