"""RAMN's sub-images and their weights, and the sweeps of Figures 3 and 4."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from fer_lib.crops import COUNTS, coverage, crop_boxes, crop_names
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.attention import RegionWeights, crop_features
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.drawing.panels import colour_bar, lay_over, show_face
from fer_lib.models.ramn import RAMN
from ferbook.papers.ramn import PAPER, SWEEPS
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show.diagrams import Block, draw_blocks
from ferbook.show.figures import COLOURS
from ferbook.show.plots import DASHES, finish, look, panels
from ferbook.show.tables import Sentence, Table, cell, table

SCALES = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2)  # Figure 3(b)
_NEARLY = 0.1  # as a share of no preference: shares within it are called even
BETAS = (0.0, 0.01, 0.02, 0.03, 0.04)  # Figure 4(a)


def draw_network() -> Figure:
    """RAMN as the paper's settings make it, with what leaves each part."""
    config = PAPER.make_config("paper")
    with torch.device("meta"):  # counted, not computed
        network = PAPER.make_network(config, 7, 0)
    count, size = len(network.boxes), config.network["input_size"]
    features, d = network.backbone.out_features, config.network["branch_features"]
    steps = {  # place, text, what leaves it, colour
        "face": (0, 0, "face", f"3 x {size} x {size}", "black"),
        "cut": (1.4, 0, "cut and\nresize", f"{count} x 3 x {size} x {size}", "sky"),
        "trunk": (2.8, 0, "VGG16\nfor each", f"{count} x {features}", "blue"),
        "theta": (2.8, 1.7, f"FC, sigmoid:\n{count} weights", "", "orange"),
        "mean": (4.2, 0, "weighted\nmean (1)", f"{features}", "orange"),
        "branches": (5.6, 0, "7 FC,\none per class", f"7 x {d}", "green"),
        "scores": (7.0, 0, "concatenate,\nFC", "7 scores", "green"),
        "r": (4.2, 1.7, "R-loss (2)", "", "vermilion"),
        "c": (5.6, 1.7, "C-loss (3-6)", "", "vermilion"),
        "ce": (7.0, 1.7, "cross-\nentropy", "", "vermilion"),
    }
    blocks = {name: Block(*step, width=1.05) for name, step in steps.items()}
    arrows = [
        ("face", "cut"), ("cut", "trunk"), ("trunk", "mean"), ("trunk", "theta"),
        ("theta", "mean"), ("theta", "r"), ("mean", "branches"), ("branches", "c"),
        ("branches", "scores"), ("scores", "ce"),
    ]  # fmt: skip
    return draw_blocks(blocks, arrows, size=(10, 3.7))


def draw_crops(image: np.ndarray) -> Figure:
    """Figure 2 on a face ``[C, H, W]``, for the numbers of Figure 3(a).

    Above, each panel's new boxes; below, the share of sub-images that see a pixel.
    """
    size, known, counts = image.shape[-1], 0, COUNTS[1:]
    figure, axes = plt.subplots(
        2, len(counts), figsize=(2.1 * len(counts) + 0.9, 5.1), layout="constrained"
    )
    for (above, below), count in zip(axes.T, counts, strict=True):
        boxes = crop_boxes(count, size, generator=_fixed())[1:]
        show_face(above, image)
        _draw_boxes(above, boxes[known:], size, crop_names(count)[1 + known :])
        above.set_title(f"{count} sub-images")
        show_face(below, image)
        share = 100 * coverage(boxes, size).numpy() / count
        drawn = lay_over(below, share, colours=SEQUENTIAL, low=0, high=100, alpha=0.7)
        known = count
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
    colour_bar(figure, drawn, axes[1], "share of the sub-images\nthat see a pixel (%)")
    return figure


