"""The part ensemble's chapter, on planted answers and turning heads."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.landmarks import LandmarkDrift, landmark_errors
from fer_lib.models.network import Network
from fer_lib.models.part_ensemble import EnsembleOutput
from fer_lib.models.part_network import PARTS
from fer_lib.preprocessing import Preprocessing
from ferbook.chapters.part_ensemble import tables
from ferbook.chapters.part_ensemble.yaw_sweep import YawSweep, _holds, yaw_sweep

NAMES = ("eyebrows", "eyes", "nose", "mouth", "jaw")


def column(table, name: str) -> dict[str, str]:
    """A column of a table, by the first cell of the rows."""
    place = next(k for k, title in enumerate(table.header) if title.startswith(name))
    return {row[0]: row[place] for row in table.rows}


def test_printed_sums_show_whose_the_gains_are():
    box = tables.printed_box()
    above_mouth = column(box, "Above the mouth")
    assert above_mouth["SFEW"] == "+2.76 points"
    assert list(above_mouth.values()).count("+2.76 points") == 1
    assert column(box, "Above the mean")["SFEW"] == "+4.27 points"
    best = column(box, "Alone")
    assert best["CK+"].startswith("mouth 95.16, eyes 93.96, eyebrows 93.29, jaw 93.28")
    assert best["JAFFE"].split(", ")[1] == "eyebrows 91.43"


@pytest.mark.parametrize("side", [7, 8, 12])
def test_pooling_windows_by_hand(side):
    """Keras pads even sides at the end only, odd ones and torch at both."""
    rows = {row[0]: row[1:] for row in tables.pooling_box(side).rows}
    for pooling, first in (("keras", -(side % 2)), ("symmetric", -1)):
        windows = [
            range(first + 2 * k, first + 2 * k + 3) for k in range(-(-side // 2))
        ]
        seen = [[p for p in window if 0 <= p < side] for window in windows]
        assert rows[pooling] == tuple(f"{w[0]}–{w[-1]}" for w in seen)


class Planted(Network):
    """Five members that read their scores from the first pixels of a face."""

    members = NAMES

    def __init__(self):
        super().__init__()
        self.input = Preprocessing(8, 1, mean=0.0, std=1.0)
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        branches = 9 * x[:, 0, :5, :3]  # [B, 5, 3 classes]
        return EnsembleOutput(branches.mean(1), branches)


@pytest.fixture
def planted_run():
    """12 faces of three classes; member k is wrong on the first k of them."""
    labels = np.arange(12) % 3
    images = np.zeros((12, 1, 8, 8), np.uint8)
    for face, label in enumerate(labels):
        for member in range(5):
            said = (label + 1) % 3 if face < member else label
            images[face, 0, member, said] = 255
    names = np.array(["PrivateTest"] * 12)
    faces = FaceSet("drawn", images, labels, names, "drawn", rendered=True)
    splits = SimpleNamespace(test=faces, train=faces, classes=("a", "b", "c"))
    confusion = [[2, 1, 1], [3, 1, 0], [2, 0, 2]]
    results = {"selected": {"PrivateTest": {"single": {"confusion": confusion}}}}
    return SimpleNamespace(network=Planted(), splits=splits, results=lambda: results)


def test_accuracies_of_planted_members(planted_run):
    found = tables.accuracies(planted_run)
    for k, name in enumerate(NAMES):
        assert found[name] == ((12 - k) / 12, *wilson_interval(12 - k, 12))
    # On the first face four of five are wrong alike, on the second three.
    assert found["ensemble"][0] == 10 / 12
    panels = tables.accuracy_panels(planted_run, [])
    assert [*panels][-1] == "this network,\nrendered faces"
    assert panels["paper, CK+"]["mouth"] == (0.9516, 0.9516, 0.9516)


def drift_of(before: dict, after: dict, faces: int = 20) -> LandmarkDrift:
    """Points of each part that are off by given shares, in x alone."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.2, 0.8, (faces, 68, 2))
    noise = rng.normal(0, 1e-4, faces)[:, None]

    def moved(shares: dict) -> tuple[np.ndarray, ...]:
        own = [truth[:, slice(*PARTS[name])].copy() for name in NAMES]
        for points, name in zip(own, NAMES, strict=True):
            points[..., 0] += 2 * shares[name] + noise
        return tuple(own)

    first, then = moved(before), moved(after)
    errors = [landmark_errors(points, NAMES, truth) for points in (first, then)]
    return LandmarkDrift(NAMES, NAMES, truth, first, then, *errors)


