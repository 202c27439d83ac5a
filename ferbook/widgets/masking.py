"""The masking explorer: maps before and after every block, and its mask."""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import device_of, evaluating
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.masking import MULTIPLES, masking
from fer_lib.models.residual_masking import (
    ACTIVATIONS,
    ConstantMask,
    MaskingBlock,
    ResidualMaskingNetwork,
    Stage,
)
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget
from ferbook.widgets.pictures import colour_stops, per_mille, squeezed, titled

KINDS = (*ACTIVATIONS, "constant")
_MOST = 120_000  # values of maps in a widget
_ALT = (
    "Masking explorer. Choose a face, one of four masking blocks, a channel and "
    "the kind of mask: pictures show the maps before the block, its mask and the "
    "maps after it, and a histogram shows the values of the mask around 1 / C."
)


class Seen(NamedTuple):
    """What one kind of mask makes of N faces."""

    stages: list[Stage]  # of layers 1 to 4
    said: np.ndarray  # float32 [N, classes], probabilities
    counts: Sequence[np.ndarray]  # a histogram per block, of explain.masking


def trained_kind(network: ResidualMaskingNetwork) -> str:
    """The masks that a network was made with, one of the library's ``MASKS``."""
    block = network.masking[0]
    if isinstance(block, MaskingBlock):
        return block.activation
    return "constant" if block.value else "none"


def with_masks(network: ResidualMaskingNetwork, kind: str) -> ResidualMaskingNetwork:
    """A copy with the same weights and masks of another of the :data:`KINDS`.

    Raises:
        FerError: when its masks have nothing to learn.
    """
    if not all(isinstance(block, MaskingBlock) for block in network.masking):
        raise FerError(
            "masking explorer: the network's masks have nothing to learn, expected "
            "the variant 'default' or 'sigmoid'; show one of these."
        )
    changed = copy.deepcopy(network)
    if kind == "constant":
        channels = network.backbone.stage_channels
        changed.masking = nn.ModuleList(ConstantMask(1 / c) for c in channels)
    else:
        for block in changed.masking:
            block.activation = kind
    return changed


@torch.inference_mode()
def look(network: ResidualMaskingNetwork, images: np.ndarray, kind: str) -> Seen:
    """What a network does to faces ``uint8 [N, C, H, W]`` with masks of a kind."""
    if kind != trained_kind(network):
        network = with_masks(network, kind)
    counts = masking(network, images).counts
    with evaluating(network):
        x = network.input(torch.as_tensor(images).to(device_of(network)))
        stages = network.stages(x)
        logits = network.fc(stages[-1].after.mean((2, 3)))
    return Seen(stages, logits.softmax(1).cpu().numpy(), counts)


def kept_channels(stages: Sequence[Stage], most: int = _MOST) -> list[list[int]]:
    """Channels of every block, spread evenly, for ``most`` values of maps."""
    shapes = [stage.mask.shape for stage in stages]
    places = [3 * len(KINDS) * n * h * w for n, _, h, w in shapes]
    counts = [c for _, c, _, _ in shapes]

    def needed(kept: int) -> int:
        pairs = zip(places, counts, strict=True)
        return sum(place * (min(kept, c) + 1) for place, c in pairs)

    kept = max((k for k in range(1, max(counts) + 1) if needed(k) <= most), default=1)
    return [np.linspace(0, c - 1, min(kept, c)).round().astype(int) for c in counts]


def masking_explorer(
    network: ResidualMaskingNetwork,
    images: np.ndarray,
    titles: Sequence[str],
    note: str = "",
) -> Widget:
    """Masks of every block, and what another activation would make of faces.

    Kinds that the network was not trained with are a what-if: the same weights go
    on, in all four blocks.  Masks that learn nothing stand alone.
    """
    trained, size = trained_kind(network), network.input.size
    kinds = KINDS if trained in ACTIVATIONS else (trained,)
    seen = {kind: look(network, images, kind) for kind in kinds}
    kept = kept_channels(seen[trained].stages)
    data = {
        "classes": list(network.classes),
        "network": f"{network.NAME}, which reads {size} x {size} pixels",
        "trained": trained,
        "faces": titled(network.input.to_unit(images), titles),
        "blocks": [
            {"channels": stage.mask.shape[1], "kept": (one + 1).tolist()}
            for stage, one in zip(seen[trained].stages, kept, strict=True)
        ],
        "seen": {kind: _packed(one, kept) for kind, one in seen.items()},
        "edges": np.log10(MULTIPLES[[0, -1]]).round(6).tolist(),
        "bins": len(MULTIPLES) - 1,
        "colours": colour_stops(SEQUENTIAL),
        "note": note,
    }
    return Widget("masking", data, _ALT, _table(seen, trained))


def _packed(seen: Seen, kept: Sequence[np.ndarray]) -> dict:
    blocks = []
    for stage, channels, counts in zip(seen.stages, kept, seen.counts, strict=True):
        hit = np.flatnonzero(counts)
        faces = zip(*(_planes(maps, channels) for maps in stage), strict=True)
        blocks.append(
            {
                "side": stage.mask.shape[-1],
                "first": int(hit[0]),
                "counts": counts[hit[0] : hit[-1] + 1].tolist(),
                "planes": [
                    [_plane(*maps) for maps in zip(*face, strict=True)]
                    for face in faces
                ],
            }
        )
    return {"said": per_mille(seen.said).tolist(), "blocks": blocks}


def _planes(maps: Tensor, channels: np.ndarray) -> np.ndarray:
    """``[N, 1 + kept, h, w]``, the mean of all channels first."""
    chosen = maps[:, torch.as_tensor(channels, device=maps.device)]
    return torch.cat([maps.mean(1, keepdim=True), chosen], 1).cpu().numpy()


def _plane(before: np.ndarray, mask: np.ndarray, after: np.ndarray) -> list:
    """Bytes of three maps ``[h, w]``, their scales, and their means.

    Maps before and after go from 0 to the greatest after, so that they
    compare: a mask takes nothing away.  The mask has its own range.
    """
    top = _short(after.max())
    low, high = _short(mask.min()), _short(mask.max())
    scales = ((before, 0, top), (mask, low, high), (after, 0, top))
    means = [_short(maps.mean()) for maps in (before, mask, after)]
    return [*(squeezed(*one) for one in scales), top, low, high, *means]


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _table(seen: dict[str, Seen], trained: str) -> Table:
    rows = []
    for block in range(len(seen[trained].stages)):
        for kind, one in seen.items():
            before, mask, after = one.stages[block]
            low, high = np.quantile(mask.cpu().numpy(), (0.05, 0.95))
            name = f"block {block + 1}, {kind}" + "\n what if" * (kind != trained)
            means = f"{1 / mask.shape[1]:.4f}", f"{mask.mean():.4f}"
            gain = f"{after.mean() / before.mean():.3f}"
            rows.append((name, *means, f"{low:.4f} to {high:.4f}", gain))
    own = seen[trained].said.argmax(1)
    same = ", ".join(
        f"{(one.said.argmax(1) == own).sum()} with {kind}"
        for kind, one in seen.items()
        if kind != trained
    )
    note = f"Of {len(own)} faces the same is said of {same}." if same else ""
    header = ("Mask", "1 / C", "Mean", "5 to 95 % of its values", "After / before")
    caption = f"Masks of a network trained with {trained} masks, and of other kinds"
    return Table(caption, header, tuple(rows), note)
