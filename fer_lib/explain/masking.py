"""What the masking blocks of the Residual Masking Network do.

L. Pham et al., 2020 (:mod:`fer_lib.models.residual_masking`), Figure 1: maps
before and after the third block.  A softmax over C channels makes the mean
of a mask exactly 1 / C at every position, so that the mean shows nothing;
what a mask prefers is in its gain, and how much in its distribution.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from fer_lib.explain.inputs import Images, collected
from fer_lib.models.residual_masking import ConstantMask, ResidualMaskingNetwork, Stage

# Edges of the histogram: mask times channels, so that 1 is the control.
MULTIPLES = np.logspace(-6, 3, 91)


class Masking(NamedTuple):
    """What :func:`masking` returns: N faces, one entry a block in each tuple.

    Attributes:
        names: ``layer 1`` to ``layer 4``.
        before: ``float32 [N, h, w]``, mean over channels of the maps that
            reach the block, zero or more.
        after: likewise, of the maps that leave it.
        gain: ``float32 [N, h, w]``, after over before; 1 where there is
            nothing to mask.  The control multiplies by 1 + 1 / C everywhere.
        peak: ``float32 [N, h, w]``, the mask's largest value 0..1 over the
            channels.
        counts: ``int64 [bins]``, how many values of the mask, over faces,
            channels and positions, lie between the :data:`MULTIPLES` of
            1 / C; what lies outside is counted in the outermost bins.
        channels: C of each block.
        predicted: ``int64 [N]``, with the masks as they are.
        control: ``int64 [N]``, with 1 / C in place of every mask.
    """

    names: tuple[str, ...]
    before: tuple[np.ndarray, ...]
    after: tuple[np.ndarray, ...]
    gain: tuple[np.ndarray, ...]
    peak: tuple[np.ndarray, ...]
    counts: tuple[np.ndarray, ...]
    channels: tuple[int, ...]
    predicted: np.ndarray
    control: np.ndarray

    @property
    def agreement(self) -> float:
        """Share of faces, 0..1, to which the control says the same."""
        return float((self.predicted == self.control).mean())


def masking(network: ResidualMaskingNetwork, images: Images) -> Masking:
    """Maps around every masking block, the masks of any kind, and their control."""
    channels = tuple(network.backbone.stage_channels)
    flat = nn.ModuleList(ConstantMask(1 / c) for c in channels)

    def read(x: Tensor, rows: slice) -> tuple[Tensor, ...]:
        stages = network.stages(x)
        ends = (stages[-1].after, network.backbone.maps(x, flat))
        said = (network.fc(maps.mean((2, 3))).argmax(1) for maps in ends)
        return *said, *(values for stage in stages for values in _summary(stage))

    predicted, control, *told = (t.numpy() for t in collected(network, images, read))
    before, after, gain, peak, counts = (tuple(told[k::5]) for k in range(5))
    return Masking(
        tuple(f"layer {i + 1}" for i in range(len(channels))),
        before,
        after,
        gain,
        peak,
        tuple(rows.sum(0) for rows in counts),
        channels,
        predicted,
        control,
    )


def _summary(stage: Stage) -> tuple[Tensor, ...]:
    before, after = stage.before.mean(1).float(), stage.after.mean(1).float()
    gain = torch.where(before > 0, after / before, 1.0)
    multiples = (stage.mask * stage.mask.shape[1]).double().cpu().numpy()
    inside = multiples.clip(MULTIPLES[0], MULTIPLES[-1])
    counts = torch.tensor(np.histogram(inside, MULTIPLES)[0][None])
    return before, after, gain, stage.mask.amax(1).float(), counts
