"""Which faces an epoch or a stage learns from, and in which order.

A draw is a function of the labels ``int64 [n]`` that returns places in
them, ``int64 [m]``.  Its random numbers come from torch's generator, which
the training loop seeds.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Draw = Callable[[Tensor], Tensor]


def each_once(labels: Tensor) -> Tensor:
    """Every face once, in random order."""
    return torch.randperm(len(labels))


def weighted(weights: Tensor) -> Draw:
    """n faces with replacement, each as likely as its weight ``[n]``."""
    return lambda labels: torch.multinomial(weights, len(labels), replacement=True)


def oversampled(power: float) -> Draw:
    """n faces with replacement, weighed by their class's count ** -power.

    0.5 makes the expected share of a class proportional to the square root
    of its count; 1 makes all classes equally frequent.  0 is
    :func:`each_once`.
    """
    if power == 0:
        return each_once

    def draw(labels: Tensor) -> Tensor:
        counts = torch.bincount(labels).double()
        return weighted(counts[labels] ** -power)(labels)

    return draw


def at_most(per_class: int) -> Draw:
    """A fresh choice, without replacement, of at most so many of a class.

    Classes with fewer faces give all of theirs.  The order is random.
    """

    def draw(labels: Tensor) -> Tensor:
        order = torch.randperm(len(labels))
        seen = torch.nn.functional.one_hot(labels[order]).cumsum(0)
        rank = seen.gather(1, labels[order, None])[:, 0]  # 1, 2, ... in its class
        chosen = order[rank <= per_class]
        # Once more, as the rare classes stand alone at the end.
        return chosen[torch.randperm(len(chosen))]

    return draw


def balanced_rounds(labels: Tensor) -> Tensor:
    """As many of each class in any stretch: rounds of one a class.

    A draw of n faces.  A class that is used
    up begins again, in another order; of large ones not all are drawn.
    """
    classes = labels.unique()
    rounds = -(-len(labels) // len(classes))
    drawn = []
    for label in classes:
        rows = (labels == label).nonzero()[:, 0]
        passes = -(-rounds // len(rows))
        shuffled = [rows[torch.randperm(len(rows))] for _ in range(passes)]
        drawn.append(torch.cat(shuffled)[:rounds])
    table = torch.stack(drawn, 1)  # [rounds, classes]
    order = torch.rand(table.shape).argsort(1)
    return table.gather(1, order).flatten()[: len(labels)]
