"""What the chapters on ESR and MA-Net count and draw of diversity.

N. Heidari, A. Iosifidis, arXiv:2210.09381, 2022: similarity, equation (1), and
diversity, equation (2), as the paper defines them and as the authors' code
computes them: of learners that are made up, and of networks.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.losses.diversified import BRANCH_GAMMA_TIMES_SIZE, MEASURES
from fer_lib.losses.diversity import (
    AUTHORS_GAMMA,
    GAMMA_TIMES_SIZE,
    diversity,
    equally_alike,
    similarity,
)
from fer_lib.models.network import Network
from ferbook.ledger.claim_files import load_claims
from ferbook.ledger.claims import Claim
from ferbook.papers import find_paper
from ferbook.runs.run import Run
from ferbook.show.plots import finish, look, panels, write_numbers
from ferbook.show.tables import Table, cell, table
from ferbook.training.plan import Batch

TITLES = {"paper": "paper: diagonal 1", "authors_code": "authors' code: diagonal 0"}
# Features that diversity compares, and what tables call them.
LEARNERS = {"channel": "Channels", "spatial": "Positions", "branch": "Branches"}
_FAR = 40.0  # at gamma 1, learners that far apart have a similarity of 0


def between(matrix: Tensor) -> float:
    """Mean of a matrix ``[L, L]`` off its diagonal."""
    count = len(matrix)
    return float((matrix.sum() - matrix.trace()) / (count * (count - 1)))


def planted(groups: Sequence[int]) -> Tensor:
    """Learners ``[L, 1, groups]`` that equal their group and differ from all others."""
    one_hot = torch.nn.functional.one_hot(torch.tensor(groups))
    return _FAR * one_hot.double()[:, None]


def pattern_table(patterns: Mapping[str, Sequence[int]]) -> Table:
    """Both diversities of :func:`planted` learners, by what they are called."""
    columns = {"Learners": lambda row: row[0], "Number": lambda row: len(row[1])}
    for name, title in TITLES.items():
        columns[title.capitalize()] = lambda row, measure=MEASURES[name]: _signed(
            float(measure(planted(row[1]), 1.0))
        )
    note = "Training makes this number large: learners are pulled to the larger one."
    return table("Diversity of planted learners", patterns.items(), columns, note=note)


def _signed(value: float) -> str:
    """A whole number with its sign; nothing has none."""
    return f"{value:+.0f}" if round(value) else "0"


def _draw_lines(panel: Axes, lines: Mapping[str, tuple], **labels) -> None:
    for place, (label, points) in enumerate(lines.items()):
        panel.plot(*points, label=label, **look(place))
    finish(panel, legend=None, **labels)


def draw_determinants(counts: Sequence[int]) -> Figure:
    """What diversity adds to the loss of so many learners, over their similarity."""
    shares = np.linspace(0, 1, 101)
    figure, axes = panels(2, 2, 4.5, 3.5)
    for panel, (measure, title) in zip(axes, TITLES.items(), strict=True):
        lines = {}
        for count in counts:
            scale = count - 1 if measure == "authors_code" else 1
            learners = [equally_alike(count, share) for share in shares]
            added = [-float(MEASURES[measure](one, 1.0)) / scale for one in learners]
            lines[f"n = {count}"] = shares, added
        _draw_lines(panel, lines, xlabel="similarity of any two learners", title=title)
    axes[0].set_ylabel("added to the loss, -D")
    axes[1].set_ylabel("-D / (n - 1)")
    axes[1].axhline(0, color="black", lw=0.6)
    axes[1].legend(fontsize=8)
    return figure


def pulled(count: int, measure: str, steps: int = 150) -> np.ndarray:
    """Learners of 16 features in 0..1 that do nothing but maximise a diversity.

    Mean similarity of two of them before each step of Adam and after the last;
    ``measure`` is ``"paper"`` or ``"authors_code"``.
    """
    draw = torch.Generator().manual_seed(0)
    raw = 0.5 * torch.randn(count, 4, 16, generator=draw, dtype=torch.float64)
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
    figure, axes = panels(2, 2, 4.5, 3.2)
    for panel, (measure, title) in zip(axes, TITLES.items(), strict=True):
        traces = {f"n = {count}": (pulled(count, measure),) for count in counts}
        _draw_lines(panel, traces, xlabel="step", title=title, ylim=(-0.03, 1.03))
    axes[0].set_ylabel("mean similarity")
    axes[1].legend(fontsize=8)
    return figure


@torch.inference_mode()
def outputs(
    network: Network, images: np.ndarray, names: Sequence[str]
) -> dict[str, Tensor]:
    """Some fields of what ESR or MA-Net returns, of all faces, on the CPU.

    Scores are ``[N, ...]``, features that diversity compares ``[L, N, D]``.
    """
    found = {name: [] for name in names}
    with evaluating(network):
        for _, unit in batches(network, images):
            said = network(network.input.normalise(unit))
            for name in names:
                found[name].append(getattr(said, name).float().cpu())
    faces = {name: int(name in LEARNERS) for name in names}  # the axis
    return {name: torch.cat(parts, faces[name]) for name, parts in found.items()}


def default_gamma(name: str, size: int) -> float:
    """The gamma that our losses take for features of a kind and a size."""
    share = BRANCH_GAMMA_TIMES_SIZE if name == "branch" else GAMMA_TIMES_SIZE
    return share / size


class GammaSweep(NamedTuple):
    """What :func:`gamma_sweep` returns; of G gammas."""

    gammas: np.ndarray  # [G]
    similarities: np.ndarray  # mean between two learners, [G], 0 to 1
    pulls: np.ndarray  # length of diversity's gradient for all features, [G]
    ours: float  # the gamma that our losses take
    size: int  # D, features of a learner


def gamma_sweep(features: Tensor, gammas: Sequence[float], name: str) -> GammaSweep:
    """Similarity of features ``[L, B, D]`` and its slope at gammas above 0."""
    features = features.double().detach().clone().requires_grad_()
    found = []
    for gamma in map(float, gammas):
        (slope,) = torch.autograd.grad(diversity(features, gamma), features)
        similar = between(similarity(features.detach(), gamma))
        found.append((similar, float(slope.norm())))
    size = features.shape[-1]
    ours = default_gamma(name, size)
    return GammaSweep(np.asarray(gammas), *np.array(found).T, ours, size)


def draw_gammas(sweeps: Mapping[str, GammaSweep]) -> Figure:
    """Sweeps by name; dots stand at our gamma, a line at the authors' gamma."""
    figure, axes = panels(2, 2, 4.5, 3.5)
    for panel, key in zip(axes, ("similarities", "pulls"), strict=True):
        lines = {
            f"{name} (D = {one.size})": (one.gammas, getattr(one, key))
            for name, one in sweeps.items()
        }
        _draw_lines(panel, lines, xscale="log", xlabel="gamma (line: the code's 10)")
        for place, one in enumerate(sweeps.values()):
            logs = np.log(one.ours), np.log(one.gammas)
            height = np.interp(*logs, getattr(one, key))
            panel.plot(one.ours, height, marker="o", color=look(place)["color"])
        panel.axvline(AUTHORS_GAMMA, color="black", lw=0.9)
    axes[0].set(ylabel="mean similarity of two learners", ylim=(-0.03, 1.03))
    top = max(sweep.pulls.max() for sweep in sweeps.values())
    axes[1].set(ylabel="length of the gradient of D", yscale="log")
    axes[1].set_ylim(1e-9 * top, 3 * top)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def draw_similarities(
    matrices: Mapping[str, Tensor], names: Sequence[str], label: str = "similarity"
) -> Figure:
    """Matrices ``[L, L]`` of L named learners, 0 to 1, side by side, by title."""
    figure, axes = panels(len(matrices), len(matrices), 4.6, 4.3)
    small = 7 if len(names) > 6 else 10
    for panel, (title, matrix) in zip(axes, matrices.items(), strict=True):
        drawn = panel.imshow(matrix.numpy(), cmap=SEQUENTIAL, vmin=0, vmax=1)
        write_numbers(panel, matrix.numpy(), "{:.2f}", fontsize=small)
        panel.set_xticks(range(len(names)), names, rotation=45, ha="right")
        panel.set_yticks(range(len(names)), names)
        panel.set_title(title, fontsize=10)
    figure.colorbar(drawn, ax=list(axes), label=f"{label} (0 to 1)", shrink=0.8)
    return figure