def draw_scales(image: np.ndarray) -> Figure:
    """Figure 3(b)'s scales: one corner and the centre box at each."""
    size = image.shape[-1]
    figure, axes = panels(len(SCALES), len(SCALES), 1.75, 3)
    for panel, scale in zip(axes, SCALES, strict=True):
        boxes = crop_boxes(5, size, scale=scale)[[1, 5]]
        show_face(panel, image)
        _draw_boxes(panel, boxes, size, ("corner", "centre"), key=False)
        sides = 100 * (boxes[:, 2] - boxes[:, 0]) / size
        panel.set(xticks=[], yticks=[], title=f"scale {scale:.1f}")
        panel.set_xlabel(f"{sides[0]:.0f} % and {sides[1]:.0f} %\nof the side", size=8)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def _fixed() -> torch.Generator:
    """The tenth box is the network's, see ``crop_seed``."""
    return torch.Generator("cpu").manual_seed(0)


def _draw_boxes(
    axes: Axes, boxes: Tensor, size: int, names: Sequence[str], key: bool = True
) -> None:
    colours = ("orange", "sky", "vermilion", "yellow")
    for place, (box, name) in enumerate(zip(boxes.tolist(), names, strict=True)):
        inset = 0.012 * (place + 1)
        left, top, right, bottom = (edge / size for edge in box)
        corner, sides = (left + inset, top + inset), (right - left, bottom - top)
        width, height = (side - 2 * inset for side in sides)
        line = {"ec": COLOURS[colours[place]], "ls": DASHES[place], "lw": 2.2}
        axes.add_patch(Rectangle(corner, width, height, fill=False, label=name, **line))
    axes.set(xlim=(0, 1), ylim=(1, 0))
    if key:
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0)}
        axes.legend(fontsize=7, frameon=False, ncols=2, handlelength=1.6,
                    columnspacing=0.8, borderaxespad=0.3, **below)  # fmt: skip


def lead_table(named: Mapping[str, RegionWeights], betas: Sequence[float]) -> Table:
    """By how much the best crop leads, and how often by one of the margins ``betas``.

    Weights are those of the same faces, by the network's name.
    """

    def leads(name: str) -> np.ndarray:
        return named[name].weights[:, 1:].max(1) - named[name].weights[:, 0]

    def best(name: str) -> str:
        crops = named[name].weights[:, 1:]
        most = np.bincount(crops.argmax(1), minlength=crops.shape[1])
        share = f"{100 * most.max() / len(crops):.0f} %"
        return cell(named[name].names[1 + most.argmax()], share)

    columns = {
        "Network": str,
        "Weight of the whole face": lambda n: f"{named[n].weights[:, 0].mean():.3f}",
        "Lead of the best crop": lambda n: f"{leads(n).mean():+.4f}",
        "Best crop most often": best,
    }
    columns |= {
        f"Lead ≥ {beta:g}": lambda n, beta=beta: (
            f"{100 * (leads(n) >= beta).mean():.0f} %"
        )
        for beta in betas
    }
    faces = len(next(iter(named.values())).weights)
    return table(f"Region attention on {faces} faces", named, columns)


def told_leads(named: Mapping[str, RegionWeights]) -> Sentence:
    """For how many faces some sub-image leads, by network."""
    told = []
    for name, found in named.items():
        share = (found.weights[:, 1:].max(1) >= found.weights[:, 0]).mean()
        told.append(f"{100 * share:.0f} % of the faces with {name}")
    return Sentence(
        f"Some sub-image outweighs the whole face for {', '.join(told)}. That says how "
        "often a crop wins, not that the right one does."
    )


def told_shares(
    found: RegionWeights, labels: np.ndarray, classes: Sequence[str]
) -> Sentence:
    """How far the mean shares of a class are from no preference, and from one another.

    Args:
        found: weights of N faces.
        labels: ``int [N]``, as places in ``classes``.
        classes: names; those without a face are passed over.
    """
    means = {
        name: 100 * found.shares[labels == k].mean(0)
        for k, name in enumerate(classes)
        if (labels == k).any()
    }
    rows, even = np.array(list(means.values())), 100 / len(found.names)
    far = np.abs(rows - even).max()
    says = (
        "so equation (1) is close to a plain mean of the views"
        if far < _NEARLY * even
        else "so equation (1) prefers some views"
    )
    apart = np.ptp(rows, axis=0)
    region = int(apart.argmax())
    names = list(means)
    low, high = (names[k] for k in (rows[:, region].argmin(), rows[:, region].argmax()))
    return Sentence(
        f"No share is more than {far:.1f} points from the {even:.1f} % of no "
        f"preference, {says}. From class to class the share of the "
        f"{found.names[region]} moves most, from {rows[:, region].min():.1f} % for "
        f"{low} to {rows[:, region].max():.1f} % for {high}."
    )


