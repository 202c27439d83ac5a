"""RAMN's two losses in closed form, drawn: where they pull and where they stop."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.losses.collaborative import (
    centre_distances,
    inter_class_loss,
    margin_border,
)
from fer_lib.losses.region import region_loss, region_pull
from ferbook.show.figures import COLOURS

STYLES = ("-", "--", ":", "-.", (0, (1, 3)))


def draw_region_loss(betas: Sequence[float], whole: float = 0.5) -> Figure:
    """Equation (2) and its pull against the lead of the best crop.

    Args:
        betas: margins, one curve each.
        whole: theta_0, the weight of the whole face, 0.1 to 0.9.
    """
    leads = torch.linspace(-0.08, 0.08, 321)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    for place, beta in enumerate(betas):
        weights = torch.stack([torch.full_like(leads, whole), whole + leads], 1)
        loss = [float(region_loss(pair[None], beta)) for pair in weights]
        pull = [float(region_pull(pair.logit(), beta)[1]) for pair in weights]
        line = {"color": list(COLOURS.values())[place], "ls": STYLES[place]}
        left.plot(leads, loss, label=f"beta = {beta:g}", **line)
        right.plot(leads, pull, lw=1 + (len(betas) - place) * 0.8, **line)
    for axes in (left, right):
        axes.set_xlabel(r"lead of the best crop, $\theta_{max} - \theta_0$")
        axes.grid(alpha=0.3)
    left.set(ylabel="R-loss of a face", title="what it costs")
    right.set_ylabel("slope for the best crop's score")
    right.set_title(rf"how hard it pulls, at $\theta_0$ = {whole:g}")
    left.legend(fontsize=8)
    return figure


def plane_loss(points: Tensor, own: Tensor, other: Tensor, omega: float) -> Tensor:
    """L_M + L_N of features in a plane that belong to one task.

    Args:
        points: ``[..., 2]``.
        own: centre of those that belong, ``[2]``.
        other: centre of those that do not, ``[2]``.
        omega: the margin.

    Returns:
        The loss of each, ``[...]``.
    """
    features = points.reshape(-1, 1, 2)
    labels = torch.zeros(len(features), dtype=torch.long)
    found = centre_distances(features, labels, torch.stack([other, own])[None])
    loss = found.positive + inter_class_loss(*found, omega)
    return loss[:, 0].reshape(points.shape[:-1])


def draw_plane(
    distances: Sequence[float], omegas: Sequence[float] = (1, 2, 3, 4)
) -> Figure:
    """The C-loss of one task around its two centres.

    Args:
        distances: between the centres, a panel each.
        omegas: margins whose borders are drawn; colours are for 3.
    """
    reach = 2.4
    figure, axes = plt.subplots(
        1, len(distances), figsize=(3.6 * len(distances) + 0.8, 4), layout="constrained"
    )
    steps = torch.linspace(-reach, reach, 121)
    points = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)
    for panel, distance in zip(axes, distances, strict=True):
        own, other = (
            torch.tensor([distance / 2, 0.0]),
            torch.tensor([-distance / 2, 0.0]),
        )
        loss = plane_loss(points, own, other, 3.0)
        drawn = panel.contourf(steps, steps, loss, levels=np.linspace(0, 24, 13),
                               cmap=SEQUENTIAL, extend="max")  # fmt: skip
        for style, omega in zip(STYLES, omegas, strict=False):
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
