"""Networks that run in the page: which, on what pictures, and what they then say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from skimage.data import astronaut

from fer_lib.evaluation.inference import probabilities
from fer_lib.explain.drawing.colours import DIVERGING
from fer_lib.expressions import EXPRESSIONS
from fer_lib.landmarks import eye_centres
from fer_lib.models.network import Network
from fer_lib.photos.faces import FER2013_FRAME, faces_in
from fer_lib.photos.images import LUMA
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.portrait import render_face
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget
from ferbook.widgets.pictures import (
    ASTRONAUT,
    colour_stops,
    data_address,
    packed,
    per_mille,
)

SIDE = 48  # pixels of a face, grey: those of FER2013, whatever a network's own are
WINDOWS = tuple(round(SIDE * share) for share in (1 / 8, 5 / 24, 1 / 3))
STRIDE = 4  # pixels between squares
_STRANGERS = 12  # seed of rendered people whom no network has met
_DRAWN = 224  # pixels of a rendered picture
_FAR = STUDIO.changed(zoom=[0.62, 0.62])  # so that the frame can be moved about
_ALT = (
    "Networks that run in this page. A square is moved over a picture; bars show "
    "what each network gives to every expression in it, and a map shows which parts "
    "of the face an answer rests on."
)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, and where the networks are used to have its face.

    ``image``: grey ``uint8 [H, W]``; ``frame``: left, top and side of a square, pixels.
    """

    title: str
    image: np.ndarray
    frame: tuple[int, int, int]

    def seen(self) -> np.ndarray:
        """What is in the frame, pixels in 0..1, ``float32 [1, SIDE, SIDE]``."""
        left, top, side = self.frame
        part = self.image[top : top + side, left : left + side]
        unit = torch.as_tensor(part.astype(np.float32) / 255)[None, None]
        sides = (SIDE, SIDE)
        return F.interpolate(unit, sides, mode="bilinear", antialias=True)[0].numpy()


@dataclass(frozen=True)
class Files:
    """What the page fetches when its reader asks for the networks.

    ``folder`` as seen from the page; ``engine``, whether the engine is there;
    ``names`` of the networks' files; ``size`` of all in bytes, ``sent`` when
    compressed, as most hosts do.
    """

    folder: str
    engine: bool
    names: Mapping[str, str]
    size: int
    sent: int


def frame_of(points: np.ndarray) -> tuple[int, int, int]:
    """Left, top and side of the square in which landmarks ``[68, 2]`` lie as the eyes
    of FER2013's faces do; the picture is not turned."""
    apart, down = FER2013_FRAME
    (x, y), (right, lower) = eye_centres(np.asarray(points, np.float64))
    side = np.hypot(right - x, lower - y) / apart
    left = (x + right + 1 - side) / 2
    return round(left), round((y + lower + 1) / 2 - down * side), round(side)


def rendered_pictures() -> list[Picture]:
    """The first rendered stranger for each expression."""
    found = []
    for k, name in enumerate(EXPRESSIONS[:7]):
        face = render_face(k, name, _DRAWN, _STRANGERS, k, _FAR)
        title = f"rendered face, meant as {name}"
        found.append(Picture(title, face.image, frame_of(face.landmarks)))
    return found


def astronaut_picture() -> Picture:
    """The astronaut's face with its surroundings, in grey."""
    photo = astronaut()
    (face,) = faces_in(photo)
    left, top, side = frame_of(face.landmarks)
    room = side * 2 // 5
    x, y = max(0, left - room), max(0, top - room)
    part = photo[y : top + side + room, x : left + side + room]
    grey = np.rint(part @ LUMA).astype(np.uint8)
    return Picture("photograph: an astronaut", grey, (left - x, top - y, side))


def networks_on_page(
    networks: Mapping[str, Network], pictures: Sequence[Picture], files: Files
) -> Widget:
    """Networks of the same classes, and what they say of some pictures' faces.

    What they say is recorded for pages that cannot run them.
    """
    seen = np.stack([one.seen() for one in pictures])
    said = {name: per_mille(probabilities(one, seen)) for name, one in networks.items()}
    classes = next(iter(networks.values())).classes
    data = {
        "side": SIDE,
        "classes": list(classes),
        "windows": list(WINDOWS),
        "stride": STRIDE,
        "eyes": list(FER2013_FRAME),
        "colours": colour_stops(DIVERGING),
        "pictures": [
            {
                "title": one.title,
                "image": data_address(one.image[None]),
                "frame": list(one.frame),
            }
            for one in pictures
        ],
        "networks": [
            {
                "key": name,
                "title": one.NAME,
                "reads": reads(one),
                "file": files.names.get(name, ""),
                "said": packed(said[name]),
            }
            for name, one in networks.items()
        ],
        "folder": files.folder,
        "engine": files.engine,
        "size": files.size,
        "sent": files.sent,
        "note": ASTRONAUT,
    }
    return Widget("networks", data, _ALT, _table(networks, pictures, said))


def reads(network: Network) -> str:
    """How often a network is right on photographs, or that it knows none."""
    if network.rendered_only:
        return "learned rendered faces only"
    counted = network.about.get("reads", {}).get("photographs")
    if counted is None:
        return "not tested on photographs"
    return f"right on {100 * counted['accuracy']:.0f} % of photographs"


def _table(
    networks: Mapping[str, Network],
    pictures: Sequence[Picture],
    said: Mapping[str, np.ndarray],
) -> Table:
    rows = []
    for k, picture in enumerate(pictures):
        cells = [picture.title]
        for name, one in networks.items():
            top = said[name][k].argmax()
            cells.append(f"{one.classes[top]}\n {said[name][k, top] / 10:.0f} %")
        rows.append(tuple(cells))
    header = ("Picture", *(f"{one.NAME}\n {reads(one)}" for one in networks.values()))
    caption = "What each network reads in the pictures of this page, as they are framed"
    return Table(caption, header, tuple(rows))
