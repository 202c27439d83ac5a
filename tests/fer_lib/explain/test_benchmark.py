"""The benchmark ranks what it must: the truth first, what is broken last."""

import doctest

import numpy as np
import pytest
import torch
from torch import nn

from fer_lib.explain import benchmark as module
from fer_lib.explain.benchmark import benchmark, maps_of, resized, scored
from fer_lib.explain.methods import METHODS
from fer_lib.explain.scoring.controls import BROKEN, broken
from fer_lib.explain.scoring.localisation import inside_auc, weighted_auc
from fer_lib.explain.scoring.rerendering import Effects, unit_effects, unit_order
from fer_lib.explain.scoring.rivals import FLOORS, constant, fitted_decoys
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing
from fer_lib.rendered.known import know
from fer_lib.rendered.moved_faces import moved_face

SIZE, COUNT = 48, 4
UNITS = ("mouthSmileLeft", "browDownRight", "eyeBlinkLeft", "noseSneerRight")
ASKED = UNITS[0]


class Reads(Network):
    """Class 1 by how much a face looks like a template ``[S, S]``; class 0 by 0."""

    NAME = "reads"

    def __init__(self, template):
        super().__init__()
        self.input = Preprocessing(size=SIZE, channels=1, mean=0.0, std=1.0)
        self.template = nn.Parameter(torch.as_tensor(template).float())
        self.maps = nn.Identity()

    def forward(self, x):
        read = 5 * self.maps(x * self.template).sum((1, 2, 3))
        return torch.stack([0 * read, read], 1)

    def cam_layers(self):
        return {"maps": self.maps}


@pytest.fixture(scope="module")
def faces():
    makers = [lambda k=k: moved_face(k, UNITS, SIZE, take=k) for k in range(COUNT)]
    return know(makers, np.ones(COUNT)).asked(ASKED, np.arange(COUNT))


@pytest.fixture(scope="module")
def network(faces):
    """It goes by what one side of a smile changes on average."""
    own = faces.unit == ASKED
    change = faces.images.astype(float) - faces.without[own]
    return Reads((change[:, 0] * (faces.shift > 0.5)).mean(0) / 255).eval()


def covering(network, images, targets):
    """Occlusion, either way: the template has both signs."""
    return np.abs(METHODS["occlusion"](network, images, targets))


GOOD = {k: METHODS[k] for k in ("saliency", "smooth_grad")} | {"covering": covering}


@pytest.fixture(scope="module")
def found(faces, network):
    asked = (("saliency", True), ("covering", False))
    return {
        k: benchmark(GOOD[k], network, faces, name=k, pixels=pixels)
        for k, pixels in asked
    }


def test_it_runs_as_its_docstring_says():
    told = doctest.testmod(module)
    assert told.attempted >= 5 and not told.failed


@pytest.mark.slow
def test_methods_lie_between_the_floors_and_the_ceiling(found):
    for name, one in found.items():
        assert set(one.rows) == {
            name, "truth", "fitted_blob", "mean_parts", *FLOORS
        }, name  # fmt: skip
        for score in ("unit_deletion", "relevance_rank@0.25", "weighted_auc"):
            order = one.ranking(score)
            for floor in ("noise", "constant", "edges", "fitted_blob"):
                assert order.index(name) < order.index(floor), (name, score, floor)
        assert one.means("truth")["relevance_rank@0.25"] == 1
        assert str(one).count("\n") == len(one.rows)


