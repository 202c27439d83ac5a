"""Occlusion of any network of the book: flips and drops in one go.

Deep-Emotion, Figures 11 to 13.  The experiment itself is in
:mod:`fer_lib.explain.occlusion`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fer_lib.evaluation.inference import device_of
from fer_lib.explain.covering import cover, filling, pixel_means, window_starts
from fer_lib.explain.drawing.colours import DIVERGING, MARK, SEQUENTIAL
from fer_lib.explain.drawing.panels import (
    check_titles,
    colour_bar,
    grid,
    lay_over,
    say,
    show_face,
    with_alt,
)
from fer_lib.explain.occlusion import covered_scores, from_pixels
from fer_lib.models.network import Network


class OcclusionMaps(NamedTuple):
    """What :func:`occlude` returns of N faces, H by W as the network's.

    Attributes:
        misled: ``float32 [N, H, W]``, share 0..1 of the windows over a pixel
            under which another class than the target is predicted.  The
            paper's marked region is where this is above zero.
        drops: ``float32 [N, H, W]``, by how much these windows lower the
            target's score, on average; negative where covering helps.
        targets: ``int64 [N]``.
        predicted: ``int64 [N]``, without any cover.  Where this is not the
            target, ``misled`` explains nothing.
        window: side of the square in pixels.
        stride: step in pixels.
        fill: what showed in the square.
    """

    misled: np.ndarray
    drops: np.ndarray
    targets: np.ndarray
    predicted: np.ndarray
    window: int
    stride: int
    fill: float | str


def occlude(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray | None = None,
    *,
    window: int,
    stride: int = 1,
    fill: float | str = "zero",
    batch_size: int | None = None,
    progress: bool = False,
) -> OcclusionMaps:
    """Cover every square of every face, and see what the network says.

    Args:
        network: one of the book's; left as it was.
        images: ``uint8 [N, C, H, W]``.
        targets: ``int64 [N]``, the true classes for the paper's map; None
            for the network's own predictions.
        window: side of the square in pixels of the network's faces.
        stride: step between squares, likewise.
        fill: a value 0..1, ``"zero"``, ``"mean"`` or ``"blur"``; see
            :func:`~fer_lib.explain.covering.filling`.
        batch_size: covered faces in one pass; by their size if None.
        progress: whether to show a bar.
    """
    scores = from_pixels(network)
    unit = network.input.to_unit(torch.as_tensor(images).to(device_of(network)))
    with torch.inference_mode():
        plain = torch.cat([scores(part) for part in unit.split(batch_size or 64)])
    predicted = plain.argmax(1)
    wanted = predicted if targets is None else torch.as_tensor(targets).to(predicted)
    options = {"window": window, "stride": stride}
    found = covered_scores(
        scores, unit, fill=fill, batch_size=batch_size, progress=progress, **options
    )
    own = wanted[:, None, None, None].expand(*found.shape[:3], 1)
    drops = plain.gather(1, wanted[:, None])[..., None] - found.gather(-1, own)[..., 0]
    misled = found.argmax(-1) != wanted[:, None, None]
    misled, drops = (
        pixel_means(values.cpu().numpy(), unit.shape[-2:], **options)
        for values in (misled, drops)
    )
    return OcclusionMaps(
        misled.astype(np.float32),
        drops.astype(np.float32),
        wanted.cpu().numpy(),
        predicted.cpu().numpy(),
        window,
        stride,
        fill,
    )


def draw_occlusion(
    result: OcclusionMaps, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Faces with the square's size, and both maps, each with one scale.

    Args:
        result: of the same faces.
        images: ``uint8 [N, C, H, W]``.
        titles: one a face.
    """
    check_titles(len(result.targets), titles)
    figure, axes = grid(["face, square", "misled", "score drop"], titles)
    side = result.window / result.misled.shape[-1]
    largest = float(np.abs(result.drops).max()) or 1.0
    for i, (face, misled, drop) in enumerate(axes.T):
        for panel in (face, misled, drop):
            show_face(panel, images[i])
        face.add_patch(Rectangle((0, 0), side, side, fill=False, ec=MARK, lw=2))
        shares = lay_over(misled, result.misled[i], colours=SEQUENTIAL, low=0, high=1)
        if result.predicted[i] != result.targets[i]:
            say(misled, "misread\nuncovered")
        lost = lay_over(
            drop, result.drops[i], colours=DIVERGING, low=-largest, high=largest
        )
    colour_bar(figure, shares, axes[1], "share of squares")
    colour_bar(figure, lost, axes[2], "drop (score)")
    return with_alt(figure, describe_occlusion(result))


