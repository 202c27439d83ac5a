"""The C-loss on real features: first steps of training, and after it."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.data.splits import Splits
from fer_lib.losses.collaborative import margin_border
from fer_lib.losses.region import region_loss
from ferbook.chapters.ramn.losses import STYLES
from ferbook.papers import ramn as recipe
from ferbook.papers.ramn import RAMNConfig
from ferbook.show.figures import COLOURS


def task_plane(features: Tensor, belongs: Tensor) -> tuple[Tensor, float]:
    """One task's features in the plane that shows its margin.

    Means stand for the two centres, which are part of the loss and are not
    kept with a network.

    Args:
        features: x of one task, ``[N, d]``.
        belongs: ``bool [N]``, whether a face has the expression; both occur.

    Returns:
        Places ``[N, 2]``: along the line between the means, 0 in the middle
        and positive towards those that belong; and along the direction of
        largest variance across it.  And the distance of the means.
    """
    own, other = features[belongs].mean(0), features[~belongs].mean(0)
    distance = float((own - other).norm())
    along = (own - other) / distance
    middle = features - (own + other) / 2
    first = middle @ along
    rest = middle - first[:, None] * along
    across = torch.linalg.svd(rest - rest.mean(0), full_matrices=False)[2][0]
    return torch.stack([first, rest @ across], 1), distance


def draw_tasks(
    expressions: Tensor, labels: Tensor, classes: Sequence[str], omega: float
) -> Figure:
    """Features of faces, task by task, and where equation (5) holds.

    Args:
        expressions: ``[N, C, d]``.
        labels: ``int64 [N]``; every class occurs.
        classes: names of the C classes.
        omega: the margin.
    """
    columns = -(-len(classes) // 2)
    figure, axes = plt.subplots(
        2, columns, figsize=(2.6 * columns, 5.4), layout="constrained"
    )
    for panel in axes.flat[len(classes) :]:
        panel.axis("off")
    for task, (panel, name) in enumerate(zip(axes.flat, classes, strict=False)):
        belongs = labels == task
        _draw_task(panel, *task_plane(expressions[:, task], belongs), belongs, omega)
        panel.set_title(name, fontsize=9)
    handles = axes.flat[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=3, fontsize=8)
    figure.supxlabel("along the line between the two means", fontsize=9)
    figure.supylabel("largest variance across it", fontsize=9)
    return figure


def _draw_task(
    axes: Axes, places: Tensor, distance: float, belongs: Tensor, omega: float
) -> None:
    for kind, mark, colour, label in (
        (~belongs, "s", "sky", "other expressions"),
        (belongs, "o", "vermilion", "faces with the expression"),
    ):
        axes.plot(*places[kind].T, mark, color=COLOURS[colour], ms=3, alpha=0.7,
                  label=label)  # fmt: skip
    border = margin_border(distance, omega)
    line = {"color": "black", "ls": "--", "lw": 1}
    axes.axvline(-border, **line)
    axes.axvline(border, label=f"borders for omega = {omega:g}", **line)
    axes.tick_params(labelsize=7)


def held(expressions: Tensor, labels: Tensor, omega: float) -> list[float]:
    """Share of the faces that satisfy equation (5), by task.

    Args:
        expressions: ``[N, C, d]``.
        labels: ``int64 [N]``.
        omega: the margin.
    """
    shares = []
    for task in range(expressions.shape[1]):
        belongs = labels == task
        places, distance = task_plane(expressions[:, task], belongs)
        towards = torch.where(belongs, places[:, 0], -places[:, 0])
        shares.append(float((towards > margin_border(distance, omega)).float().mean()))
    return shares


def first_steps(
    config: RAMNConfig, splits: Splits, steps: int = 8
) -> list[dict[str, float]]:
    """The losses in the first steps of training, batch by batch.

    Args:
        config: of the recipe; its weight of the C-loss is above 0.
        splits: faces to train on, in the order of the set.
        steps: of the optimiser.

    Returns:
        For each step, before it is made: cross-entropy, R-loss, C-loss
        without its weight, and the mean squared length of a feature.
    """
    classes, told = len(splits.classes), []
    network = recipe.make_network(config, classes, 0)
    loss = recipe.make_plan(config, splits, 0).stages[0].loss
    optimiser = recipe.make_optimizer(config, network, loss)
    for step in range(steps):
        rows = np.arange(step * config.batch_size, (step + 1) * config.batch_size)
        rows %= len(splits.train)
        labels = torch.as_tensor(splits.train.labels[rows])
        found = network(network.input(splits.train.images[rows]))
        parts = {
            "cross-entropy": F.cross_entropy(found.logits, labels),
            "R-loss": region_loss(found.weights, config.beta),
            "C-loss": loss.collaborative(found.expressions, labels),
        }
        total = parts["cross-entropy"] + config.region_weight * parts["R-loss"]
        total = total + config.collaborative_weight * parts["C-loss"]
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        length = found.expressions.square().sum(-1).mean()
        parts["length"] = length
        told.append({name: float(value.detach()) for name, value in parts.items()})
    return told


def draw_first_steps(found: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """Cross-entropy and the squared length of features, step by step."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    for place, (name, steps) in enumerate(found.items()):
        line = {"color": list(COLOURS.values())[place], "ls": STYLES[place % 5]}
        for axes, key in ((left, "C-loss"), (right, "cross-entropy")):
            values = [step[key] for step in steps]
            axes.semilogy(
                range(1, len(steps) + 1), values, marker="o", label=name, **line
            )
    left.set(xlabel="step", ylabel="C-loss, without its weight")
    right.set(xlabel="step", ylabel="cross-entropy")
    left.legend(fontsize=8)
    return figure