@torch.inference_mode()
def classify(network: RAMN, features: Tensor) -> np.ndarray:
    """Classes ``int64 [N]`` of region features ``[N, R, D]``, whole face first."""
    return classify_shared(network, network.attention(features).feature)


@torch.inference_mode()
def classify_shared(network: RAMN, shared: Tensor) -> np.ndarray:
    """Classes ``int64 [N]`` of shared features F_G ``[N, D]``."""
    scores = network.classifier(network.combined(network.expressions(shared)))
    return scores.argmax(1).cpu().numpy()


def tried_crops(run: Run) -> dict[str, dict[float, int]]:
    """Right answers on the test faces with other sub-images, nothing trained again.

    By value, for the first two of ``SWEEPS``; no sub-image at all is the value 0.
    """
    test, found = run.splits.test, {}
    network, features = crop_features(run.network, test.images, max(COUNTS))
    answers = {m: classify(network, features[:, : m + 1]) for m in COUNTS}
    at = {scale: crop_features(run.network, test.images, 5, scale) for scale in SCALES}
    by_scale = {scale: classify(*found_at) for scale, found_at in at.items()}
    for name, said in zip(SWEEPS, (answers, by_scale), strict=False):
        found[name] = {v: int((a == test.labels).sum()) for v, a in said.items()}
    return found


def recorded_sweeps(records: Sequence[Record]) -> dict[str, dict]:
    """The paper's four sweeps in recorded runs, by sweep and by how runs were made.

    ``{value: (right, n)}``, right the mean over seeds; only where two values are.
    """
    found = {}
    for sweep, values in SWEEPS.items():
        curves: dict[str, dict] = {}
        for record in records:
            if record.variant in values:
                made = f"{record.protocol}, {record.preset}, recipe {record.recipe}"
                seeds = curves.setdefault(made, {})
                told = record.correct()
                seeds.setdefault(values[record.variant], []).append(told)
        kept = {made: _means(seeds) for made, seeds in curves.items() if len(seeds) > 1}
        found |= {sweep: kept} if kept else {}
    return found


def _means(seeds: Mapping[float, list]) -> dict[float, tuple[float, int]]:
    return {v: (float(np.mean(s, 0).sum()), len(s[0])) for v, s in seeds.items()}


def draw_sweeps(sweeps: Mapping[str, Mapping[str, Mapping]]) -> Figure:
    """Accuracy with its 95 % interval against what was varied, a panel each.

    Sweeps are by name, and by curve ``{value: (right, n)}``.
    """
    figure, axes = panels(len(sweeps), min(2, len(sweeps)), 4.8, 3.3)
    for panel, (name, curves) in zip(axes, sweeps.items(), strict=True):
        for place, (label, curve) in enumerate(curves.items()):
            _draw_curve(panel, dict(sorted(curve.items())), label, place)
        legend = 8 if len(curves) > 1 else None
        finish(panel, legend=legend, xlabel=name, ylabel="accuracy (%)")
        panel.set_xticks(sorted({x for curve in curves.values() for x in curve}))
        if not legend:
            panel.set_title(next(iter(curves)), fontsize=9)
    return figure


def _draw_curve(axes: Axes, curve: Mapping, label: str, place: int) -> None:
    shares = np.array([right / n for right, n in curve.values()])
    limits = np.array([wilson_interval(right, n) for right, n in curve.values()]).T
    bars = {"yerr": 100 * np.abs(limits - shares), "fmt": "o", "capsize": 3}
    axes.errorbar(list(curve), 100 * shares, label=label, **bars, **look(place))