def describe_occlusion(result: OcclusionMaps) -> str:
    """What the figure shows, in words and numbers."""
    faces, height, width = result.drops.shape
    rows, columns = np.divmod(result.drops.reshape(faces, -1).argmax(1), width)
    marked = (result.misled > 0).mean((1, 2))
    misread = int((result.predicted != result.targets).sum())
    return (
        f"Occlusion of {faces} faces by a square of {result.window} pixels moved by "
        f"{result.stride} pixels, filled with {result.fill}. On average "
        f"{100 * marked.mean():.0f} per cent of a face is "
        "under a square that misleads the network, and the score drops most at "
        f"{100 * rows.mean() / height:.0f} per cent of the height and "
        f"{100 * columns.mean() / width:.0f} per cent of the width. Misread even "
        f"when nothing is covered: {misread} of {faces} faces."
    )


class Covers(NamedTuple):
    """What :func:`covers` returns; one face under S squares.

    Attributes:
        faces: ``float32 [S, C, H, W]``, pixels in 0..1.
        probabilities: ``float32 [S, num_classes]``.
    """

    faces: np.ndarray
    probabilities: np.ndarray


def covers(
    network: Network,
    image: np.ndarray,
    *,
    window: int,
    per_side: int = 3,
    fill: float | str = "zero",
) -> Covers:
    """One face under squares that are spread over it, as in Figure 11.

    Args:
        network: one of the book's; left as it was.
        image: ``uint8 [C, H, W]``.
        window: side of the square in pixels of the network's faces.
        per_side: squares along a side; their square is S.
        fill: as of :func:`occlude`.
    """
    pixels = torch.as_tensor(image)[None].to(device_of(network))
    unit = network.input.to_unit(pixels)
    rest = int(window_starts(unit.shape[-1], window, 1)[-1])
    places = torch.linspace(0, rest, per_side, device=unit.device).round().long()
    tops, lefts = (at.flatten() for at in torch.meshgrid(places, places, indexing="ij"))
    repeated = unit.expand(len(tops), -1, -1, -1)
    faces = cover(repeated, filling(repeated, fill, window), tops, lefts, window)
    with torch.inference_mode():
        found = from_pixels(network)(faces).softmax(1)
    return Covers(faces.cpu().numpy(), found.cpu().numpy())


def draw_covers(result: Covers, classes: Sequence[str], target: int) -> Figure:
    """Covered faces, each with what the network then takes it for.

    Args:
        result: of a face.
        classes: names of the network's scores.
        target: the true class.
    """
    side = int(len(result.faces) ** 0.5)
    figure, axes = grid([""] * side, [""] * side, n=1)
    says = result.probabilities.argmax(1)
    for panel, face, label, chances in zip(
        axes.flat, result.faces, says, result.probabilities, strict=True
    ):
        show_face(panel, face)
        right = "" if label == target else ", wrong"
        panel.set_title(f"{classes[label]} {100 * chances[label]:.0f} %{right}", size=8)
    wrong = int((says != target).sum())
    return with_alt(
        figure,
        f"A face of the class {classes[target]} under {len(says)} squares. Under "
        f"{wrong} of them the network predicts another class.",
    )