def diversity_table(
    tried: Mapping[str, Run], faces: FaceSet, names: Sequence[str]
) -> Table:
    """How alike the learners of some networks are, with one gamma for all."""
    rows = []
    for variant, run in tried.items():
        told = {"Network": variant}
        for name, features in outputs(run.network, faces.images, names).items():
            gamma = default_gamma(name, features.shape[-1])
            similar = f"{between(similarity(features, gamma)):.3f}"
            worth = f"D = {float(diversity(features, gamma)):.3f}"
            told[LEARNERS[name]] = cell(similar, worth)
        rows.append(told)
    note = "Mean similarity of two learners, and diversity D, at our gamma."
    return table(f"How alike are the learners? {len(faces)} faces", rows, note=note)


def first_steps(
    paper: str,
    config: object,
    splits: Splits,
    names: Sequence[str],
    *,
    steps: int = 40,
    batch_size: int = 16,
) -> dict[str, np.ndarray]:
    """Train all learners at once from scratch, and watch how alike they are.

    The recipe's network, loss, rate and momentum, but no branches that join and no
    augmentation; faces in their order.  By the kind of features, the mean similarity
    of two learners before each step, at our gamma.
    """
    recipe, train = find_paper(paper), splits.train
    network = recipe.make_network(config, len(splits.classes), 0).train()
    learns = recipe.make_plan(config, splits, 0).stages[-1].loss
    rates = {"lr": config.learning_rate, "momentum": config.momentum}
    optimizer = torch.optim.SGD(network.parameters(), **rates)
    traces = {name: [] for name in names}
    for step in range(steps):
        rows = np.arange(step * batch_size, (step + 1) * batch_size) % len(train)
        output = network(network.input(torch.as_tensor(train.images[rows])))
        for name in names:
            features = getattr(output, name).detach()
            gamma = default_gamma(name, features.shape[-1])
            traces[name].append(between(similarity(features, gamma)))
        loss = learns(network, output, Batch(torch.as_tensor(train.labels[rows])))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {name: np.array(trace) for name, trace in traces.items()}


