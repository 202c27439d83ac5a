"""The crop explorer: sub-images of a face, and what a RAMN makes of them."""

import base64
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from fer_lib.crops import COUNTS, coverage, crop_boxes, crop_names
from fer_lib.errors import FerError
from fer_lib.explain.attention import crop_features
from fer_lib.models.ramn import RAMN
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget
from ferbook.widgets.pictures import ASTRONAUT, alike, astronaut_face, data_address

NUMBERS = COUNTS[1:]  # of sub-images
SCALES = tuple(round(0.7 + 0.05 * k, 2) for k in range(11))  # Figure 3(b)'s range
_SIZE = 240  # of the boxes when there is no network
_ALT = (
    "Crop explorer. Choose a face, the number of sub-images and the scale of "
    "their sides; boxes appear on the face and the crops beside it, with how "
    "much of the face they cover and share, and what the network answers for each "
    "number of sub-images."
)


def boxes_at(scale: float, size: int) -> torch.Tensor:
    """All boxes, the random one as RAMN's ``crop_seed`` 0 draws it."""
    seeded = torch.Generator("cpu").manual_seed(0)
    return crop_boxes(max(NUMBERS), size, scale=scale, generator=seeded)


def shared_areas(scale: float, count: int, size: int) -> tuple[float, float, float]:
    """Shares of a face's pixels in one of ``count`` sub-images or more, and in all.

    And by how many a pixel is seen on average.
    """
    counts = coverage(boxes_at(scale, size)[1 : count + 1], size).double()
    shares = ((counts > 0).double(), (counts == count).double(), counts)
    return tuple(float(one.mean()) for one in shares)


@torch.inference_mode()
def read_crops(
    network: RAMN, images: np.ndarray, scale: float, counts: Sequence[int]
) -> list[dict[str, list]]:
    """What a trained RAMN makes of faces and their first sub-images.

    For each number of ``counts`` the ``weights`` ``[N, count + 1]``, the whole face
    first, and ``probabilities`` ``[N, classes]``.
    """
    other, features = crop_features(network, images, max(NUMBERS), scale)
    found = []
    for count in counts:
        # Smaller numbers have the first boxes of larger ones.
        shared, weights = other.attention(features[:, : count + 1])
        scores = other.classifier(other.combined(other.expressions(shared)))
        shares = (scores.float() / network.temperature).softmax(1)
        told = {"weights": weights, "probabilities": shares}
        found.append(
            {
                name: np.round(values.cpu().double().numpy(), 4).tolist()
                for name, values in told.items()
            }
        )
    return found


def crop_explorer(
    images: Sequence[np.ndarray],
    titles: Sequence[str],
    network: RAMN | None = None,
    note: str = "",
) -> Widget:
    """Boxes, crops and their shares of the face, to be tried out.

    The astronaut is added to the faces ``uint8 [C, H, W]``; a trained network adds its
    weights and predictions.
    """
    images, titles = [*images, astronaut_face()], [*titles, "astronaut"]
    size = _SIZE if network is None else network.input.size
    areas = [[shared_areas(s, n, size) for n in NUMBERS] for s in SCALES]
    data = {
        "size": size,
        "counts": NUMBERS,
        "scales": SCALES,
        "names": crop_names(max(NUMBERS)),
        "faces": [
            {"title": title, "image": data_address(image)}
            for image, title in zip(images, titles, strict=True)
        ],
        "boxes": [boxes_at(scale, size).tolist() for scale in SCALES],
        "areas": np.round(areas, 4).tolist(),
        "network": None if network is None else _grid(network, images),
        "note": f"{note} {ASTRONAUT}".strip(),
    }
    answer = None
    if network is not None:
        answer = partial(_read_photograph, network)
    return Widget("crops", data, _ALT, _table(areas), answer)


def _grid(network: RAMN, images: Sequence[np.ndarray]) -> dict:
    unit = alike(network.input, images)
    faces = np.rint(255 * unit.numpy()).astype(np.uint8)
    said = [read_crops(network, faces, scale, NUMBERS) for scale in SCALES]
    return {"classes": list(network.classes)} | {
        name: [
            [[one[name][face] for one in at_scale] for face in range(len(faces))]
            for at_scale in said
        ]
        for name in ("weights", "probabilities")
    }


def _read_photograph(network: RAMN, asked: dict) -> dict:
    side, scale = asked.get("side"), asked.get("scale")
    pixels = np.frombuffer(base64.b64decode(asked.get("pixels", "")), np.uint8)
    if scale not in SCALES or not isinstance(side, int) or pixels.size != 3 * side**2:
        raise FerError(
            f"crop explorer: asked for scale {scale} of {pixels.size} bytes, expected "
            "settings of the page and three bytes per pixel; reload the page."
        )
    image = pixels.reshape(side, side, 3).transpose(2, 0, 1)
    readings = read_crops(network, image[None], scale, NUMBERS)
    return {"answers": [{k: v[0] for k, v in one.items()} for one in readings]}


def _table(areas: list) -> Table:
    rows = [
        (
            f"{scale:.1f}",
            *(f"{mean:.2f}, {100 * shared:.0f} %" for _, shared, mean in of),
        )
        for scale, of in list(zip(SCALES, areas, strict=True))[::2]
    ]
    header = ("Scale", *(f"{count} sub-images" for count in NUMBERS))
    caption = (
        "In how many sub-images a pixel lies on average, and the share of the "
        "face that lies in all of them"
    )
    return Table(caption, header, tuple(rows))
