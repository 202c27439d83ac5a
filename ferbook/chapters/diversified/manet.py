"""What the MA-Net chapter draws and counts of its patches and branches."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.drawing.panels import colour_bar, grid, lay_over, show_face
from fer_lib.models.diversified_manet import DiversifiedMANet, tile
from ferbook.show.figures import COLOURS
from ferbook.show.plots import finish, look
from ferbook.show.tables import Table

PATCHES = ("upper left", "upper right", "lower left", "lower right")


def draw_patches(image: np.ndarray, found: Mapping[str, np.ndarray]) -> Figure:
    """A face with its quarters, and :func:`pixel_pull` of each."""
    figure, axes = grid(list(found), PATCHES)
    for line, pulls in zip(axes, found.values(), strict=True):
        for place, (panel, pull) in enumerate(zip(line, pulls, strict=True)):
            show_face(panel, image)
            shares = np.sqrt(pull / pull.max())
            drawn = lay_over(panel, shares, colours=SEQUENTIAL, low=0, high=1)
            corner = (place % 2 / 2, place // 2 / 2)
            edge = {"ec": COLOURS["vermilion"], "lw": 2}
            panel.add_patch(Rectangle(corner, 0.5, 0.5, fill=False, **edge))
            inside, reached = patch_shares(pull, place)
            told = f"{100 * inside:.0f} % inside\nsees {100 * reached:.0f} %"
            panel.set_xlabel(told, fontsize=8)
    figure.supxlabel("")
    colour_bar(figure, drawn, axes, "gradient / maximum,\nsquare root")
    return figure


def patch_shares(pull: np.ndarray, place: int) -> tuple[float, float]:
    """Of one patch: share of the pull inside its frame, and of pixels with any."""
    own = np.array_split(np.array_split(pull, 2, 0)[place // 2], 2, 1)[place % 2]
    return float(own.sum() / pull.sum()), float((pull > 0).mean())


def pixel_pull(network: DiversifiedMANet, images: np.ndarray) -> np.ndarray:
    """Mean size of the gradient of each patch's summed last maps by each pixel.

    ``float32 [4, size, size]``, in the order of :data:`PATCHES`.
    """
    how = network.input
    found = torch.zeros(4, how.size, how.size)
    with evaluating(network):
        for _, unit in batches(network, images):
            unit = unit.detach().requires_grad_()
            patches = network.pooled(how.normalise(unit))[1]
            for place, maps in enumerate(patches):
                (slope,) = torch.autograd.grad(maps.sum(), unit, retain_graph=True)
                found[place] += slope.abs().sum((0, 1)).cpu()
    return (found / len(images)).numpy()


class Gated(NamedTuple):
    """Maps of the four patches around their last CBAM, tiled on the face."""

    before: np.ndarray  # mean size over channels, [N, h, w]
    gate: np.ndarray  # attention over positions, [N, h, w], 0 to 1
    after: np.ndarray  # mean size over channels, [N, h, w]


@torch.inference_mode()
def gated(network: DiversifiedMANet, images: np.ndarray) -> Gated:
    """What the last attention of every patch changes; the network stays as it was."""
    told: list[list[Tensor]] = []

    def listen(block, inputs, output):
        attended = block.attend(inputs[0])
        sizes = [maps.abs().mean(1, keepdim=True) for maps in (*inputs, output)]
        told.append([sizes[0], attended.spatial, sizes[1]])

    hooks = [p[-1][-1].cbam.register_forward_hook(listen) for p in network.patches]
    rows = []
    try:
        with evaluating(network):
            for _, unit in batches(network, images):
                told.clear()
                network(network.input.normalise(unit))
                parts = zip(*told, strict=True)  # of the four patches
                rows.append([tile(list(part))[:, 0].cpu() for part in parts])
    finally:
        for hook in hooks:
            hook.remove()
    return Gated(*(torch.cat(part).numpy() for part in zip(*rows, strict=True)))


def draw_gated(result: Gated, images: np.ndarray, titles: Sequence[str]) -> Figure:
    """Maps before and after the gates, and the gates, on the faces.

    Before and after are divided by the largest value before, face by face.
    """
    figure, axes = grid(("face", *result._fields), titles)
    ends = float(result.gate.min()), float(result.gate.max())
    for panels, image, *maps in zip(axes.T, images, *result, strict=True):
        show_face(panels[0], image)
        largest = maps[0].max() or 1
        scales = [(largest, 0, 1), (1, *ends), (largest, 0, 1)]
        drawn = []
        for panel, values, (unit, low, high) in zip(
            panels[1:], maps, scales, strict=True
        ):
            show_face(panel, image)
            shares = values / unit
            drawn.append(
                lay_over(panel, shares, colours=SEQUENTIAL, low=low, high=high)
            )
            panel.axhline(0.5, color="white", lw=0.8)
            panel.axvline(0.5, color="white", lw=0.8)
    labels = ("mean size", "attention", "mean size")
    for line, shown, label in zip(axes[1:], drawn, labels, strict=True):
        colour_bar(figure, shown, line, label)
    return figure


def fused_accuracies(
    local: Tensor, whole: Tensor, labels: np.ndarray, lambdas: Sequence[float]
) -> np.ndarray:
    """Accuracy of ``lambda * local + (1 - lambda) * whole``, scores ``[N, K]``."""
    truth = torch.as_tensor(labels).long()
    mixed = [share * local + (1 - share) * whole for share in lambdas]
    return np.array([float((x.argmax(1) == truth).double().mean()) for x in mixed])


def draw_lambdas(parts: dict[str, tuple], lambdas: Sequence[float]) -> Figure:
    """:func:`fused_accuracies` over the weight; local, whole and labels by split.

    Shaded is the 95 % interval of each.
    """
    figure, panel = plt.subplots(figsize=(7, 3.3), layout="constrained")
    for place, (name, part) in enumerate(parts.items()):
        n, style = len(part[2]), look(place, "blue", "vermilion")
        found = fused_accuracies(*part, lambdas)
        limits = np.array([wilson_interval(share * n, n) for share in found])
        panel.fill_between(
            lambdas, *100 * limits.T, color=style["color"], alpha=0.12, lw=0
        )
        panel.plot(lambdas, 100 * found, label=f"{name}, n = {n}", **style)
    panel.axvline(0.6, color="black", lw=0.8)
    xlabel = "lambda (0: global alone, 1: local alone; line: the paper's)"
    finish(panel, xlabel=xlabel, ylabel="accuracy (%)")
    return figure


def deciding_table(
    local: Tensor, whole: Tensor, labels: np.ndarray, lambda_: float
) -> Table:
    """Who is right, and whom the fused decision follows where they differ."""
    truth = torch.as_tensor(labels).long()
    first, second = local.argmax(1), whole.argmax(1)
    fused = (lambda_ * local + (1 - lambda_) * whole).argmax(1)
    right = {"local": first == truth, "global": second == truth}
    cases = {
        "both right": right["local"] & right["global"],
        "local alone right": right["local"] & ~right["global"],
        "global alone right": ~right["local"] & right["global"],
        "both wrong, the same": (first == second) & ~right["local"],
        "both wrong, differently": (first != second) & ~right["local"]
        & ~right["global"],
    }  # fmt: skip
    rows = []
    for name, chosen in cases.items():
        n = int(chosen.sum())
        told = (fused[chosen] == one[chosen] for one in (first, second, truth))
        cells = (f"{100 * float(x.double().mean()):.0f} %" if n else "" for x in told)
        rows.append((name, f"{n}", *cells))
    header = ("Branches", "Faces", "Follows local", "Follows global", "Right")
    return Table(f"Which branch decides? n = {len(labels)}", header, tuple(rows))
