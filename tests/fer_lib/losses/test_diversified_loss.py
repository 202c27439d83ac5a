"""Sums of cross-entropy and diversity, equations (3) to (5)."""

import math

import pytest
import torch
import torch.nn.functional as F

from fer_lib.errors import FerError
from fer_lib.losses import (
    diversified_loss,
    diversity,
    esr_loss,
    manet_loss,
)

LABELS = torch.tensor([2, 0, 1, 2])


def draw(*shape):
    return torch.rand(*shape, dtype=torch.float64)


def esr(faces=4, branches=3):
    """Branch scores, labels, channel and spatial attention."""
    features = draw(branches, faces, 8), draw(branches, faces, 5)
    return draw(faces, branches, 3), LABELS[:faces], *features


def manet(faces=4):
    """Scores of both branches, labels, branches, positions, channels."""
    features = draw(2, faces, 8), draw(4, faces, 5), draw(4, faces, 8)
    return draw(faces, 3), draw(faces, 3), LABELS[:faces], *features


def cross_entropy(scores, labels):
    """Mean negative log of the softmax, one number at a time."""
    total = 0.0
    for face, label in zip(scores.tolist(), labels.tolist(), strict=True):
        total += math.log(sum(math.exp(s - face[label]) for s in face))
    return total / len(labels)


@pytest.mark.equation("diversified_esr", 3)
def test_diversified_loss():
    channel, spatial = draw(3, 4, 8), draw(3, 4, 5)
    entropy = torch.tensor(1.5, dtype=torch.float64)
    wanted = 1.5 - float(diversity(channel)) - float(diversity(spatial))
    found = diversified_loss(entropy, channel, spatial)
    assert float(found) == pytest.approx(wanted)


@pytest.mark.equation("diversified_esr", 4)
def test_esr_loss_equals_a_loop():
    scores, labels, channel, spatial = esr()
    wanted = sum(cross_entropy(scores[:, b], labels) for b in range(3))
    wanted -= float(diversity(channel, 0.7) + diversity(spatial, 0.7))
    found = esr_loss(scores, labels, channel, spatial, gamma=0.7)
    assert float(found) == pytest.approx(wanted)


@pytest.mark.equation("diversified_manet", 5)
@pytest.mark.parametrize("lambda_", [0.0, 0.6, 1.0])
def test_manet_loss_equals_a_loop(lambda_):
    local, global_, labels, branch, spatial, channel = batch = manet()
    wanted = lambda_ * cross_entropy(local, labels)
    wanted += (1 - lambda_) * cross_entropy(global_, labels)
    wanted -= float(diversity(branch, 1 / 8))
    wanted -= float(diversity(spatial) + diversity(channel))
    assert float(manet_loss(*batch, lambda_=lambda_)) == pytest.approx(wanted)


def test_cross_entropy_alone_where_all_learners_are_the_same():
    scores, labels, channel, spatial = esr(branches=1)
    same = [x.expand(3, -1, -1) for x in (channel, spatial)]
    entropy = F.cross_entropy(scores[:, 0], labels)
    torch.testing.assert_close(esr_loss(scores, labels, *same), entropy)


def test_more_learners_than_branches_in_use():
    """Fine-tuning: cross-entropy of one branch, diversity of three."""
    scores, labels, channel, spatial = esr()
    wanted = F.cross_entropy(scores[:, 0], labels)
    wanted = wanted - diversity(channel) - diversity(spatial)
    found = esr_loss(scores[:, :1], labels, channel, spatial)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(
    ("position", "value", "options", "message"),
    [
        (0, draw(4), {}, r"local has shape \[4\], expected \[B, K\]"),
        (1, draw(4, 2), {}, r"global_ has shape \[4, 2\], expected \[4, 3\] as local"),
        (2, LABELS + 1, {}, "labels lie in 1 to 3, expected 0 to 2"),
        (2, LABELS[:2], {}, r"labels are torch.int64 \[2\]"),
        (3, draw(2, 4), {}, r"features has shape \[2, 4\]"),
        (2, LABELS, {"lambda_": 1.2}, "lambda_ is 1.2, expected 0 to 1"),
        (2, LABELS, {"measure": "sum"}, "expected one of paper, authors_code"),
        (2, LABELS, {"branch_gamma": -1}, "gamma is -1"),
    ],
)
def test_bad_input_of_manet(position, value, options, message):
    batch = list(manet())
    batch[position] = value
    with pytest.raises(FerError, match=message):
        manet_loss(*batch, **options)
