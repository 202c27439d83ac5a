"""The frame explorer: what networks say wherever the frame around a face falls."""

import numpy as np

from fer_lib.evaluation.inference import probabilities
from ferbook.chapters.your_face.answers import Networks, side_for
from ferbook.chapters.your_face.photograph import Found, View
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget
from ferbook.widgets.pictures import data_address, packed, per_mille

SHIFTS = tuple(round(0.05 * k, 2) for k in range(-5, 6))  # shares of the side
CROPS = (0.8, 0.9, 1.0, 1.15, 1.35)  # of :class:`View`
REACH, _WIDE = 2.0, 192  # sides of a frame in the picture of the surroundings; pixels
_ALT = (
    "Frame explorer. A square frame is moved over a face and made larger or smaller; "
    "bars show what a network says of what is inside, and a map in how many places its "
    "answer stays."
)


def grid_of_views() -> list[View]:
    """All frames of the page: sizes, then rows downwards, then columns."""
    return [
        View(crop=crop, right=right, down=down)
        for crop in CROPS
        for down in SHIFTS
        for right in SHIFTS
    ]


def frame_explorer(networks: Networks, found: Found, note: str = "") -> Widget:
    """What each network says of a face in every frame of :func:`grid_of_views`."""
    faces = found.see(grid_of_views(), side_for(networks))
    grids = {name: probabilities(one, faces) for name, one in networks.items()}
    (wide,) = found.see([View(crop=REACH)], _WIDE)
    data = {
        "image": data_address(wide),
        "size": _WIDE,
        "reach": REACH,
        "shifts": SHIFTS,
        "crops": CROPS,
        "networks": [
            {
                "name": name,
                "classes": list(one.classes),
                "grid": packed(per_mille(grids[name])),
            }
            for name, one in networks.items()
        ],
        "note": note,
    }
    return Widget("frame", data, _ALT, _table(networks, grids))


def _table(networks: Networks, grids: dict[str, np.ndarray]) -> Table:
    rows = []
    for name, one in networks.items():
        grid = grids[name].reshape(len(CROPS), len(SHIFTS) ** 2, -1)
        straight = grid[CROPS.index(1.0), len(SHIFTS) ** 2 // 2]
        best = int(straight.argmax())
        stays = (grid.argmax(-1) == best).mean(1)
        cells = (f"{100 * share:.0f} %" for share in stays)
        rows.append(
            (name, f"{one.classes[best]}, {100 * straight[best]:.0f} %", *cells)
        )
    header = ("Network", "Straight on", *(f"Frame {crop:g}" for crop in CROPS))
    reach, count = 100 * max(SHIFTS), len(SHIFTS) ** 2
    caption = (
        f"Share of {count} places, up to {reach:.0f} % of the side away, in which the "
        "answer stays that of the frame straight on"
    )
    return Table(caption, header, tuple(rows))
