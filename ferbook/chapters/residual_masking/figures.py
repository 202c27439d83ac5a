"""What the Residual Masking chapter draws."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.drawing.panels import (
    colour_bar,
    grid,
    lay_over,
    say,
    show_face,
    with_alt,
)
from fer_lib.explain.grad_cam import grad_cam
from fer_lib.models.residual_masking import DEPTHS
from ferbook.chapters.residual_masking.masks import aligned_gain
from ferbook.chapters.residual_masking.protocol import Feigned
from ferbook.ledger.arithmetic.networks import on_paper
from ferbook.runs.run import Run
from ferbook.show.diagrams import Block, chain, draw_blocks
from ferbook.show.figures import COLOURS

_STYLES = ("-", "--", ":", "-.")
_COLOURS = [COLOURS[name] for name in ("blue", "orange", "green", "vermilion")]


def draw_network() -> Figure:
    """Table I and Figure 2a, with what leaves each part at the paper's size."""
    network = on_paper("residual_masking")
    size = network.input.size
    stages = network.stages(torch.zeros(1, 3, size, size, device="meta"))
    blocks = {
        "face": Block(0, 0, "face", f"3 x {size} x {size}", "black", 1.0),
        "stem": Block(1.45, 0, "conv 7 x 7,\npool 3 x 3", "64 x 56 x 56", "blue", 1.2),
    }
    arrows, last = [("face", "stem")], "stem"
    for k, (stage, depth) in enumerate(zip(stages, DEPTHS, strict=True), start=1):
        x, layer, mask, times = 0.75 + 2.3 * k, f"layer {k}", f"mask {k}", f"times {k}"
        shape = " x ".join(map(str, stage.after.shape[1:]))
        blocks[layer] = Block(x, 0, layer, shape, "blue", 0.95)
        blocks[mask] = Block(x + 0.6, 1.5, f"{mask}\ndepth {depth}", "", "orange", 1.2)
        blocks[times] = Block(x + 1.18, 0, "1 + M", "", "vermilion", 0.68)
        arrows += [(last, layer), (layer, mask), (layer, times), (mask, times)]
        last = times
    blocks["mean"] = Block(12.25, 0, "mean,\ndropout", "512", "sky", 0.95)
    blocks["fc"] = Block(13.5, 0, "FC", "7 scores", "green", 0.8)
    arrows += [(last, "mean"), ("mean", "fc")]
    return draw_blocks(blocks, arrows, size=(11, 2.9))


def draw_masking_block(channels: int = 64, depth: int = 4, side: int = 56) -> Figure:
    """Figure 2b: the U-Net that scores maps, with what leaves each part.

    Args:
        channels: of the maps.
        depth: blocks on the way down.
        side: height and width of the maps.
    """

    def shape(k: int) -> str:
        return f"{channels * 2**k} x {side >> (k - 1)} x {side >> (k - 1)}"

    own = f"{channels} x {side} x {side}"
    blocks, end = {"maps": Block(0, 0, "maps", own, "black", 1.1)}, 2 * depth
    arrows, before = [("maps", "down 1")], ""
    for k in range(1, depth + 1):
        y = -1.5 * (k - 1)
        text = "2 convs" if k == 1 else "pool,\n2 convs"
        blocks[f"down {k}"] = Block(1.5 * k, y, text, shape(k), "blue", 1.15)
        arrows += [(before, f"down {k}")] if before else []
        before = f"down {k}"
    for k in range(depth - 1, 0, -1):
        at = 1.5 * (end - k), -1.5 * (k - 1)
        blocks[f"up {k}"] = Block(*at, "enlarge, join,\n2 convs", shape(k), "sky", 1.3)
        arrows += [(before, f"up {k}"), (f"down {k}", f"up {k}")]
        before = f"up {k}"
    last = 1.5 * end
    blocks["last"] = Block(last, 0, "2 convs", own, "green", 1.1)
    blocks["softmax"] = Block(
        last + 1.5, 0, "softmax over\nchannels", own, "orange", 1.25
    )
    arrows += [(before, "last"), ("last", "softmax")]
    return draw_blocks(blocks, arrows, size=(10.5, 1.0 + 1.1 * depth))