@pytest.mark.parametrize("how", [*BROKEN, "constant"])
def test_a_broken_method_is_last(faces, network, how):
    """Of all that look at the network, whatever way it is broken."""
    targets = faces.labels
    maps = {k: maps_of(m, network, faces, targets) for k, m in GOOD.items()}
    spoilt = maps["saliency"]
    spoilt = (
        constant(network, spoilt[:, None])
        if how == "constant"
        else broken(spoilt, how, pixels=SIZE // 3)
    )
    effects = unit_effects(network, faces, targets)
    asked = (network, faces, targets, effects)
    maps["broken"] = spoilt
    rows = {k: scored(m, *asked, pixels=False) for k, m in maps.items()}
    told = module.Benchmark(rows)
    for score in (*module.PRIMARY, "weighted_auc", "relevance_mass@0.25"):
        assert told.ranking(score)[-1] == "broken", score


def test_effects_are_differences_of_two_predictions(faces, network):
    effects = unit_effects(network, faces, faces.labels)
    with torch.no_grad():
        for k in (0, 5, len(faces.row) - 1):
            row = faces.row[k]
            pictures = (faces.images[row], faces.without[k])
            pictures += (faces.alone[k], faces.rest[row])
            unit = [network.input.to_unit(p[None]) for p in pictures]
            whole, less, alone, rest = (float(network(x)[0, 1]) for x in unit)
            assert effects.deletion[k] == pytest.approx(whole - less, abs=1e-4)
            assert effects.insertion[k] == pytest.approx(alone - rest, abs=1e-4)


def test_the_order_of_movements_by_hand(faces):
    one = faces.select(np.array([0]))
    worth = np.array([4.0, 3.0, 2.0, 1.0])
    own = (one.moved > 0.3) & ~(np.sort(one.moved, 0)[-2] > 0.3)
    maps = (worth[:, None, None] * own).sum(0)[None]
    mean = (maps * one.moved).sum((1, 2)) / one.moved.sum((1, 2), dtype=float)
    place = mean.argsort()
    rising = np.empty(4)
    rising[place] = [0.0, 1.0, 2.0, 5.0]
    assert unit_order(maps, one, rising) == [1.0]
    assert unit_order(maps, one, -rising) == [0.0]
    assert unit_order(np.ones_like(maps), one, rising) == pytest.approx([0.5])
    # Only the largest matters here; to put it second of four costs a third.
    large = np.zeros(4)
    large[place[2]] = 1.0
    assert unit_order(maps, one, large) == pytest.approx([2 / 3])
    assert np.isnan(unit_order(maps, one, np.ones(4)))


def test_the_weighted_auc_of_whole_weights_is_the_auc():
    rng = np.random.default_rng(0)
    maps = rng.integers(0, 5, (4, 6, 6)).astype(float)
    truth = rng.random((4, 6, 6)) < 0.3
    np.testing.assert_allclose(weighted_auc(maps, truth), inside_auc(maps, truth))
    weights = rng.random((1, 3, 3))
    slow, whole = 0.0, 0.0
    inside = (weights / weights.max()).ravel()
    for a, x in zip(inside, maps[0, :3, :3].ravel(), strict=True):
        for b, y in zip(inside, maps[0, :3, :3].ravel(), strict=True):
            slow += a * (1 - b) * ((x > y) + (x == y) / 2)
            whole += a * (1 - b)
    np.testing.assert_allclose(weighted_auc(maps[:1, :3, :3], weights), slow / whole)
    assert np.isnan(weighted_auc(maps[:1], np.ones((1, 6, 6))))


def test_decoys_that_know_faces_lie_on_them(faces, network):
    told = fitted_decoys(faces.landmarks, SIZE)
    maps = {k: m(network, faces.images) for k, m in told.items()}
    columns, rows = faces.landmarks[0, 17:68].round().astype(int).T
    for name, one in maps.items():
        assert one.shape == (COUNT, SIZE, SIZE) and (one == one[0]).all(), name
        assert one[0, rows, columns].mean() > 2 * one[0].mean(), name
    peak = np.array(np.unravel_index(maps["fitted_blob"][0].argmax(), (SIZE, SIZE)))
    centre = faces.landmarks.mean((0, 1))[::-1]
    np.testing.assert_allclose(peak, centre, atol=1)
    assert maps["mean_parts"][0, [0, -1], [0, 0]].max() < 0.1, "corners are no part"


def test_maps_of_another_size_and_methods_with_landmarks(faces, network):
    def small(network, images, targets):
        return np.ones((len(images), 12, 12))

    assert maps_of(small, network, faces, faces.labels).shape == (COUNT, 12, 12)
    large = resized(np.eye(12)[None], SIZE)
    assert large.shape == (1, SIZE, SIZE) and large[0].trace() > 0.5 * SIZE
    maps = maps_of(METHODS["shapley_parts"], network, faces, faces.labels)
    assert np.isfinite(maps).all() and np.ptp(maps) > 0
    effects = Effects(*np.zeros((2, len(faces.row))))
    asked = (network, faces, faces.labels, effects)
    told = scored(np.ones((COUNT, 12, 12)), *asked, pixels=False)
    assert np.isnan(told["unit_deletion"]).all(), "no movement changes the score"
