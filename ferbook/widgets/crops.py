"""The crop explorer: sub-images of a face, and what a RAMN makes of them."""

import base64
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from PIL import Image
from skimage.data import astronaut

from fer_lib.crops import COUNTS, coverage, crop_boxes, crop_names
from fer_lib.errors import FerError
from fer_lib.explain.regions import crop_features
from fer_lib.photos.detection import crop_face, find_face
from ferbook.runs.run import Run
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget

NUMBERS = COUNTS[1:]  # of sub-images
SCALES = tuple(round(0.7 + 0.05 * k, 2) for k in range(11))  # Figure 3(b)'s range
_SIZE = 240  # of the boxes when there is no network
_ALT = (
    "Crop explorer. Choose a face, the number of sub-images and the scale of "
    "their sides; boxes appear on the face and the crops beside it, with how "
    "much of the face they cover and share."
)
ASTRONAUT = "Astronaut: skimage.data.astronaut(), NASA, public domain."


def astronaut_face(size: int = 96) -> np.ndarray:
    """The face of scikit-image's astronaut, ``uint8 [3, size, size]``."""
    photo = astronaut()
    return crop_face(photo, find_face(photo), size, margin=0.1)


def boxes_at(scale: float, size: int) -> torch.Tensor:
    """All boxes, the random one as RAMN's ``crop_seed`` 0 draws it."""
    seeded = torch.Generator("cpu").manual_seed(0)
    return crop_boxes(max(NUMBERS), size, scale=scale, generator=seeded)


def shared_areas(scale: float, count: int, size: int) -> tuple[float, float, float]:
    """What ``count`` sub-images share of a face.

    Returns:
        Share of its pixels in one of them or more, in all of them, and by how
        many a pixel is seen on average.
    """
    counts = coverage(boxes_at(scale, size)[1 : count + 1], size).numpy()
    covered, shared = (counts > 0).mean(), (counts == count).mean()
    return float(covered), float(shared), float(counts.mean())


@dataclass(frozen=True)
class Reading:
    """What a network makes of faces and their first sub-images.

    Attributes:
        weights: theta of each region, ``[N, count + 1]``, whole face first.
        probabilities: of the classes, ``[N, classes]``.
    """

    weights: list
    probabilities: list


@torch.inference_mode()
def read_crops(
    run: Run, images: np.ndarray, scale: float, counts: Sequence[int]
) -> list[Reading]:
    """Weights and probabilities of faces, for each number of sub-images.

    Args:
        run: a trained RAMN; its weights fit any boxes.
        images: ``uint8 [N, C, H, W]``.
        scale: of the sub-images' sides.
        counts: numbers of sub-images.
    """
    network, features = crop_features(run.network, images, max(NUMBERS), scale)
    found = []
    for count in counts:
        # Smaller numbers have the first boxes of larger ones.
        shared, weights = network.attention(features[:, : count + 1])
        scores = network.classifier(network.combined(network.expressions(shared)))
        shares = scores.float().softmax(1)
        found.append(Reading(_short(weights), _short(shares)))
    return found


def _short(values: torch.Tensor) -> list:
    return np.round(values.cpu().double().numpy(), 4).tolist()


def crop_explorer(
    images: Sequence[np.ndarray],
    titles: Sequence[str],
    run: Run | None = None,
    note: str = "",
) -> Widget:
    """Boxes, crops and their shares of the face, to be tried out.

    Args:
        images: faces, ``uint8 [C, H, W]``; the astronaut is added.
        titles: what to call them.
        run: a trained RAMN, whose weights and predictions are added; None
            for the geometry alone.
        note: where the faces come from.
    """
    images, titles = [*images, astronaut_face()], [*titles, "astronaut"]
    size = _SIZE if run is None else run.network.input.size
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
        "network": None if run is None else _grid(run, images),
        "note": f"{note} {ASTRONAUT}".strip(),
    }
    answer = None if run is None else lambda asked: _read_photograph(run, asked)
    return Widget("crops", data, _ALT, _table(areas), answer)


def _grid(run: Run, images: Sequence[np.ndarray]) -> dict:
    """Readings of all faces at all settings, by scale, face and number."""
    # Faces may differ in size and channels; the network's are all alike.
    alike = [run.network.input.to_unit(image[None]) for image in images]
    faces = np.rint(255 * torch.cat(alike).numpy()).astype(np.uint8)
    weights, shares = [], []
    for scale in SCALES:
        said = read_crops(run, faces, scale, NUMBERS)
        weights.append(
            [list(of) for of in zip(*(one.weights for one in said), strict=True)]
        )
        shares.append(
            [list(of) for of in zip(*(one.probabilities for one in said), strict=True)]
        )
    classes = list(run.splits.classes)
    return {"classes": classes, "weights": weights, "probabilities": shares}


def _read_photograph(run: Run, asked: dict) -> dict:
    """Answer the module, which sends a square of RGB bytes."""
    side, count, scale = (asked.get(key) for key in ("side", "count", "scale"))
    pixels = np.frombuffer(base64.b64decode(asked.get("pixels", "")), np.uint8)
    if count not in NUMBERS or scale not in SCALES or pixels.size != 3 * side**2:
        raise FerError(
            f"crop explorer: asked for {count} sub-images at scale {scale} of "
            f"{pixels.size} bytes, expected settings of the page and three "
            "bytes a pixel; reload the page."
        )
    image = pixels.reshape(side, side, 3).transpose(2, 0, 1)
    reading = read_crops(run, image[None], scale, [count])[0]
    return {name: values[0] for name, values in asdict(reading).items()}


def data_address(image: np.ndarray) -> str:
    """A face ``uint8 [C, H, W]`` as an address that holds its PNG file."""
    pixels = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(written, "png")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"


def _table(areas: list) -> Table:
    """For print, every second scale: in how many of them a pixel lies."""
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