def test_drift_box_tells_rise_and_fall():
    before = dict.fromkeys(NAMES, 0.02)
    drift = drift_of(before, before | {"mouth": 0.01, "nose": 0.05})
    exact = tables.errors_of(drift.truth, drift)
    box = tables.drift_box(drift, {"Truth": exact})
    says = column(box, "It")
    assert says["mouth"] == "falls" and says["nose"] == "rises"
    assert says["jaw"] == "undecided"  # the same points
    assert set(column(box, "Truth").values()) == {"0.00"}
    # Half of the coordinates are off, by twice the share.
    assert column(box, "Before")["mouth"] == "2.00"
    assert column(box, "After")["mouth"] == "1.00"
    assert column(box, "Paper, SFEW")["mouth"] == "falls"


@pytest.fixture(scope="module")
def sweep():
    return yaw_sweep((0, 45, 90), subjects=3, size=160)


def test_frontal_faces_are_found_and_fitted(sweep):
    assert sweep.missed[0] == 0
    for box in ("crop", "detector"):
        assert max(e[0] for e in sweep.part_errors(box).values()) < 0.1
    assert sweep.part_errors()["eyes"][0] < 0.04


def test_profiles_are_missed_and_misfitted(sweep):
    assert sweep.missed[2] == 1
    assert all(np.isnan(e[2]) for e in sweep.part_errors("detector").values())
    assert min(e[2] for e in sweep.part_errors().values()) > 0.2
    # The face looks to the image's right: that cheek is hidden.
    assert sweep.visible[2][:, :8].mean() > sweep.visible[2][:, 9:17].mean() + 0.5


def test_errors_are_distances_by_the_frontal_scale():
    truth = np.zeros((1, 2, 68, 2), np.float32)
    fitted = truth + np.array([3, 4])
    fitted[0, 1] = np.nan
    made = YawSweep(
        np.zeros(1), np.zeros((1, 2, 4, 4), np.uint8), truth,
        np.ones((1, 2, 68), bool), np.array([10, 20]), np.array([[True, False]]),
        {"crop": truth + np.array([0, 2]), "detector": fitted},
    )  # fmt: skip
    np.testing.assert_allclose(made.errors()[0, :, 0], [0.2, 0.1])
    assert made.part_errors()["nose"] == pytest.approx([0.15])
    assert made.part_errors("detector")["nose"] == pytest.approx([0.5])
    assert made.missed == [0.5]
    with pytest.raises(FerError, match="box is 'whole', expected crop or detector"):
        made.errors("whole")


def test_a_box_elsewhere_is_no_detection():
    points = np.random.default_rng(0).uniform(40, 60, (68, 2))
    assert _holds((30, 30, 70, 70), points)
    assert not _holds((0, 0, 30, 30), points)


@pytest.mark.parametrize(
    "options, told",
    [
        ({"angles": ()}, "angles are"),
        ({"angles": (0, 120)}, r"angles are \(0, 120\), expected some of -90 to 90"),
        ({"subjects": 0}, "0 subjects at 200 pixels"),
        ({"size": 50}, "50 pixels"),
    ],
)
def test_arguments_out_of_range_are_refused(options, told):
    with pytest.raises(FerError, match=told):
        yaw_sweep(**options)
