"""What the Residual Masking chapter counts: the network and its masks.

Tables II and III are in :mod:`ferbook.chapters.residual_masking.printed`, test-time
passes and ensembles in :mod:`ferbook.chapters.residual_masking.protocol`, drawings
in :mod:`ferbook.chapters.residual_masking.figures`.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.explain.masking import Masking
from fer_lib.models import count_parameters
from fer_lib.models.catalogue import entry
from fer_lib.models.residual_masking import (
    ConstantMask,
    ResidualMaskingNetwork,
    parameters_as_registered,
)
from ferbook.kit.results import record_name
from ferbook.ledger.arithmetic.networks import on_paper
from ferbook.ledger.arithmetic.printed import figure
from ferbook.ledger.claims_file import load_claims
from ferbook.ledger.statistics import measured_difference
from ferbook.papers.mask_evaluation import measures
from ferbook.papers.part_transfer import annotated
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show.tables import Table

_ID = "residual_masking"
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


def parts_box() -> Table:
    """Table I with what each part takes, at the paper's size."""
    network = on_paper(_ID)
    face = torch.zeros(1, 3, network.input.size, network.input.size, device="meta")
    with evaluating(network), torch.no_grad(), FlopCounterMode(display=False) as seen:
        network(face)
    counts, rows = seen.get_flop_counts(), []
    for name, module, place, shape in _parts(network, face):
        work = sum(counts[f"{type(network).__name__}.{place}"].values()) / 1e9
        millions = (count_parameters(module), parameters_as_registered(module))
        told = [f"{count / 1e6:.2f}" for count in millions]
        rows.append((name, " x ".join(map(str, shape)), *told, f"{work:.2f}"))
    total = (count_parameters(network), parameters_as_registered(network))
    sums = f"{total[0]:,}", f"{total[1]:,}", f"{entry(_ID).gflops:.2f}"
    rows.append(("all", "7", *sums))
    header = ("Part", "What leaves it", "Parameters (million)")
    header += ("Projections counted twice (million)", "GFLOPs a face")
    printed = figure(load_claims(_ID), f"{_ID}.parameters")
    note = (
        "First convolution and classifier are in the last row alone. Table II of "
        f"the paper prints {printed} million."
    )
    return Table("Trunk and masks at the paper's size", header, tuple(rows), note)


def _parts(network: ResidualMaskingNetwork, face: Tensor) -> Iterator[tuple]:
    """Name, module, path in the network, and ``(C, h, w)`` of what leaves it."""
    pairs = zip(network.backbone.layers(), network.masking, strict=True)
    stages = network.stages(face)
    for k, (layer, masking) in enumerate(pairs, start=1):
        shape = tuple(stages[k - 1].after.shape[1:])
        yield f"layer {k}", layer, f"backbone.layer{k}", shape
        yield f"mask {k}", masking, f"masking.{k - 1}", shape


def added(maps: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """What a mask adds to the mean over channels, in two terms.

    Args:
        maps: ``[B, C, H, W]``, of a layer.
        mask: their scores, of the same shape.

    Returns:
        Mean of the maps times mean of the mask, and the covariance of both
        over the channels, each ``[B, H, W]``.
    """
    uniform = maps.mean(1) * mask.mean(1)
    together = (maps * mask).mean(1) - uniform
    return uniform, together


def aligned_gain(channels: int, sharpness: float, activation: str) -> float:
    """Mean activation after over before a mask that prefers what is strong.

    The maps of a position are quantiles of an exponential distribution, the
    mask is their softmax or sigmoid after a multiplication.

    Args:
        channels: 1 or more.
        sharpness: 0 for the same score everywhere.
        activation: ``softmax`` or ``sigmoid``.
    """
    x = -torch.log1p(-(torch.arange(channels, dtype=torch.float64) + 0.5) / channels)
    scores = sharpness * x
    mask = scores.softmax(0) if activation == "softmax" else scores.sigmoid()
    return 1 + float((x * mask).sum() / x.sum())


def added_box(run: Run, images: np.ndarray, result: Masking) -> Table:
    """What every mask of a network adds to the mean activation.

    Args:
        run: whose network has masks.
        images: ``uint8 [N, C, H, W]``.
        result: of :func:`fer_lib.explain.masking.masking` on these images.
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
        before, uniform, together = sums[k].tolist()
        channels, side = result.channels[k], result.gain[k].shape[-1]
        shares = [100 * part / before for part in (uniform, together)]
        spread = [100 * (end - 1) for end in np.percentile(result.gain[k], (5, 95))]
        rows.append(
            (
                f"mask {name[-1]}\n {channels} channels, {side} x {side}",
                f"{100 / channels:.2f} %",
                *(f"{share:+.2f} %" for share in shares),
                f"{spread[0]:.2f} to {spread[1]:.2f} %",
            )
        )
    header = ("", "A constant mask would add", "Mean of the mask adds")
    header += ("Covariance adds", "Both, 5th to 95th percentile of the positions")
    same = f"{100 * result.agreement:.0f} % of the faces"
    note = (
        "In per cent of the mean activation before the mask. With 1 / C in place of "
        f"every mask, the network says the same of {same}."
    )
    caption = f"What the masks add on {len(images)} faces"
    return Table(caption, header, tuple(rows), note)


def preferences(run: Run, faces: FaceSet) -> dict[str, dict[str, np.ndarray]]:
    """Measures of figures 1 and 6, with mask 3 and without it.

    Without mask 3 the maps that leave layer 3 are those that reach the mask:
    the control that says whether the mask prefers anything.

    Args:
        run: whose network has masks; left as it was.
        faces: to measure; landmarks that they lack are fitted.
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

    Args:
        found: measures by name, as of :func:`preferences`.
        records: runs whose own measures stand above them.
    """
    named = {record_name(r): _recorded(r) for r in records} | dict(found)
    rows = []
    for maps, (inside, outside) in PREFERENCES.items():
        for name, values in named.items():
            if inside not in values:
                continue
            hot, cold = values[inside], values[outside]
            gap = measured_difference(hot, cold)
            says = {1: "prefers them", 0: "undecided", -1: "avoids them"}[gap.sign()]
            span = f"{gap.mean:+.3f}\n {gap.low:+.3f} to {gap.high:+.3f}, n = {gap.n:,}"
            heat = f"{hot.mean():.3f} against {cold.mean():.3f}"
            rows.append((maps, name, heat, span, says))
    header = ("Maps", "Network", "Mean heat", "Difference, 95 % interval", "It")
    note = "A map is scaled to a mean of one over the picture before it is measured."
    return Table("Where the maps are hot", header, tuple(rows), note)


def _recorded(record: Record) -> dict[str, np.ndarray]:
    place = "PrivateTest/measures/"
    stored = record.predictions.items()
    return {k.removeprefix(place): v for k, v in stored if k.startswith(place)}
