"""What the part ensemble's chapter counts of landmarks and of heat."""

from collections.abc import Iterable, Mapping

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.explain.landmarks import Errors, LandmarkDrift, landmark_errors
from fer_lib.models.part_network import PARTS
from ferbook.chapters.part_ensemble.counts import ORDER
from ferbook.kit.results import record_name
from ferbook.ledger.statistics import Difference, measured_difference
from ferbook.runs.records import Record
from ferbook.show.tables import Sentence, Table

# Section V-B: what fine-tuning does to the error of the landmarks, on SFEW.
DRIFT = {
    "mouth": "falls",
    "eyes": "falls",
    "eyebrows": "rises slightly",
    "jaw": "nearly the same",
    "nose": "rises more",
}
SIGNS = {1: "rises", -1: "falls", 0: "undecided"}


def face_shares(faces: FaceSet) -> np.ndarray:
    """Landmarks ``float64 [N, 68, 2]`` as shares of the face's sides."""
    height, width = faces.images.shape[2:]
    # Centres of pixels stand at whole numbers.
    return (faces.landmarks.astype(np.float64) + 0.5) / [width, height]


def errors_of(points: np.ndarray, drift: LandmarkDrift) -> Errors:
    """Errors, by member, of points that others have placed.

    Args:
        points: ``[N, 68, 2]`` as shares of the face, or ``[1, 68, 2]``, the
            same for all.
        drift: of the N faces; its truth is compared with.
    """
    points = np.broadcast_to(points, drift.truth.shape)
    own = [points[:, slice(*PARTS[part])] for part in drift.parts]
    return landmark_errors(own, drift.parts, drift.truth)


def drift_box(drift: LandmarkDrift, others: Mapping[str, Errors]) -> Table:
    """Equation (1) of every member before and after fine-tuning.

    Args:
        drift: of some faces.
        others: whose errors to show beside it, by their name.
    """
    before, after = (e.absolute for e in (drift.errors_before, drift.errors_after))
    columns = [*(one.absolute for one in others.values()), before, after]
    rows = []
    for i, name in enumerate(drift.names):
        means = [f"{100 * column[:, i].mean():.2f}" for column in columns]
        change = measured_difference(after[:, i], before[:, i])
        said = DRIFT.get(name, "not told")
        rows.append((name, *means, _range(change, 100), SIGNS[change.sign()], said))
    header = ("Part", *others, "Before tuning", "After tuning", "Change, 95 %")
    header += ("It", "Paper, SFEW")
    note = "Mean error of a coordinate, equation (1), in per cent of the face's side."
    caption = f"Landmarks of {len(drift.truth)} test faces"
    return Table(caption, header, tuple(rows), note)


def recorded_drift_box(records: Iterable[Record]) -> Table | Sentence:
    """What fine-tuning did to the landmarks in recorded runs."""
    rows = []
    for record in records:
        found = {n: _measured(record, f"landmark_rise.{n}") for n in ORDER}
        if all(rise is not None for rise in found.values()):
            changes = [measured_difference(r, 0 * r) for r in found.values()]
            told = [f"{SIGNS[c.sign()]}\n {_range(c, 100)}" for c in changes]
            rows.append((record_name(record), *told))
    header = ("Run", *(f"{name}\n paper: {DRIFT[name]}" for name in ORDER))
    note = "Change of equation (1), points of the face's side, 95 % interval."
    caption = "Fine-tuning and landmarks in recorded runs"
    return Table(caption, header, tuple(rows), note) if rows else _none(caption)


def heat_box(measured: Mapping[str, Mapping[str, np.ndarray]]) -> Table | Sentence:
    """Where Grad-CAM's heat lies; 1 is a map that is the same everywhere.

    Args:
        measured: what :func:`~ferbook.papers.part_heat.heat` gives, by the
            name of the network.
    """
    rows = []
    for name, found in measured.items():
        if "heat.parts" not in found:  # recorded before it was measured
            continue
        union = found["heat.parts"]
        told = [f"{union.mean():.2f}", "", "", ""]
        if "heat.own_part" in found:
            own, rest = found["heat.own_part"], found["heat.elsewhere"]
            gap = measured_difference(own, rest)
            told[1:] = [f"{own.mean():.2f}", f"{rest.mean():.2f}", _range(gap)]
        rows.append((name, *told, f"{len(union):,}"))
    header = ("Network", "Union, near any landmark", "Sub-networks, own part")
    header += ("Sub-networks, elsewhere", "Own less elsewhere, 95 %", "n")
    caption = "Mean heat of a pixel"
    return Table(caption, header, tuple(rows)) if rows else _none(caption)


def recorded_heat(record: Record) -> dict[str, np.ndarray]:
    """The heat that a recorded run measured, by name."""
    names = ("heat.parts", "heat.own_part", "heat.elsewhere")
    found = {name: _measured(record, name) for name in names}
    return {name: values for name, values in found.items() if values is not None}


def _measured(record: Record, name: str) -> np.ndarray | None:
    return record.predictions.get(f"PrivateTest/measures/{name}")


def _range(change: Difference, unit: float = 1) -> str:
    mean, low, high = (unit * x for x in (change.mean, change.low, change.high))
    return f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"


def _none(caption: str) -> Sentence:
    return Sentence(f"{caption}: no run has measured it yet.")
