"""What the Deep-Emotion chapter alone computes and draws."""

from itertools import pairwise

import numpy as np
import torch
from matplotlib.figure import Figure

from fer_lib.explain.attention import sampling_window, window_area
from fer_lib.explain.occlusion import occlude
from fer_lib.expressions import EXPRESSIONS
from fer_lib.models import build, count_parameters
from fer_lib.models.deep_emotion import LOCALISATIONS, DeepEmotion
from fer_lib.models.saved import beside, load
from fer_lib.rendered.portrait import render_face
from ferbook.kit.results import printed_matrix, recorded
from ferbook.ledger.arithmetic.deep_emotion import PRIVATE_TEST
from ferbook.show.diagrams import chain, draw_blocks

MATRIX = "deep_emotion.fer2013.confusion"

_MAIN = (
    ("face", "1 x 48 x 48", "black"),
    ("warp", "1 x 48 x 48", "vermilion"),
    ("conv 3x3\nReLU", "10 x 46 x 46", "blue"),
    ("conv 3x3\npool, ReLU", "10 x 22 x 22", "blue"),
    ("conv 3x3\nReLU", "10 x 20 x 20", "blue"),
    ("conv 3x3\npool, ReLU", "10 x 9 x 9", "blue"),
    ("dropout", "810", "sky"),
    ("FC, ReLU", "50", "green"),
    ("FC", "7 scores", "green"),
)
_LOCALISATION = (
    ("conv 7x7\npool, ReLU", "8 x 21 x 21", "orange"),
    ("conv 5x5\npool, ReLU", "10 x 8 x 8", "orange"),
    ("FC, ReLU", "32", "orange"),
    ("FC", r"$\theta$: 6 numbers", "orange"),
)


def draw_deep_emotion() -> Figure:
    """Deep-Emotion in its default reading, with the shape after each part."""
    main = chain(_MAIN, gap=1.25)
    where = chain(_LOCALISATION, x=0.4, y=1.9, gap=1.25)
    where = {f"where {name}": block for name, block in where.items()}
    arrows = [*pairwise(main), *pairwise(where)]
    arrows += [("0", "where 0"), ("where 3", "1", "where to look")]
    return draw_blocks(main | where, arrows)


def label_sets() -> tuple[dict[str, list[int]], list[str]]:
    """Test faces per class: the paper's matrix and two label sets."""
    title, counts, names = printed_matrix(MATRIX)
    return {title: counts.sum(1).tolist()} | dict(PRIVATE_TEST), names


def parameter_rows() -> list[dict]:
    """Flat size and parameters of each reading of the localisation network."""
    rows = []
    for name in LOCALISATIONS:
        warp = "features" if name == "on_features" else "input"
        network = build("deep_emotion", localisation=name, warp=warp)
        flat = network.localisation[-3].in_features
        parameters = f"{count_parameters(network):,}"
        rows.append({"localisation": name, "flat size": flat, "parameters": parameters})
    return rows


def window_rows(networks: dict[str, DeepEmotion], faces: np.ndarray) -> list[dict]:
    """How much the transformers of networks, by name, look around on some faces.

    The standard deviation of a window's corners over the faces is in pixels: zero
    means that every face gets the same window, the transformer has stopped to look.
    """
    rows = []
    for name, found in networks.items():
        x = found.input(faces)
        with torch.inference_mode():
            theta = found.theta(x)
        corners = sampling_window(theta, found.input.size)
        rows.append(
            {
                "network": name,
                "mean area (% of the face)": f"{100 * window_area(theta).mean():.0f}",
                "spread of the corners (pixels)": f"{corners.std(0).mean():.2f}",
                "faces": len(faces),
            }
        )
    return rows


def recorded_networks() -> dict[str, DeepEmotion]:
    """Networks trained on real data whose weights stand beside their record."""
    return {
        f"real FER2013, {record.protocol} labels": load(path)
        for record in recorded(
            "deep_emotion", preset="paper", recipe="paper", variant="default", seed=0
        )
        if (path := beside(record.path)).is_file()
    }


def smile_rows(network: DeepEmotion) -> list[dict]:
    """Does occlusion find the pixels that a smile moves? Rendered happy faces.

    The share of the score's positive drop that falls on pixels which the smile unit
    moves, beside their share of the picture: what a map without knowledge would have.
    """
    rows, happy = [], EXPRESSIONS.index("happy")
    for subject in range(6):
        face = render_face(subject, "happy", network.input.size, take=subject)
        moved = face.unit_map("mouthSmileLeft") | face.unit_map("mouthSmileRight")
        found = occlude(network, face.image[None, None], [happy], window=8, stride=2)
        drop, read = found.drops[0].clip(0), EXPRESSIONS[int(found.predicted[0])]
        inside = 100 * drop[moved].sum() / drop.sum() if drop.any() else float("nan")
        rows.append(
            {
                "face": subject + 1,
                "read as": read,
                "drop on moved pixels (%)": f"{inside:.0f}",
                "moved pixels (% of the picture)": f"{100 * moved.mean():.0f}",
            }
        )
    return rows
