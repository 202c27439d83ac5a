"""The Residual Masking network and what its masks do: counted and drawn.

Tables II and III, test-time passes and ensembles are in
:mod:`ferbook.chapters.residual_masking.protocol`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from fer_lib.data.faceset import FaceSet
from fer_lib.data.fitted_landmarks import annotated
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.drawing.panels import (
    colour_bar,
    grid,
    lay_over,
    say,
    show_face,
    with_alt,
)
from fer_lib.explain.grad_cam import weighted_maps
from fer_lib.explain.masking import Masking
from fer_lib.models import count_parameters
from fer_lib.models.catalogue import entry
from fer_lib.models.network import Scores
from fer_lib.models.residual_masking import (
    DEPTHS,
    ConstantMask,
    ResidualMaskingNetwork,
    parameters_as_registered,
)
from ferbook.kit.results import record_name
from ferbook.ledger.arithmetic.networks import on_paper
from ferbook.ledger.arithmetic.printed import figure
from ferbook.ledger.claim_files import load_claims
from ferbook.ledger.statistics import crossed
from ferbook.papers.residual_masking import measures
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show.diagrams import Block, draw_blocks
from ferbook.show.plots import finish, look
from ferbook.show.tables import Table, cell, table

_ID = "residual_masking"
_BOTH = "Both, 5th to 95th percentile of the positions"
_COLOURS = ("blue", "orange", "green", "vermilion")
# Pairs of measures: what a claim says is larger, and than what.
PREFERENCES = {
    "layer 3, eyes, nose and mouth against the rest of the face": (
        "mask3.eyes_nose_mouth",
        "mask3.elsewhere",
    ),
    "Grad-CAM, eyes and mouth against the rest of the picture": (
        "grad_cam.eyes_mouth",
        "grad_cam.elsewhere",
    ),
}


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


def parts_box() -> Table:
    """Table I with what each part takes, at the paper's size."""
    network = on_paper(_ID)
    face = torch.zeros(1, 3, network.input.size, network.input.size, device="meta")
    with evaluating(network), torch.no_grad(), FlopCounterMode(display=False) as seen:
        network(face)
    work = {
        place: sum(counts.values()) / 1e9
        for place, counts in seen.get_flop_counts().items()
    }
    parts = [
        (name, shape, module, work[f"{type(network).__name__}.{place}"])
        for name, module, place, shape in _parts(network, face)
    ]

    made = table(
        "Trunk and masks at the paper's size",
        parts,
        {
            "Part": lambda part: part[0],
            "What leaves it": lambda part: " x ".join(map(str, part[1])),
            "Parameters (million)": lambda part: (
                f"{count_parameters(part[2]) / 1e6:.2f}"
            ),
            "Projections counted twice (million)": lambda part: (
                f"{parameters_as_registered(part[2]) / 1e6:.2f}"
            ),
            "GFLOPs per face": lambda part: f"{part[3]:.2f}",
        },
        note="First convolution and classifier are in the last row alone. Table II of "
        f"the paper prints {figure(load_claims(_ID), f'{_ID}.parameters')} million.",
    )
    total = count_parameters(network), parameters_as_registered(network)
    whole = ("all", "7", *(f"{n:,}" for n in total), f"{entry(_ID).gflops:.2f}")
    return replace(made, rows=(*made.rows, whole))


def _parts(network: ResidualMaskingNetwork, face: Tensor) -> Iterator[tuple]:
    """Name, module, path in the network, and ``(C, h, w)`` of what leaves it."""
    pairs = zip(network.backbone.layers(), network.masking, strict=True)
    stages = network.stages(face)
    for k, (layer, masking) in enumerate(pairs, start=1):
        shape = tuple(stages[k - 1].after.shape[1:])
        yield f"layer {k}", layer, f"backbone.layer{k}", shape
        yield f"mask {k}", masking, f"masking.{k - 1}", shape


def added(maps: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """What a mask adds to the mean over channels, in two terms ``[B, H, W]``.

    Mean of maps ``[B, C, H, W]`` times mean of their mask, and the covariance of both.
    """
    uniform = maps.mean(1) * mask.mean(1)
    together = (maps * mask).mean(1) - uniform
    return uniform, together


def aligned_gain(channels: int, sharpness: float, activation: str) -> float:
    """Mean activation after over before a mask that prefers what is strong.

    Maps are quantiles of an exponential distribution, the mask ``softmax`` or
    ``sigmoid`` of them times ``sharpness``; at 0 all scores are the same.
    """
    x = -torch.log1p(-(torch.arange(channels, dtype=torch.float64) + 0.5) / channels)
    scores = sharpness * x
    mask = scores.softmax(0) if activation == "softmax" else scores.sigmoid()
    return 1 + float((x * mask).sum() / x.sum())


def draw_gains(channels: Sequence[int], steps: int = 61) -> Figure:
    """What a mask can add to the mean activation, by its sharpness, for some widths."""
    sharpness = np.linspace(0, 12, steps)
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for row, count in enumerate(channels):
        gains = [aligned_gain(count, t, "softmax") - 1 for t in sharpness]
        axes.plot(
            sharpness, gains, label=f"softmax, C = {count}", **look(row, *_COLOURS)
        )
    gains = [aligned_gain(max(channels), t, "sigmoid") - 1 for t in sharpness]
    axes.plot(sharpness, gains, color="black", lw=2, label="sigmoid")
    axes.set_yscale("log")
    shown = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1)
    axes.set_yticks(shown, [f"{100 * value:g}" for value in shown])
    axes.set_yticks([], minor=True)
    finish(axes, legend=None, ylabel="added to the mean activation (%)")
    axes.set(xlabel="sharpness of the mask (0: the same score everywhere)")
    axes.legend(fontsize=8, ncols=2)
    sharp = [100 * (aligned_gain(c, 12, "softmax") - 1) for c in channels]
    told = ", ".join(f"{s:.1f} with {c}" for s, c in zip(sharp, channels, strict=True))
    return with_alt(
        figure,
        "Curves of what a mask adds to the mean activation. A sigmoid adds 50 per "
        "cent at once and nearly all when sharp. A softmax begins at one over the "
        f"number of channels and at its sharpest adds, in per cent, {told} channels.",
    )


