"""The guessing explorer: which of two maps never saw the network?"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fer_lib.explain.drawing.colours import DIVERGING, SEQUENTIAL
from fer_lib.explain.scoring.localisation import inside_auc
from ferbook.show.tables import Table
from ferbook.study.cell import METHOD_ROWS, RIVALS
from ferbook.study.report import LABELS
from ferbook.widgets.base import Widget
from ferbook.widgets.pictures import colour_stops, data_address, packed, squeezed

PAIRS = 12
Maps = Mapping[str, np.ndarray]  # float32 [N, S, S] by method or decoy
_ALT = (
    "Guessing explorer. Two heat maps of one rendered face stand side by side: one was "
    "made from a network, the other by a decoy that never saw it. Buttons take a "
    "guess; then names, the pixels that count, and both scores are shown."
)


class Pair(NamedTuple):
    """Two maps of one face, by name, and on which side the decoy stands."""

    face: int
    names: tuple[str, str]  # left, right
    decoy: int  # 0 left, 1 right


def pairs_of(maps: Maps, moved: np.ndarray, seed: int = 0) -> list[Pair]:
    """Methods and decoys in turn, in an order drawn once, on faces with evidence.

    ``moved bool [N, S, S]`` is the truth.  Noise is too easy.
    """
    draw = np.random.default_rng(seed)
    decoys = [name for name in RIVALS if name in maps]
    methods = [name for name in METHOD_ROWS if name in maps]
    faces = draw.permutation(np.flatnonzero(moved.any((1, 2))))
    pairs = []
    for k, side in enumerate(draw.permutation(np.arange(PAIRS) % 2).tolist()):
        names = [methods[k % len(methods)], decoys[k % len(decoys)]]
        ordered = tuple(names if side else names[::-1])
        pairs.append(Pair(int(faces[k % len(faces)]), ordered, side))
    return [pairs[k] for k in draw.permutation(PAIRS)]


def guess_explorer(
    maps: Maps, images: np.ndarray, moved: np.ndarray, note: str = ""
) -> Widget:
    """Pairs of a network's map and a decoy's, to be told apart by eye.

    ``images uint8 [N, 1, S, S]``, ``moved bool [N, S, S]``: the truth.
    """
    pairs = pairs_of(maps, moved)
    aucs = [
        [float(inside_auc(maps[n][[p.face]], moved[[p.face]])[0]) for n in p.names]
        for p in pairs
    ]
    data = {
        "size": images.shape[-1],
        "pairs": [
            {
                "image": data_address(images[pair.face]),
                "truth": packed(np.flatnonzero(moved[pair.face])),
                "decoy": pair.decoy,
                "maps": [
                    _map(maps[name][pair.face], LABELS[name], auc)
                    for name, auc in zip(pair.names, both, strict=True)
                ],
            }
            for pair, both in zip(pairs, aucs, strict=True)
        ],
        "colours": {
            "signed": colour_stops(DIVERGING),
            "unsigned": colour_stops(SEQUENTIAL),
        },
        "note": note,
    }
    return Widget("guess", data, _ALT, _table(pairs, aucs))


def _map(values: np.ndarray, label: str, auc: float) -> dict:
    end = float(np.abs(values).max()) or 1.0
    signed = bool(values.min() < 0)
    shown = squeezed(values, -end if signed else 0.0, end)
    return {"label": label, "values": shown, "signed": signed, "auc": round(auc, 6)}


def _table(pairs: list[Pair], aucs: list[list[float]]) -> Table:
    rows = tuple(
        (
            str(k + 1),
            *(f"{LABELS[n]}, {x:.2f}" for n, x in zip(p.names, both, strict=True)),
        )
        for k, (p, both) in enumerate(zip(pairs, aucs, strict=True))
    )
    caption = "Which map is the decoy? Both maps with their AUC inside the truth"
    return Table(caption, ("Pair", "Left", "Right"), rows)
