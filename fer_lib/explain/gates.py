"""What CBAM lets through: spatial maps and channel gates.

ESR has CBAM after every layer, MA-Net in every block of its four patches
(N. Heidari, A. Iosifidis, 2022; S. Woo et al., 2018, see
:mod:`fer_lib.models.cbam`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.drawing.panels import (
    WHOLE,
    Place,
    check_titles,
    colour_bar,
    grid,
    lay_over,
    show_face,
    with_alt,
)
from fer_lib.explain.frames import esr_place
from fer_lib.models.cbam import CBAM, Attended
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.diversified_manet import DiversifiedMANet
from fer_lib.models.network import Network

_QUADRANTS: dict[str, Place] = {
    "upper left": (0, 0, 0.5, 0.5),
    "upper right": (0.5, 0, 1, 0.5),
    "lower left": (0, 0.5, 0.5, 1),
    "lower right": (0.5, 0.5, 1, 1),
}


class Gates(NamedTuple):
    """What :func:`gates` returns; N faces, one entry a block in each tuple.

    Attributes:
        names: of the blocks.
        places: left, top, right, bottom of what a block sees, as shares of
            the face; in ESR the middle, see :mod:`fer_lib.explain.frames`.
        spatial: attention over positions 0..1, ``float32 [N, h, w]``.
        channel: attention over channels 0..1, ``float32 [N, C]``.
    """

    names: tuple[str, ...]
    places: tuple[Place, ...]
    spatial: tuple[np.ndarray, ...]
    channel: tuple[np.ndarray, ...]


def last_blocks(network: Network) -> dict[str, tuple[CBAM, Place]]:
    """The last CBAM of every branch of ESR, or of every patch of MA-Net.

    These are what the classifiers see, and in ESR what the diversity is
    about.  Of any other network all blocks, by their place in it.

    Raises:
        FerError: when there is none.
    """
    found = {}
    if isinstance(network, DiversifiedESR):
        for i in range(network.active):
            block = network.branches[i].last.cbam
            found[f"branch {i + 1}"] = (block, esr_place(network.input.size))
    elif isinstance(network, DiversifiedMANet):
        for (name, place), patch in zip(
            _QUADRANTS.items(), network.patches, strict=True
        ):
            found[name] = (patch[-1][-1].cbam, place)
    else:
        blocks = network.named_modules()
        found = {name: (m, WHOLE) for name, m in blocks if isinstance(m, CBAM)}
    if not found or any(block is None for block, _ in found.values()):
        raise FerError(
            f"{getattr(network, 'NAME', 'network')}: has no CBAM, expected ESR or "
            "MA-Net with attention."
        )
    return found


@torch.inference_mode()
def gates(
    network: Network,
    images: np.ndarray,
    blocks: Mapping[str, tuple[CBAM, Place]] | None = None,
    *,
    batch_size: int | None = None,
) -> Gates:
    """Both attentions of some blocks.

    Args:
        network: with CBAM; left as it was.
        images: ``uint8 [N, C, H, W]``.
        blocks: by name, with the part of the face that they see; those of
            :func:`last_blocks` if None.
        batch_size: faces in one pass; by their size if None.
    """
    blocks = last_blocks(network) if blocks is None else blocks
    with evaluating(network), _heard([block for block, _ in blocks.values()]) as heard:
        for _, unit in batches(network, images, batch_size):
            network(network.input.normalise(unit))
    return Gates(
        tuple(blocks),
        tuple(place for _, place in blocks.values()),
        tuple(torch.cat([one.spatial[:, 0] for one in said]).numpy() for said in heard),
        tuple(torch.cat([one.channel for one in said]).numpy() for said in heard),
    )


@contextmanager
def _heard(blocks: Sequence[CBAM]) -> Iterator[list[list[Attended]]]:
    """What each block says while the context lasts, on the CPU.

    ESR asks its last blocks by ``attend``, past any forward hook.
    """
    heard: list[list[Attended]] = [[] for _ in blocks]

    def listening(block: CBAM, said: list[Attended]):
        def attend(x: torch.Tensor) -> Attended:
            found = CBAM.attend(block, x)
            keep = (found.channel.float().cpu(), found.spatial.float().cpu())
            said.append(Attended(None, *keep))  # maps would fill the memory
            return found

        return attend

    for block, said in zip(blocks, heard, strict=True):
        block.attend = listening(block, said)
    try:
        yield heard
    finally:
        for block in blocks:
            del block.attend


def draw_spatial_gates(
    result: Gates, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Where the blocks look; the patches of MA-Net together on one face.

    Args:
        result: of the same faces.
        images: ``uint8 [N, C, H, W]``.
        titles: one a face.
    """
    check_titles(len(result.spatial[0]), titles)
    apart = len(set(result.places)) == 1  # all see the same part
    rows = list(result.names) if apart else ["four patches"]
    figure, axes = grid(["face", *rows], titles)
    low, high = _range(result.spatial)
    for i, panels in enumerate(axes.T):
        for panel in panels:
            show_face(panel, images[i])
        for j, maps in enumerate(result.spatial):
            drawn = lay_over(
                panels[1 + j if apart else 1], maps[i], result.places[j],
                colours=SEQUENTIAL, low=low, high=high,
            )  # fmt: skip
    colour_bar(figure, drawn, axes[1:], "attention (0 shut, 1 open)")
    return with_alt(figure, describe_spatial_gates(result))