def added_box(run: Run, images: np.ndarray, result: Masking) -> Table:
    """What every mask of a network adds to the mean activation on some images.

    ``result`` is that of :func:`fer_lib.explain.masking.masking` on them.
    """
    sums = torch.zeros(len(result.names), 3, dtype=torch.float64)
    with torch.inference_mode(), evaluating(run.network):
        for _, unit in batches(run.network, images, 32):
            stages = run.network.stages(run.network.input.normalise(unit))
            for k, stage in enumerate(stages):
                terms = (stage.before.mean(1), *added(stage.before, stage.mask))
                sums[k] += torch.stack([one.double().sum() for one in terms]).cpu()
    rows = []
    for k, name in enumerate(result.names):
        before, *terms = sums[k].tolist()
        channels, side = result.channels[k], result.gain[k].shape[-1]
        low, high = (100 * (x - 1) for x in np.percentile(result.gain[k], (5, 95)))
        rows.append(
            {
                "": cell(f"mask {name[-1]}", f"{channels} channels, {side} x {side}"),
                "A constant mask would add": f"{100 / channels:.2f} %",
                "Mean of the mask adds": f"{100 * terms[0] / before:+.2f} %",
                "Covariance adds": f"{100 * terms[1] / before:+.2f} %",
                _BOTH: f"{low:.2f} to {high:.2f} %",
            }
        )
    return table(
        f"What the masks add on {len(images)} faces",
        rows,
        note="In per cent of the mean activation before the mask. With 1 / C in place "
        "of every mask, the network says the same of "
        f"{100 * result.agreement:.0f} % of the faces.",
    )


def draw_layer_maps(run: Run, images: np.ndarray, titles: Sequence[str]) -> Figure:
    """Grad-CAM of the predicted class after each mask, coarse as it is."""
    network = run.network
    device = next(network.parameters()).device
    x = run.network.input(torch.as_tensor(images)).to(device)
    with torch.no_grad():
        said = network(x).argmax(1)
    maps = [
        weighted_maps(Scores(network), masking, x, said).relu().cpu().numpy()
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


def preferences(run: Run, faces: FaceSet) -> dict[str, dict[str, np.ndarray]]:
    """Measures of figures 1 and 6, with mask 3 and, as a control, without it.

    Landmarks that the faces lack are fitted; the network is left as it was.
    """
    network, faces = run.network, annotated(faces)
    own = network.masking[2]
    found = {"as it is": measures(network, faces)}
    network.masking[2] = ConstantMask(0.0)
    try:
        found["mask 3 taken out"] = measures(network, faces)
    finally:
        network.masking[2] = own
    return found


def preference_box(
    found: Mapping[str, Mapping[str, np.ndarray]], records: Sequence[Record] = ()
) -> Table:
    """Whether maps are hotter in the parts that the paper names.

    Measures are by name, as of :func:`preferences`; those of runs stand above.
    """
    named = {record_name(r): _recorded(r) for r in records} | dict(found)
    rows = []
    for maps, (inside, outside) in PREFERENCES.items():
        for name, values in named.items():
            if inside not in values:
                continue
            hot, cold = values[inside], values[outside]
            gap = crossed(hot, cold, shares=False)
            says = {1: "prefers them", 0: "undecided", -1: "avoids them"}[gap.sign()]
            span = f"{gap.mean:+.3f}\n {gap.low:+.3f} to {gap.high:+.3f}, n = {gap.n:,}"
            heat = f"{hot.mean():.3f} against {cold.mean():.3f}"
            rows.append((maps, name, heat, span, says))
    header = ("Maps", "Network", "Mean heat", "Difference, 95 % interval", "It")
    note = "A map is scaled to a mean of one over the picture before it is measured. "
    return Table("Where the maps are hot", header, tuple(rows), note + _whose(found))


def _whose(found: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """Whether the mask of a network, or the layer below it, prefers the parts."""
    told = []
    for maps, names in PREFERENCES.items():
        pairs = [[v[name] for name in names] for v in found.values() if names[0] in v]
        if len(pairs) < 2:
            continue
        signs = {crossed(*pair, shares=False).sign() for pair in pairs}
        says = (
            "both say the same, so it is the layer's own doing, not the mask's"
            if len(signs) == 1
            else "they differ, so the mask has a part in it"
        )
        told.append(
            f"{maps[0].upper()}{maps[1:]}, with the mask and without it: {says}."
        )
    return " ".join(told)


def _recorded(record: Record) -> dict[str, np.ndarray]:
    place = "PrivateTest/measures/"
    stored = record.predictions.items()
    return {k.removeprefix(place): v for k, v in stored if k.startswith(place)}
