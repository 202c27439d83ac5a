"""Whole analyses of small networks: counts, controls, and what stays the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_faces import noise
from known_networks import left_as_found, smoke

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.inference import predict
from fer_lib.models import NETWORKS
from ferbook.analysis import maps, own, work
from ferbook.analysis.work import analysed

NAMES = [name for name in NETWORKS if name != "comparison"]
COUNT = 21


@pytest.fixture(scope="module")
def faces():
    rng = np.random.default_rng(0)
    return FaceSet(
        "noise",
        noise(COUNT, 48),
        np.arange(COUNT) % 7,
        np.full(COUNT, "PrivateTest"),
        "Noise.",
        rendered=True,
        landmarks=rng.uniform(4, 44, (COUNT, 68, 2)).astype(np.float32),
    )


@pytest.mark.parametrize("name", NAMES)
def test_numbers_of_any_network_fit_together(name, faces, monkeypatch):
    monkeypatch.setattr(work, "GFLOPS", 0)  # the fewest squares
    network = smoke(name).eval()
    said = predict(network, faces.images).argmax(1)
    with left_as_found(network):
        found = analysed(network, faces, 14)
    told = found.content["accuracy"]
    assert told["split"]["n"] == COUNT and told["faces"]["n"] == 14
    assert told["split"]["accuracy"] == (said == faces.labels).mean()
    assert [one["n"] for one in told["classes"]] == [2] * 7
    right = round(14 * told["faces"]["accuracy"])
    assert found.maps["occlusion.drops"].n.sum() == right
    shown = found.maps["grad_cam.right"].n, found.maps["grad_cam.wrong"].n
    assert (shown[0] + shown[1] <= 2).all() and shown[0].sum() <= right
    for one in found.numbers.values():
        groups = one.means.n
        assert groups[-1] == groups[:-1].sum() and len(groups) == 8
        assert one.means.mean.shape[1:] == ((len(one.columns),) if one.columns else ())
    less = found.numbers["heat.less_other_face"].means.mean[-1]
    ends = (found.numbers[f"heat.{k}"].means for k in ("right", "other_face"))
    whole, other = ends
    if whole.n[-1] and whole.n[-1] == other.n[-1]:
        np.testing.assert_allclose(less, whole.mean[-1] - other.mean[-1], atol=1e-6)


def test_neither_the_batch_nor_a_seed_counts(faces, monkeypatch):
    network = smoke("diversified_manet").eval()
    first = analysed(network, faces, 14)
    monkeypatch.setattr(own, "BATCH", 5)
    monkeypatch.setattr(maps.cams, "__defaults__", (5,))
    monkeypatch.setattr(maps.covered, "__defaults__", (3,))
    torch.manual_seed(99)
    state = torch.get_rng_state()
    second = analysed(network, faces, 14)
    assert torch.equal(state, torch.get_rng_state())
    for name, one in first.numbers.items():
        other = second.numbers[name]
        np.testing.assert_allclose(one.means.mean, other.means.mean, atol=1e-3)
    for name, one in first.maps.items():
        np.testing.assert_allclose(one.mean, second.maps[name].mean, atol=2e-3)


def test_a_large_network_covers_fewer_faces(faces, monkeypatch):
    network = smoke("deep_emotion").eval()
    labels, right = np.repeat([0, 1], 50), np.arange(100) % 2 == 0
    cost = work.cost(network).gflops * work.WINDOWS * 7
    rows = work._covered_rows(network, labels, right)
    assert rows.tolist() == np.flatnonzero(right).tolist()
    monkeypatch.setattr(work, "GFLOPS", 22 * cost)
    rows = work._covered_rows(network, labels, right)
    assert np.bincount(labels[rows]).tolist() == [22, 22] and right[rows].all()
    monkeypatch.setattr(work, "GFLOPS", 3 * cost)
    rows = work._covered_rows(network, labels, right)
    assert np.bincount(labels[rows]).tolist() == [20, 20]


def test_the_control_is_another_network_of_the_same_shape():
    network = smoke("ramn", width=5).eval()
    with torch.no_grad():
        network.backbone.features[0].weight.mul_(2)  # it has learned
    first, second = work._untrained_like(network), work._untrained_like(network)
    assert first.options == network.options and not first.training
    pairs = zip(*(one.state_dict().values() for one in (first, second)), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    weights = network.backbone.features[0].weight
    assert not torch.equal(weights, first.backbone.features[0].weight)


def test_a_network_that_reads_nothing_has_no_map_under_squares(faces):
    network = smoke("deep_emotion").eval()
    said = predict(network, faces.images).argmax(1)
    found = analysed(network, replace(faces, labels=(said + 1) % 7), COUNT)
    assert found.content["accuracy"]["faces"]["accuracy"] == 0 and not found.reads
    assert found.maps["occlusion.drops"].n.sum() == 0
    assert found.maps["grad_cam.wrong"].n.sum() > 0


def test_wrongly_read_faces_stand_apart(faces):
    """Labels that the network's own answers are: nothing is wrong."""
    network = smoke("deep_emotion").eval()
    said = predict(network, faces.images).argmax(1)
    found = analysed(network, replace(faces, labels=said), COUNT)
    assert found.content["accuracy"]["faces"]["accuracy"] == 1
    assert found.maps["grad_cam.wrong"].n.sum() == 0
    assert found.numbers["heat.wrong"].means.n.sum() == 0
    np.testing.assert_array_less(found.maps["occlusion.misled"].mean[said[0]], 1.001)
