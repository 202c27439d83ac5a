"""Landmarks before and after tuning: planted points, errors by hand."""

import numpy as np
import pytest
import torch
from known_networks import left_as_found, some_faces

from fer_lib.data.faceset import FaceSet
from fer_lib.data.fitted_landmarks import landmarks_seen
from fer_lib.errors import FerError
from fer_lib.explain.landmarks import landmark_drift, landmark_errors
from fer_lib.landmarks import normalised_error
from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.part_network import PARTS, landmark_targets

SIZE = 48  # of the network's faces; the set's are larger


def face_set(count=4, size=60, same=False, **changes):
    rng = np.random.default_rng(0)
    points = rng.uniform(5, size - 5, (count, 68, 2)).astype(np.float32)
    points = points[:1].repeat(count, 0) if same else points
    columns = {
        "images": some_faces(count, size),
        "labels": np.zeros(count, np.int64),
        "splits": np.array(["Test"] * count),
        "landmarks": points,
    }
    return FaceSet("drawn", provenance="drawn", **columns | changes)


def ensemble(kind="parts"):
    torch.manual_seed(0)
    return PartEnsemble(input_size=SIZE, width=2, kind=kind, keep_localisers=True)


def answering(network, faces, shift):
    """Localisers that always say the first face's points, plus a shift."""
    points = landmarks_seen(faces, SIZE)[:1] + torch.tensor(shift)
    with torch.no_grad():
        for localiser in network.originals:
            last = localiser.head[-1]
            last.weight.zero_()
            last.bias.copy_(landmark_targets(points, localiser.part, SIZE)[0])
    return network


@pytest.mark.parametrize("kind", ["parts", "full_transfer"])
def test_a_known_shift(kind):
    """Three pixels right and four down, of 48: 3.5 on average, 5 in all."""
    faces = face_set(same=True)
    network = answering(ensemble(kind), faces, (3.0, 4.0))
    found = landmark_drift(network, faces)
    assert found.names == network.members and found.parts == network.parts
    for points, part in zip(found.before, found.parts, strict=True):
        off = points - found.truth[:, slice(*PARTS[part])]
        np.testing.assert_allclose(off, np.array([3, 4]) / SIZE + 0 * off, rtol=1e-3)
    eyes = np.linalg.norm(found.truth[0, 45] - found.truth[0, 36])
    errors = found.errors_before
    np.testing.assert_allclose(errors.absolute, 3.5 / SIZE, rtol=1e-4)
    np.testing.assert_allclose(errors.normalised, 5 / SIZE / eyes, rtol=1e-4)


def test_the_extractor_makes_the_difference():
    faces, network = face_set(), ensemble()
    network.start_from(network.originals)
    same = landmark_drift(network, faces)
    with torch.no_grad():
        network.sub_networks[3].extractor.blocks[0][0].weight.mul_(-3)
    with left_as_found(network):
        found = landmark_drift(network, faces)
    for i, name in enumerate(found.names):
        assert np.array_equal(same.before[i], same.after[i])
        assert np.array_equal(found.before[i], same.before[i])
        moved = not np.allclose(found.after[i], same.after[i])
        assert moved == (name == "mouth")


def test_normalised_as_300_w():
    rng = np.random.default_rng(1)
    truth, points = rng.uniform(size=(2, 3, 68, 2))
    found = landmark_errors([points, points[:, 48:]], ["full", "mouth"], truth)
    each = normalised_error(points, truth)
    np.testing.assert_allclose(found.normalised[:, 0], each.mean(1))
    np.testing.assert_allclose(found.normalised[:, 1], each[:, 48:].mean(1))
    truth[1, 45] = truth[1, 36]
    told = landmark_errors([points], ["full"], truth)
    assert np.isnan(told.normalised[:, 0]).tolist() == [False, True, False]
    assert np.isfinite(told.absolute).all()


def test_refusals():
    network = ensemble()
    with pytest.raises(FerError, match="drawn: has no landmarks"):
        landmark_drift(network, face_set(landmarks=None))
    with pytest.raises(FerError, match="not the Baseline"):
        landmark_drift(ensemble("baseline"), face_set())
