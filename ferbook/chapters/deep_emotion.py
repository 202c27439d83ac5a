"""What the Deep-Emotion chapter alone computes and draws."""

import numpy as np
import torch

from fer_lib.explain.attention import sampling_window, window_area
from fer_lib.explain.occlusion import occlude
from fer_lib.expressions import EXPRESSIONS
from fer_lib.models import build, count_parameters
from fer_lib.models.deep_emotion import LOCALISATIONS, DeepEmotion
from fer_lib.models.saved import beside, load
from fer_lib.rendered.portrait import render_face
from ferbook.kit.results import printed_matrix, recorded
from ferbook.ledger.arithmetic.deep_emotion import PRIVATE_TEST
from ferbook.ledger.ledger import Ledger, open_ledger
from ferbook.show import phrases
from ferbook.show.tables import Sentence, Table, cell, table

ACCURACY = "deep_emotion.fer2013.accuracy"
MATRIX = "deep_emotion.fer2013.confusion"
_FIXED = 1.0  # pixels; a window whose corners spread by less is called fixed


def label_sets() -> tuple[dict[str, list[int]], list[str]]:
    """Test faces per class: the paper's matrix and two label sets."""
    title, counts, names = printed_matrix(MATRIX)
    return {title: counts.sum(1).tolist()} | dict(PRIVATE_TEST), names


def label_answers(ledger: Ledger | None = None) -> Table:
    """The accuracy that the paper prints for FER2013, by the labels of our runs."""
    judgement = (ledger or open_ledger()).judgement(ACCURACY)
    claim = judgement.claim
    return table(
        f"Accuracy on FER2013; printed: {phrases.paper_value(claim)}",
        judgement.readings,
        {
            "Labels": lambda one: phrases.protocol_name(one.answer.protocol),
            "Ours": lambda one: cell(
                phrases.our_figure(claim, one), phrases.our_interval(claim, one)
            ),
            "Epochs": lambda one: f"{len(one.records[0].curve):,}",
            "By the rules": lambda one: str(one.outcome or "no verdict"),
        },
        note="A verdict takes several seeds and the paper's number of epochs.",
    )


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


def told_windows(rows: list[dict]) -> Sentence:
    """Which of :func:`window_rows`' networks look at one window for every face."""
    told = []
    for row in rows:
        spread = float(row["spread of the corners (pixels)"])
        says = "one fixed window" if spread < _FIXED else "a window that moves"
        told.append(f"{row['network']}: {says} ({spread:.1f} pixels)")
    return Sentence(
        f"What the transformers have learned, by how far corners spread over the faces "
        f"(below {_FIXED:.0f} pixel: fixed): {'; '.join(told)}."
    )


def told_smiles(rows: list[dict]) -> Sentence:
    """For how many faces of :func:`smile_rows` the map finds some of the smile."""
    drops = [float(row["drop on moved pixels (%)"]) for row in rows]
    areas = [float(row["moved pixels (% of the picture)"]) for row in rows]
    more = sum(drop > area for drop, area in zip(drops, areas, strict=True))
    return Sentence(
        f"For {more} of {len(rows)} faces the map holds more of the smile than its "
        f"area would: {np.nanmean(drops):.0f} % of the drop, on average, on "
        f"{np.mean(areas):.0f} % of the picture."
    )


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