def draw_steps(starts: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """:func:`first_steps` by what was trained for, a panel per kind of features."""
    kinds = list(next(iter(starts.values())))
    figure, axes = panels(len(kinds), len(kinds), 3.8, 3.2)
    for panel, kind in zip(axes, kinds, strict=True):
        traces = {name: (found[kind],) for name, found in starts.items()}
        title = LEARNERS[kind].lower()
        _draw_lines(panel, traces, xlabel="step", title=title, ylim=(-0.03, 1.03))
    axes[0].set_ylabel("mean similarity of two learners")
    axes[-1].legend(fontsize=8)
    return figure


def printed_accuracies(paper: str) -> dict[str, list[Claim]]:
    """Printed accuracies that have a number of test faces, by data set."""
    found: dict[str, list[Claim]] = {}
    for claim in load_claims(paper).claims:
        if claim.kind == "value" and claim.metric == "accuracy" and claim.n:
            found.setdefault(claim.dataset, []).append(claim)
    return found


def draw_printed(paper: str) -> Figure:
    """Table 1's accuracies, each with the 95 % interval that its n gives."""
    sets = printed_accuracies(paper)
    lines = max(map(len, sets.values()))
    width, height = 10 / len(sets), 0.32 * lines + 1.4
    figure, axes = panels(len(sets), len(sets), width, height, sharey=True)
    for panel, claims in zip(axes, sets.values(), strict=True):
        names = [claim.where.row for claim in claims]
        for place, claim in enumerate(claims):
            limits = wilson_interval(claim.number * claim.n, claim.n)
            plain = "spatial" not in names[place]
            colour, mark = ("#0072B2", "o") if plain else ("#D55E00", "s")
            panel.plot([100 * end for end in limits], [place] * 2, color=colour)
            panel.plot(100 * claim.number, place, mark, color=colour)
        panel.set(xlabel="accuracy (%)", yticks=range(len(names)), yticklabels=names)
        told = f"{claims[0].where.column}, n = {claims[0].n:,}"
        panel.set_title(told, fontsize=10)
        panel.grid(axis="x", alpha=0.3)
    axes[0].set_ylim(lines - 0.4, -0.6)
    return figure
