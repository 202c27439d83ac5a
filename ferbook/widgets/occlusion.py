"""The occlusion explorer: a square over a face, and what a network then says."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import device_of
from fer_lib.explain.drawing.colours import DIVERGING, SEQUENTIAL
from fer_lib.explain.inputs import from_pixels
from fer_lib.explain.occlusion import (
    FILLS,
    cover,
    covered_scores,
    filling,
    window_starts,
)
from fer_lib.models.network import Network
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget
from ferbook.widgets.pictures import (
    ASTRONAUT,
    address_of,
    alike,
    astronaut_face,
    colour_stops,
    packed,
    per_mille,
    titled,
)

TOGETHER = 64  # squares in one question to the kernel
_ALT = (
    "Occlusion explorer. A square is moved over a face; bars show what the "
    "network then gives to every class, and a map fills with what each square "
    "that was tried does to the class that is watched."
)


def chances(network: Network) -> Callable[[Tensor], Tensor]:
    """Calibrated class probabilities of pixels in 0..1."""
    scores = from_pixels(network)
    return lambda unit: (scores(unit) / network.temperature).softmax(-1)


def occlusion_explorer(
    network: Network,
    images: Sequence[np.ndarray],
    titles: Sequence[str],
    note: str = "",
    windows: Sequence[int] | None = None,
) -> Widget:
    """What a covered square does, for any network and every square.

    On a page squares are black, of a few sizes (about an eighth, a fifth and a third of
    a face if None), a twenty-fourth of the side or more apart; a kernel computes any
    other. The astronaut is added to the faces.

    Raises:
        FerError: when a square does not fit.
    """
    images, titles = [*images, astronaut_face()], [*titles, "astronaut"]
    size = network.input.size
    fine = max(1, round(size / 24))
    windows = windows or [round(size * share) for share in (1 / 8, 5 / 24, 1 / 3)]
    unit = alike(network.input, images).to(device_of(network))
    scores = chances(network)
    with torch.inference_mode():
        plain = per_mille(scores(unit).cpu().numpy())
    grids = [
        per_mille(covered_scores(scores, unit, window=w, stride=fine).cpu().numpy())
        for w in windows
    ]
    data = {
        "size": size,
        "classes": list(network.classes),
        "network": f"{network.NAME}, which reads {size} x {size} pixels",
        "faces": titled(unit, titles),
        "plain": plain.tolist(),
        "windows": list(windows),
        "strides": [fine, 2 * fine, 4 * fine],
        "grids": [[packed(one) for one in grid] for grid in grids],
        "fills": list(FILLS),
        "together": TOGETHER,
        "colours": {"drop": colour_stops(DIVERGING), "flip": colour_stops(SEQUENTIAL)},
        "note": f"{note} {ASTRONAUT}".strip(),
    }
    table = _table(data, plain, grids)
    return Widget(
        "occlusion", data, _ALT, table, lambda asked: _look(network, unit, asked)
    )


def _look(network: Network, unit: Tensor, asked: Mapping) -> dict:
    face, window, fill = (asked.get(key) for key in ("face", "window", "fill"))
    size, places = unit.shape[-1], np.asarray(asked.get("places") or [[-1, -1]])
    fits = isinstance(face, int) and 0 <= face < len(unit) and fill in FILLS
    fits = fits and isinstance(window, int) and 1 <= window <= size
    fits = fits and places.dtype.kind == "i" and places.shape[1:] == (2,)
    fits = fits and places.min() >= 0 and places.max() <= size - window
    if not fits or len(places) > TOGETHER:
        raise FerError(
            f"occlusion explorer: asked for {len(places)} squares of side {window}, "
            f"filled with {fill}, on face {face}, expected up to {TOGETHER} that lie "
            f"inside {size} pixels on a face of the page; reload the page."
        )
    faces = unit[face : face + 1].to(device_of(network))
    fillings = filling(faces, fill, window)
    tops, lefts = torch.as_tensor(places, device=faces.device).unbind(1)
    repeated = (one.expand(len(places), -1, -1, -1) for one in (faces, fillings))
    with torch.inference_mode():
        found = chances(network)(cover(*repeated, tops, lefts, window))
    said = packed(per_mille(found.cpu().numpy()))
    return {"probabilities": said, "filling": address_of(fillings[0])}


def _table(data: Mapping, plain: np.ndarray, grids: Sequence[np.ndarray]) -> Table:
    classes, rows = data["classes"], []
    size, stride = data["size"], data["strides"][0]
    for k, face in enumerate(data["faces"]):
        said = plain[k].argmax()
        cells = [face["title"], f"{classes[said]}\n {plain[k, said] / 10:.1f} %"]
        for window, grid in zip(data["windows"], grids, strict=True):
            starts = window_starts(size, window, stride)
            flips = 100 * (grid[k].argmax(-1) != said).mean()
            drops = plain[k, said] - grid[k][..., said]
            row, column = np.unravel_index(drops.argmax(), drops.shape)
            cells.append(
                f"{flips:.0f} % flip\n {drops.max() / 10:.1f} points at left "
                f"{starts[column]}, top {starts[row]}"
            )
        rows.append(tuple(cells))
    header = ("Face", "Read as", *(f"Side {window}" for window in data["windows"]))
    caption = (
        f"Black squares on faces of {size} pixels, {stride} pixels apart: the share "
        "that changes the label, and the largest fall of its probability"
    )
    return Table(caption, header, tuple(rows))