def draw_gains(channels: Sequence[int], steps: int = 61) -> Figure:
    """What a mask can add to the mean activation, by its sharpness.

    Args:
        channels: of the layers.
        steps: points of a curve.
    """
    sharpness = np.linspace(0, 12, steps)
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for row, count in enumerate(channels):
        gains = [aligned_gain(count, t, "softmax") - 1 for t in sharpness]
        look = {"color": _COLOURS[row % 4], "ls": _STYLES[row % 4]}
        axes.plot(sharpness, gains, label=f"softmax, C = {count}", **look)
    gains = [aligned_gain(max(channels), t, "sigmoid") - 1 for t in sharpness]
    axes.plot(sharpness, gains, color="black", lw=2, label="sigmoid")
    axes.set_yscale("log")
    shown = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1)
    axes.set_yticks(shown, [f"{100 * value:g}" for value in shown])
    axes.set_yticks([], minor=True)
    axes.set(xlabel="sharpness of the mask (0: the same score everywhere)")
    axes.set(ylabel="added to the mean activation (%)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, ncols=2)
    sharp = [100 * (aligned_gain(c, 12, "softmax") - 1) for c in channels]
    told = ", ".join(f"{s:.1f} with {c}" for s, c in zip(sharp, channels, strict=True))
    return with_alt(
        figure,
        "Curves of what a mask adds to the mean activation. A sigmoid adds 50 per "
        "cent at once and nearly all when sharp. A softmax begins at one over the "
        f"number of channels and at its sharpest adds, in per cent, {told} channels.",
    )


def draw_layer_maps(run: Run, images: np.ndarray, titles: Sequence[str]) -> Figure:
    """Grad-CAM of the predicted class after each mask, coarse as it is.

    Args:
        run: whose network has masks.
        images: ``uint8 [N, C, H, W]``, few of them.
        titles: one a face.
    """
    network = run.network
    device = next(network.parameters()).device
    x = run.network.input(torch.as_tensor(images)).to(device)
    with torch.no_grad():
        said = network(x).argmax(1)
    maps = [
        grad_cam(network, x, said, masking, upsample=False).cpu().numpy()
        for masking in network.masking
    ]
    sides = [f"{one.shape[-2]} x {one.shape[-1]}" for one in maps]
    rows = [f"after mask {k}\n{side}" for k, side in enumerate(sides, start=1)]
    figure, axes = grid(["face", *rows], titles)
    drawn = None
    for line, values in zip(axes[1:], maps, strict=True):
        for panel, image, one in zip(line, images, values, strict=True):
            show_face(panel, image)
            if one.any():
                drawn = lay_over(
                    panel, one / one.max(), colours=SEQUENTIAL, low=0, high=1
                )
            else:
                say(panel, "no evidence for it")
    for panel, image in zip(axes[0], images, strict=True):
        show_face(panel, image)
    if drawn is not None:
        colour_bar(figure, drawn, axes[1:], "Grad-CAM / its maximum")
    return with_alt(
        figure,
        f"Grad-CAM of {len(images)} faces after each of the masks, with "
        f"{', '.join(sides)} "
        "values: the deeper the layer, the fewer places it can tell apart.",
    )


def draw_passes(
    shares: Sequence[float], others: Mapping[str, float], faces: int
) -> Figure:
    """Accuracy of the mean of some random passes, by their number.

    Args:
        shares: 0 to 1, of one pass, two, and so on.
        others: what to compare with, 0 to 1, by name.
        faces: n behind them.
    """
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    count = np.arange(1, len(shares) + 1)
    limits = np.array([wilson_interval(s * faces, faces) for s in shares])
    axes.fill_between(count, *100 * limits.T, color=COLOURS["blue"], alpha=0.15)
    values = 100 * np.asarray(shares)
    axes.plot(count, values, "o-", color=COLOURS["blue"], label="random passes")
    for row, (name, share) in enumerate(others.items(), start=1):
        look = {"color": _COLOURS[row % 4], "ls": _STYLES[row % 4]}
        axes.axhline(100 * share, label=name, **look)
    axes.set(xlabel="passes whose probabilities are added", ylabel="accuracy (%)")
    axes.set_title(f"n = {faces:,} faces; shaded: 95 % interval", fontsize=9)
    axes.set_xticks(count)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def draw_feigned(found: Mapping[int, Feigned]) -> Figure:
    """What choosing members seems to add, by how many there are to choose.

    Args:
        found: of :func:`~ferbook.chapters.residual_masking.protocol.feigned_gain`,
            by the number of members.
    """
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    looks = {"test": ("vermilion", "D", 0.12), "validation": ("blue", "o", -0.12)}
    for name, (colour, mark, shift) in looks.items():
        for members, one in found.items():
            gains, at = 100 * getattr(one, name), members + shift
            axes.plot(np.full(len(gains), at), gains, mark, ms=3.5, alpha=0.35,
                      color=COLOURS[colour])  # fmt: skip
        means = [100 * getattr(one, name).mean() for one in found.values()]
        places = np.array(list(found)) + shift
        label = f"chosen on {name}, mean"
        axes.plot(places, means, mark + "-", color=COLOURS[colour], label=label)
    axes.axhline(0, color="black", lw=0.8)
    axes.set_xticks(list(found))
    axes.set(xlabel="equally good networks to choose among")
    axes.set(ylabel="test accuracy, chosen\nless all members (points)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def draw_experiment() -> Figure:
    """Figure 5: what happens to a face from the file to the table."""
    steps = (
        ("FER2013\n48 x 48, grey", "", "black"),
        ("enlarge,\n3 channels", "224 x 224", "sky"),
        ("mirror,\nturn ± 30°", "training only", "sky"),
        ("network", "7 scores", "blue"),
        ("cross-entropy,\nRAdam", "batches of 48", "orange"),
        ("validation", "rate, stop, best epoch", "green"),
        ("test,\nonce", "logits are kept", "vermilion"),
    )
    blocks = chain(steps, gap=1.6)
    return draw_blocks(blocks, list(pairwise(blocks)), size=(10.5, 1.6))
