"""What networks say of one face, and how steadily they say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from fer_lib.expressions import EXPRESSIONS
from fer_lib.models.saved import beside, committed, read_network
from fer_lib.rendered.conditions import WILD
from fer_lib.rendered.portrait import render_face
from ferbook.chapters.your_face.photograph import SIDE, Found, View, seen
from ferbook.kit import networks as finished
from ferbook.kit.results import recorded
from ferbook.papers import Restored, restore
from ferbook.runs.records import Record
from ferbook.show.figures import percent
from ferbook.show.tables import Table

Networks = Mapping[str, Restored]
# Straight on, then small movements of the frame, a tighter one, the mirror.
NUDGES = tuple(
    View(crop=crop, right=right, down=down, mirror=mirror)
    for mirror, crop, right, down in product(
        (False, True), (1.0, 0.9), (0.0, -0.04, 0.04), (0.0, -0.04, 0.04)
    )
)
_STRANGERS = 12  # seed of rendered people whom no network has met
_ON = {"rendered": "", "fer2013": ", FER2013"}


def chosen_networks(dataset: str = "rendered", weights: str = "") -> Networks:
    """Finished networks by name.

    Args:
        dataset: ``"rendered"`` for those that come with the book, learned
            from rendered faces, and those of recorded runs on photographs;
            ``"fer2013"`` for the latter alone.
        weights: file of one network to take in their place.

    Raises:
        FerError: when there is none, or one cannot be read.
    """
    if weights:
        return {"yours": restore(weights)}
    found = {}
    for one in dict.fromkeys((dataset, "fer2013")):
        for name, network in finished.networks(one).items():
            found[name.partition(",")[0] + _ON[one]] = network
    if not found:
        raise FerError(
            f"No network that learned from {dataset} is kept with its record; name "
            "the file of one in `weights`."
        )
    return found


def probabilities(one: Restored, faces: np.ndarray) -> np.ndarray:
    """Shares of the classes ``float [N, C]`` for faces ``uint8 [N, 1, S, S]``."""
    scores = predict(one.network, faces, one.preprocessing, batch_size=64)
    return torch.as_tensor(scores).softmax(1).numpy()


def side_for(networks: Networks) -> int:
    """Side of the faces to show them: that of what they learned from."""
    sides = [one.preprocessing.size for one in networks.values()]
    # Inputs of 64 pixels are enlarged faces of 48.
    return SIDE if max(sides) <= 64 else max(sides)


def record_of(name: str) -> Record | None:
    """The record of a network of :func:`chosen_networks`, where it has one."""
    paper, _, real = name.partition(", ")
    if real:
        runs = recorded(paper, "fer2013", variant="default")
        return next((run for run in runs if beside(run.path).is_file()), None)
    if not committed(paper).is_file():
        return None
    command = read_network(committed(paper))[1].get("command")
    return next((r for r in recorded(paper, "rendered") if r.command == command), None)


def home_table(networks: Networks) -> Table:
    """How often each network is right at home, on faces that it was made for."""
    records = {name: record_of(name) for name in networks}
    rows = tuple(
        (
            name,
            "rendered faces" if one.rendered else "photographs",
            percent(records[name].metrics()) if records[name] else "no record",
        )
        for name, one in networks.items()
    )
    header = ("Network", "Learned from", "Right on test faces of that kind")
    return Table("At home: recorded runs, 95 % interval", header, rows)


def strangers(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rendered faces of people whom no network has met.

    Args:
        count: of faces; expressions take turns.

    Returns:
        ``uint8 [N, 96, 96]`` and labels ``int64 [N]``.
    """
    labels = np.arange(count) % 7
    drawn = [
        render_face(k, EXPRESSIONS[label], 2 * SIDE, _STRANGERS, k, WILD).image
        for k, label in enumerate(labels)
    ]
    return np.stack(drawn), labels


@dataclass(frozen=True, eq=False)
class Steadiness:
    """What small movements of the frame do to a network's answer.

    Attributes:
        label: its answer straight on.
        shares: probability of that answer in every nudge, ``[V]``.
        kept: share of the nudges under which the answer stays.
        at_home: the same of rendered faces, ``[N]``.
    """

    label: str
    shares: np.ndarray
    kept: float
    at_home: np.ndarray


def steadiness(
    networks: Networks, found: Found, others: np.ndarray
) -> dict[str, Steadiness]:
    """Nudge a face and rendered ones alike.

    Args:
        networks: by name.
        found: the face.
        others: rendered faces ``uint8 [N, S, S]``.
    """
    side = side_for(networks)
    small = side / others.shape[-1]
    whole = np.array([[small, 0, small / 2 - 0.5], [0, small, small / 2 - 0.5]])
    mine = found.see(NUDGES, side)
    home = np.concatenate([seen(face, whole, NUDGES, side) for face in others])
    told = {}
    for name, one in networks.items():
        shares = probabilities(one, mine)
        label = int(shares[0].argmax())
        said = probabilities(one, home).argmax(1).reshape(len(others), -1)
        told[name] = Steadiness(
            one.classes[label],
            shares[:, label],
            float((shares.argmax(1) == label).mean()),
            (said == said[:, :1]).mean(1),
        )
    return told


def steadiness_table(told: Mapping[str, Steadiness]) -> Table:
    """How steady the answers are, here and on rendered faces."""
    rows = []
    for name, one in told.items():
        low, high = np.percentile(100 * one.shares, [5, 95])
        mean, n = 100 * one.at_home.mean(), len(one.at_home)
        half = 196 * one.at_home.std(ddof=1) / np.sqrt(n)
        spread = f"{max(mean - half, 0):.0f}–{min(mean + half, 100):.0f}"
        rows.append(
            (
                name,
                one.label,
                f"{low:.0f} to {high:.0f} %",
                f"{100 * one.kept:.0f} %",
                f"{mean:.0f} % ({spread}), n = {n}",
            )
        )
    header = ("Network", "Says", "Probability", "Answer stays", "On rendered faces")
    note = (
        "Probability of the answer, from the 5th to the 95th percentile of the nudges; "
        "share of the nudges under which it stays. Last column: mean over rendered "
        "strangers, 95 % interval (normal) over faces."
    )
    caption = f"{len(NUDGES)} small movements of the frame"
    return Table(caption, header, tuple(rows), note)
