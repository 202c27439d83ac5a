"""What the chapters on diversified features, ESR and MA-Net, both show.

N. Heidari, A. Iosifidis, arXiv:2210.09381, 2022: similarity, equation (1),
and diversity, equation (2), as the paper defines them and as the authors'
code computes them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.book.figures import COLOURS
from fer_lib.book.tables import Table
from fer_lib.explain.colours import SEQUENTIAL
from fer_lib.explain.passes import evaluating, passes
from fer_lib.losses.diversified import MEASURES
from fer_lib.losses.diversity import AUTHORS_GAMMA, GAMMA_TIMES_SIZE, similarity
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing

TITLES = {"paper": "paper: diagonal 1", "authors_code": "authors' code: diagonal 0"}
_LINES = tuple(zip(COLOURS.values(), ("-", "--", ":", "-.") * 2, strict=True))
_FAR = 40.0  # at gamma 1, learners that far apart have a similarity of 0


def equally_alike(count: int, share: float) -> Tensor:
    """Learners of which any two have the same similarity, at gamma 1.

    Args:
        count: L, of the learners.
        share: their similarity, 0 to 1.

    Returns:
        ``float64 [L, 1, L]``.
    """
    far = torch.tensor(share, dtype=torch.float64).clamp_min(1e-300).log().neg() / 2
    return (far.sqrt() * torch.eye(count, dtype=torch.float64))[:, None]


def planted(groups: Sequence[int]) -> Tensor:
    """Learners that equal their group and differ from all others.

    Args:
        groups: which one each of L learners belongs to, from 0.

    Returns:
        ``float64 [L, 1, groups]``, for gamma 1.
    """
    one_hot = torch.nn.functional.one_hot(torch.tensor(groups))
    return _FAR * one_hot.double()[:, None]


def pattern_table(patterns: Mapping[str, Sequence[int]]) -> Table:
    """Both diversities of learners that are the same or different.

    Args:
        patterns: groups of :func:`planted`, by what they are called.
    """
    rows = []
    for name, groups in patterns.items():
        found = [float(MEASURES[m](planted(groups), 1.0)) for m in TITLES]
        rows.append((name, f"{len(groups)}", *(f"{value:+.0f}" for value in found)))
    header = ("Learners", "Number", *(text.capitalize() for text in TITLES.values()))
    note = "Training makes this number large: learners are pulled to the larger one."
    return Table("Diversity of planted learners", header, tuple(rows), note)


def draw_determinants(counts: Sequence[int]) -> Figure:
    """What diversity adds to the loss, over the similarity of all learners.

    Args:
        counts: numbers of learners, a line each.
    """
    shares = np.linspace(0, 1, 101)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for panel, (measure, title) in zip(axes, TITLES.items(), strict=True):
        for count, (colour, line) in zip(counts, _LINES, strict=False):
            scale = count - 1 if measure == "authors_code" else 1
            added = [
                -float(MEASURES[measure](equally_alike(count, s), 1.0)) / scale
                for s in shares
            ]
            panel.plot(shares, added, line, color=colour, label=f"n = {count}")
        panel.set(xlabel="similarity of any two learners", title=title)
        panel.grid(alpha=0.3)
    axes[0].set_ylabel("added to the loss, -D")
    axes[1].set_ylabel("-D / (n - 1)")
    axes[1].axhline(0, color="black", lw=0.6)
    axes[1].legend(fontsize=8)
    return figure


def pulled(
    count: int, measure: str, *, size: int = 16, steps: int = 150, seed: int = 0
) -> np.ndarray:
    """Learners of free features that do nothing but maximise a diversity.

    Args:
        count: of the learners.
        measure: ``"paper"`` or ``"authors_code"``.
        size: D, features of each, kept in 0 to 1 by a sigmoid.
        steps: of Adam.
        seed: of the start.

    Returns:
        Mean similarity of two learners before each step and after the last.
    """
    draw = torch.Generator().manual_seed(seed)
    raw = 0.5 * torch.randn(count, 4, size, generator=draw, dtype=torch.float64)
    raw.requires_grad_()
    optimizer = torch.optim.Adam([raw], lr=0.03)
    found = []
    for _ in range(steps):
        features = raw.sigmoid()
        found.append(between(similarity(features.detach())))
        optimizer.zero_grad()
        (-MEASURES[measure](features)).backward()
        optimizer.step()
    return np.array([*found, between(similarity(raw.detach().sigmoid()))])


def draw_pulls(counts: Sequence[int]) -> Figure:
    """:func:`pulled` of several numbers of learners, under both measures."""
    figure, axes = plt.subplots(
        1, 2, figsize=(9, 3.2), sharey=True, layout="constrained"
    )
    for panel, (measure, title) in zip(axes, TITLES.items(), strict=True):
        for count, (colour, line) in zip(counts, _LINES, strict=False):
            trace = pulled(count, measure)
            panel.plot(trace, line, color=colour, label=f"n = {count}")
        panel.set(xlabel="step", title=title, ylim=(-0.03, 1.03))
        panel.grid(alpha=0.3)
    axes[0].set_ylabel("mean similarity")
    axes[1].legend(fontsize=8)
    return figure


def between(matrix: Tensor) -> float:
    """Mean of a matrix ``[L, L]`` off its diagonal."""
    count = len(matrix)
    return float((matrix.sum() - matrix.trace()) / (count * (count - 1)))


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
    faces = {name: int(name in _LEARNERS) for name in names}  # the axis
    return {name: torch.cat(parts, faces[name]) for name, parts in found.items()}


_LEARNERS = ("channel", "spatial", "branch")


class Sweep(NamedTuple):
    """What :func:`gamma_sweep` returns.

    Attributes:
        gammas: ``[G]``.
        similarities: mean between two learners, ``[G]``, 0 to 1.
        pulls: length of the gradient of diversity for all features, ``[G]``.
        size: D, features of a learner.
    """

    gammas: np.ndarray
    similarities: np.ndarray
    pulls: np.ndarray
    size: int


def gamma_sweep(features: Tensor, gammas: Sequence[float]) -> Sweep:
    """Similarity, and what can be learned from it, at several gammas.

    Args:
        features: ``[L, B, D]``.
        gammas: above zero.
    """
    features = features.double().requires_grad_()
    found = []
    for gamma in gammas:
        value = MEASURES["paper"](features, float(gamma))
        (slope,) = torch.autograd.grad(value, features)
        similar = between(similarity(features.detach(), float(gamma)))
        found.append((similar, float(slope.norm())))
    similarities, pulls = np.array(found).T
    return Sweep(np.asarray(gammas), similarities, pulls, features.shape[-1])


def draw_gammas(sweeps: Mapping[str, Sweep]) -> Figure:
    """Sweeps by name; dots stand at 30 / D, a line at the authors' gamma."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for (name, sweep), (colour, line) in zip(sweeps.items(), _LINES, strict=False):
        label = f"{name} (D = {sweep.size})"
        ours = GAMMA_TIMES_SIZE / sweep.size
        for panel, values in zip(axes, (sweep.similarities, sweep.pulls), strict=True):
            panel.plot(sweep.gammas, values, line, color=colour, label=label)
            height = np.interp(np.log(ours), np.log(sweep.gammas), values)
            panel.plot(ours, height, "o", color=colour)
    for panel in axes:
        _mark_authors(panel)
    axes[0].set(ylabel="mean similarity of two learners", ylim=(-0.03, 1.03))
    axes[1].set(ylabel="length of the gradient of D", yscale="log")
    top = max(sweep.pulls.max() for sweep in sweeps.values())
    axes[1].set_ylim(1e-9 * top, 3 * top)
    axes[0].legend(fontsize=8)
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
        drawn = panel.imshow(matrix, cmap=SEQUENTIAL, vmin=0, vmax=1)
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
