"""RAMN's two losses: in closed form, in the first steps, and on features."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.data.splits import Splits
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.losses.collaborative import (
    centre_distances,
    inter_class_loss,
    margin_border,
)
from fer_lib.losses.region import region_loss, region_pull
from ferbook.papers.ramn import PAPER, RAMNConfig
from ferbook.show.figures import COLOURS
from ferbook.show.plots import DASHES, finish, look, panels


def draw_region_loss(betas: Sequence[float]) -> Figure:
    """Equation (2) and its pull against the lead of the best crop, for some margins."""
    whole = 0.5  # theta_0, the weight of the whole face
    leads = torch.linspace(-0.08, 0.08, 321)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    for place, beta in enumerate(betas):
        weights = torch.stack([torch.full_like(leads, whole), whole + leads], 1)
        loss = [float(region_loss(pair[None], beta)) for pair in weights]
        pull = [float(region_pull(pair.logit(), beta)[1]) for pair in weights]
        line = look(place)
        left.plot(leads, loss, label=f"beta = {beta:g}", **line)
        right.plot(leads, pull, lw=1 + (len(betas) - place) * 0.8, **line)
    lead = r"lead of the best crop, $\theta_{max} - \theta_0$"
    finish(left, xlabel=lead, ylabel="R-loss of a face", title="what it costs")
    finish(right, legend=None, xlabel=lead, ylabel="slope for the best crop's score")
    right.set_title(rf"how hard it pulls, at $\theta_0$ = {whole:g}")
    return figure


def plane_loss(points: Tensor, own: Tensor, other: Tensor, omega: float) -> Tensor:
    """L_M + L_N ``[...]`` of features ``[..., 2]`` that belong to one task.

    ``own`` and ``other`` are its centres ``[2]``, of those that belong and do not.
    """
    features = points.reshape(-1, 1, 2)
    labels = torch.zeros(len(features), dtype=torch.long)
    found = centre_distances(features, labels, torch.stack([other, own])[None])
    loss = found.positive + inter_class_loss(*found, omega)
    return loss[:, 0].reshape(points.shape[:-1])


def draw_plane(distances: Sequence[float]) -> Figure:
    """The C-loss of one task around its two centres, a panel a distance.

    Colours are for a margin of 3, borders for 1 to 4.
    """
    reach, omegas = 2.4, (1, 2, 3, 4)
    figure, axes = panels(len(distances), len(distances), 3.9, 4)
    steps = torch.linspace(-reach, reach, 121)
    points = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)
    for panel, distance in zip(axes, distances, strict=True):
        own, other = torch.tensor([[distance / 2, 0.0], [-distance / 2, 0.0]])
        loss = plane_loss(points, own, other, 3.0)
        drawn = panel.contourf(steps, steps, loss, levels=np.linspace(0, 24, 13),
                               cmap=SEQUENTIAL, extend="max")  # fmt: skip
        for style, omega in zip(DASHES, omegas, strict=False):
            border = margin_border(distance, omega)
            panel.axvline(border, color="white", ls=style, label=f"omega = {omega:g}")
        panel.plot(*own, "o", color=COLOURS["orange"], ms=9, mec="white")
        panel.plot(*other, "s", color=COLOURS["sky"], ms=9, mec="white")
        for centre, name in ((own, "$d_1$"), (other, "$d_0$")):
            dark = {"facecolor": "#00204d", "edgecolor": "none", "pad": 1}
            panel.annotate(name, centre, (0, 11), textcoords="offset points",
                           color="white", ha="center", bbox=dark)  # fmt: skip
        panel.set(title=f"centres {distance:.2g} apart", xlabel="feature 1", aspect=1)
        panel.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axes[0].set_ylabel("feature 2")
    legend = figure.legend(*axes[0].get_legend_handles_labels(), ncols=len(omegas),
                           loc="outside lower center", fontsize=8)  # fmt: skip
    legend.get_frame().set_facecolor("#888888")
    figure.colorbar(
        drawn, ax=axes, label="$L_M + L_N$ of a feature that belongs,\nomega = 3"
    )
    return figure


def task_plane(features: Tensor, belongs: Tensor) -> tuple[Tensor, float]:
    """One task's features ``[N, d]`` in the plane that shows its margin.

    Places ``[N, 2]``, along the line between the means (0 in the middle, positive
    towards those that belong) and along the largest variance across it, and the
    distance of the means, which stand for the centres: these are not kept with a
    network.
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
    """Features ``[N, C, d]`` of faces, task by task, and where equation (5) holds.

    Every class occurs among the labels ``int64 [N]``; omega is the margin.
    """
    figure, axes = panels(len(classes), -(-len(classes) // 2), 2.6, 2.7)
    for task, (panel, name) in enumerate(zip(axes, classes, strict=True)):
        belongs = labels == task
        _draw_task(panel, *task_plane(expressions[:, task], belongs), belongs, omega)
        panel.set_title(name, fontsize=9)
    handles = axes[0].get_legend_handles_labels()
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
    """Share of the faces that satisfy equation (5), by task; as :func:`draw_tasks`."""
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
    """The losses in the first steps of training, each before its step is made.

    Cross-entropy, R-loss, C-loss without its weight (above 0), and the mean squared
    length of a feature; faces come in the order of the set.
    """
    classes, told = len(splits.classes), []
    network = PAPER.make_network(config, classes, 0)
    [stage] = PAPER.make_plan(config, splits, 0).stages
    loss, optimiser = stage.loss, stage.optimizer(network, stage.loss)
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
        parts["length"] = found.expressions.square().sum(-1).mean()
        told.append({name: float(value.detach()) for name, value in parts.items()})
    return told


def draw_first_steps(found: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """Cross-entropy and the squared length of features, step by step."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    for place, (name, steps) in enumerate(found.items()):
        line = look(place)
        for axes, key in ((left, "C-loss"), (right, "cross-entropy")):
            values, count = [step[key] for step in steps], range(1, len(steps) + 1)
            axes.semilogy(count, values, marker="o", label=name, **line)
    left.set(xlabel="step", ylabel="C-loss, without its weight")
    right.set(xlabel="step", ylabel="cross-entropy")
    left.legend(fontsize=8)
    return figure
