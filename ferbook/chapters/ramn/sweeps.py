"""The sweeps of RAMN's Figures 3 and 4: from records, and without training."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.crops import COUNTS
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.regions import crop_features
from fer_lib.models.ramn import RAMN
from ferbook.chapters.ramn.regions import SCALES
from ferbook.papers.ramn import SWEEPS
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show.figures import COLOURS

BETAS = (0.0, 0.01, 0.02, 0.03, 0.04)  # Figure 4(a)
_STYLES = ("-", "--", ":", "-.")


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
    """Test faces read rightly with other sub-images, nothing trained again.

    The boxes of a small number are the first of those of a large one, so
    that their features are computed once.

    Returns:
        For the first two of ``SWEEPS``, right answers by value; no
        sub-image at all is the value 0.
    """
    test, found = run.splits.test, {}
    network, features = crop_features(run.network, test.images, max(COUNTS))
    answers = {m: classify(network, features[:, : m + 1]) for m in COUNTS}
    by_scale = {}
    for scale in SCALES:
        found_at = crop_features(run.network, test.images, 5, scale)
        by_scale[scale] = classify(*found_at)
    for name, said in zip(SWEEPS, (answers, by_scale), strict=False):
        found[name] = {v: int((a == test.labels).sum()) for v, a in said.items()}
    return found


def recorded_sweeps(records: Sequence[Record]) -> dict[str, dict]:
    """What recorded runs say about the paper's four sweeps.

    Returns:
        By sweep, and by how the runs were made: ``{value: (right, n)}``,
        right answers as the mean over seeds.  Only what has two values or
        more.
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
    """Right answers, the mean over seeds, and faces, by value."""
    return {v: (float(np.mean(s, 0).sum()), len(s[0])) for v, s in seeds.items()}


def draw_sweeps(sweeps: Mapping[str, Mapping[str, Mapping]]) -> Figure:
    """Accuracy with its 95 % interval against what was varied, a panel each.

    Args:
        sweeps: by name, and by curve: ``{value: (right, n)}``.
    """
    columns = min(2, len(sweeps))
    lines = -(-len(sweeps) // columns)
    size = (4.8 * columns, 3.3 * lines)
    figure, axes = plt.subplots(
        lines, columns, figsize=size, squeeze=False, layout="constrained"
    )
    for panel in axes.flat[len(sweeps) :]:
        panel.axis("off")
    for panel, (name, curves) in zip(axes.flat, sweeps.items(), strict=False):
        for place, (label, curve) in enumerate(curves.items()):
            _draw_curve(panel, dict(sorted(curve.items())), label, place)
        panel.set(xlabel=name, ylabel="accuracy (%)")
        panel.set_xticks(
            sorted({value for curve in curves.values() for value in curve})
        )
        panel.grid(alpha=0.3)
        if len(curves) > 1:
            panel.legend(fontsize=8)
        else:
            panel.set_title(next(iter(curves)), fontsize=9)
    return figure


def _draw_curve(axes: Axes, curve: Mapping, label: str, place: int) -> None:
    shares = np.array([right / n for right, n in curve.values()])
    limits = np.array([wilson_interval(right, n) for right, n in curve.values()]).T
    colour = list(COLOURS.values())[place % len(COLOURS)]
    bars = 100 * np.abs(limits - shares)
    axes.errorbar(list(curve), 100 * shares, bars, fmt="o", ls=_STYLES[place % 4],
                  color=colour, capsize=3, label=label)  # fmt: skip
