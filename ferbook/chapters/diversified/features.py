"""What ESR's and MA-Net's chapters measure of features that are diversified.

N. Heidari, A. Iosifidis, arXiv:2210.09381, 2022; see
:mod:`fer_lib.losses.diversity`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.passes import evaluating, passes
from fer_lib.losses.diversified import BRANCH_GAMMA_TIMES_SIZE
from fer_lib.losses.diversity import (
    AUTHORS_GAMMA,
    GAMMA_TIMES_SIZE,
    diversity,
    similarity,
)
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing
from ferbook.chapters.diversified.learners import LINES, between
from ferbook.runs.run import Run
from ferbook.show.tables import Table

# Features that diversity compares, and what tables call them.
LEARNERS = {"channel": "Channels", "spatial": "Positions", "branch": "Branches"}


@torch.inference_mode()
def outputs(
    network: Network,
    images: np.ndarray,
    preprocessing: Preprocessing,
    names: Sequence[str],
) -> dict[str, Tensor]:
    """Some of what a network returns, of all faces, on the CPU.

    Args:
        network: ESR or MA-Net; left as it was.
        images: ``uint8 [N, C, H, W]``.
        preprocessing: what it was trained with.
        names: fields of its output: scores ``[N, ...]``, or features
            ``[L, N, D]`` that diversity compares.
    """
    found = {name: [] for name in names}
    with evaluating(network):
        for _, unit in passes(network, images, preprocessing):
            said = network(preprocessing.normalise(unit))
            for name in names:
                found[name].append(getattr(said, name).float().cpu())
    faces = {name: int(name in LEARNERS) for name in names}  # the axis
    return {name: torch.cat(parts, faces[name]) for name, parts in found.items()}


class Sweep(NamedTuple):
    """What :func:`gamma_sweep` returns; of G gammas.

    Attributes:
        gammas: ``[G]``.
        similarities: mean between two learners, ``[G]``, 0 to 1.
        pulls: length of the gradient of diversity for all features, ``[G]``.
        ours: the gamma that our losses take.
        size: D, features of a learner.
    """

    gammas: np.ndarray
    similarities: np.ndarray
    pulls: np.ndarray
    ours: float
    size: int


def gamma_sweep(features: Tensor, gammas: Sequence[float], name: str) -> Sweep:
    """Similarity, and what can be learned from it, at several gammas.

    Args:
        features: ``[L, B, D]``.
        gammas: above zero, ascending.
        name: kind of the features, as in :func:`outputs`.
    """
    features = features.double().detach().clone().requires_grad_()
    found = []
    for gamma in gammas:
        value = diversity(features, float(gamma))
        (slope,) = torch.autograd.grad(value, features)
        similar = between(similarity(features.detach(), float(gamma)))
        found.append((similar, float(slope.norm())))
    similarities, pulls = np.array(found).T
    size = features.shape[-1]
    ours = default_gamma(name, size)
    return Sweep(np.asarray(gammas), similarities, pulls, ours, size)


def draw_gammas(sweeps: Mapping[str, Sweep]) -> Figure:
    """Sweeps by name; dots stand at our gamma, a line at the authors' gamma."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for (name, sweep), (colour, line) in zip(sweeps.items(), LINES, strict=False):
        label = f"{name} (D = {sweep.size})"
        for panel, values in zip(axes, (sweep.similarities, sweep.pulls), strict=True):
            panel.plot(sweep.gammas, values, line, color=colour, label=label)
            height = np.interp(np.log(sweep.ours), np.log(sweep.gammas), values)
            panel.plot(sweep.ours, height, "o", color=colour)
    for panel in axes:
        _mark_authors(panel)
    axes[0].set(ylabel="mean similarity of two learners", ylim=(-0.03, 1.03))
    axes[1].set(ylabel="length of the gradient of D", yscale="log")
    top = max(sweep.pulls.max() for sweep in sweeps.values())
    axes[1].set_ylim(1e-9 * top, 3 * top)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def _mark_authors(panel: Axes) -> None:
    panel.axvline(AUTHORS_GAMMA, color="black", lw=0.9)
    panel.set(xscale="log", xlabel="gamma (line: the code's 10)")
    panel.grid(alpha=0.3)


def draw_similarities(
    matrices: Mapping[str, Tensor], names: Sequence[str], label: str = "similarity"
) -> Figure:
    """Matrices ``[L, L]`` with values 0 to 1, side by side.

    Args:
        matrices: by title; of S, the determinant is written below.
        names: of the L learners.
        label: of the colour bar.
    """
    figure, axes = plt.subplots(
        1, len(matrices), figsize=(4.3 * len(matrices) + 0.8, 4.3), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    small = 7 if len(names) > 6 else 10
    for panel, (title, matrix) in zip(axes[0], matrices.items(), strict=True):
        drawn = panel.imshow(matrix.numpy(), cmap=SEQUENTIAL, vmin=0, vmax=1)
        for row, column in np.ndindex(*matrix.shape):
            value = float(matrix[row, column])
            ink = "black" if value > 0.5 else "white"
            place = {"ha": "center", "va": "center", "fontsize": small, "color": ink}
            panel.text(column, row, f"{value:.2f}", **place)
        panel.set_xticks(range(len(names)), names, rotation=45, ha="right")
        panel.set_yticks(range(len(names)), names)
        panel.set_title(title, fontsize=10)
    figure.colorbar(drawn, ax=list(axes[0]), label=f"{label} (0 to 1)", shrink=0.8)
    return figure


def diversity_table(
    tried: Mapping[str, Run], faces: FaceSet, names: Sequence[str]
) -> Table:
    """How alike the learners of some networks are, with one gamma for all.

    Args:
        tried: runs by variant.
        faces: to read.
        names: features, as in :func:`outputs`.
    """
    rows = []
    for variant, run in tried.items():
        found = outputs(run.network, faces.images, run.preprocessing, names)
        told = []
        for name, features in found.items():
            gamma = default_gamma(name, features.shape[-1])
            similar = similarity(features, gamma)
            worth = float(diversity(features, gamma))
            told.append(f"{between(similar):.3f}\n D = {worth:.3f}")
        rows.append((variant, *told))
    header = ("Network", *(LEARNERS[name] for name in names))
    note = "Mean similarity of two learners, and diversity D, at our gamma."
    caption = f"How alike are the learners? {len(faces)} faces"
    return Table(caption, header, tuple(rows), note)


def default_gamma(name: str, size: int) -> float:
    """The gamma that our losses take for features of a kind and a size."""
    share = BRANCH_GAMMA_TIMES_SIZE if name == "branch" else GAMMA_TIMES_SIZE
    return share / size
