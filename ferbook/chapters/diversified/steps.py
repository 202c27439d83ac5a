"""The first steps of training with and without diversity, live in small."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from fer_lib.data.splits import Splits
from fer_lib.losses.diversity import similarity
from ferbook.chapters.diversified.features import LEARNERS, default_gamma
from ferbook.chapters.diversified.learners import LINES, between
from ferbook.papers import paper as find_paper


class Steps(NamedTuple):
    """What :func:`first_steps` returns.

    Attributes:
        similarities: mean of two learners before each step, at our gamma,
            by the kind of the features.
        losses: cross-entropy and diversity together, a number a step.
    """

    similarities: dict[str, np.ndarray]
    losses: np.ndarray


def first_steps(
    paper: str,
    config: object,
    splits: Splits,
    names: Sequence[str],
    *,
    steps: int = 40,
    batch_size: int = 16,
) -> Steps:
    """Train all learners at once from scratch, and watch how alike they are.

    Not the recipe, which adds branches one by one and augments the faces; its
    network and its loss.

    Args:
        paper: ``diversified_esr`` or ``diversified_manet``.
        config: of that paper's recipe.
        splits: whose training faces to take, in their order.
        names: kinds of features to compare.
        steps: of SGD with the recipe's rate and momentum.
        batch_size: faces a step.
    """
    recipe, train = find_paper(paper), splits.train
    network = recipe.make_network(config, len(splits.classes), 0).train()
    rates = {"lr": config.learning_rate, "momentum": config.momentum}
    optimizer = torch.optim.SGD(network.parameters(), **rates)
    prepare = recipe.make_preprocessing(config)
    traces, losses = {name: [] for name in names}, []
    for step in range(steps):
        rows = np.arange(step * batch_size, (step + 1) * batch_size) % len(train)
        output = network(prepare(torch.as_tensor(train.images[rows])))
        for name in names:
            features = getattr(output, name).detach()
            gamma = default_gamma(name, features.shape[-1])
            traces[name].append(between(similarity(features, gamma)))
        labels = torch.as_tensor(train.labels[rows])
        loss = recipe.overall_loss(config, output, labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = {name: np.array(trace) for name, trace in traces.items()}
    return Steps(found, np.array(losses))


def draw_steps(starts: Mapping[str, Steps]) -> Figure:
    """Similarities over the steps, a panel a kind of features.

    Args:
        starts: by what was trained for.
    """
    kinds = list(next(iter(starts.values())).similarities)
    figure, axes = plt.subplots(
        1, len(kinds), figsize=(3.6 * len(kinds) + 0.6, 3.2), sharey=True,
        layout="constrained", squeeze=False,
    )  # fmt: skip
    for panel, kind in zip(axes[0], kinds, strict=True):
        for (name, found), (colour, line) in zip(starts.items(), LINES, strict=False):
            panel.plot(found.similarities[kind], line, color=colour, label=name)
        panel.set(xlabel="step", title=LEARNERS[kind].lower(), ylim=(-0.03, 1.03))
        panel.grid(alpha=0.3)
    axes[0, 0].set_ylabel("mean similarity of two learners")
    axes[0, -1].legend(fontsize=8)
    return figure