def _range(maps: Sequence[np.ndarray]) -> tuple[float, float]:
    """Smallest and largest value of all."""
    return float(min(m.min() for m in maps)), float(max(m.max() for m in maps))


def draw_channel_gates(result: Gates) -> Figure:
    """How far open the channels of every block are, in the order of openness.

    The line is a channel's mean over the faces, the band holds all faces.

    Args:
        result: of some faces.
    """
    figure, axes = plt.subplots(
        1, len(result.names), figsize=(1.5 * len(result.names) + 1.4, 2.6),
        sharey=True, squeeze=False, layout="constrained",
    )  # fmt: skip
    for panel, name, gate in zip(axes[0], result.names, result.channel, strict=True):
        order = gate.mean(0).argsort()[::-1]
        rank = np.arange(1, len(order) + 1)
        low, high = gate.min(0)[order], gate.max(0)[order]
        panel.fill_between(rank, low, high, color="#56B4E9", alpha=0.5, lw=0)
        panel.plot(rank, gate.mean(0)[order], color="#0072B2")
        panel.set(ylim=(0, 1), title=name)
        panel.title.set_size(9)
        panel.grid(alpha=0.3)
    axes[0, 0].set_ylabel("attention (0 shut, 1 open)")
    figure.supxlabel(f"rank of the channel (n = {len(gate)} faces)", fontsize=9)
    return with_alt(figure, describe_channel_gates(result))


def describe_spatial_gates(result: Gates) -> str:
    """What :func:`draw_spatial_gates` shows, in words and numbers."""
    low, high = _range(result.spatial)
    # Over positions of a face, and over faces at a position.
    inside = np.mean([m.std((1, 2)).mean() for m in result.spatial])
    between = np.mean([m.std(0).mean() for m in result.spatial])
    return (
        f"Spatial attention of {len(result.names)} blocks on {len(result.spatial[0])} "
        f"faces, from {low:.2f} to {high:.2f}. Its standard deviation is {inside:.3f} "
        f"over the positions of a face, and {between:.3f} over the faces at a position."
    )


def describe_channel_gates(result: Gates) -> str:
    """What :func:`draw_channel_gates` shows, in words and numbers."""
    between = np.mean([gate.std(0).mean() for gate in result.channel])
    means = [gate.mean() for gate in result.channel]
    return (
        f"Channel attention of {len(result.names)} blocks on {len(result.channel[0])} "
        f"faces, channels sorted. A block's mean lies between {min(means):.2f} and "
        f"{max(means):.2f}; over the faces a channel's standard deviation is "
        f"{between:.3f} on average."
    )
