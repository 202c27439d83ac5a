"""Small maps of many faces, heat near parts, and how alike maps are."""

import numpy as np
import pytest
from known_networks import smoke, some_faces
from tqdm import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.explain.grad_cam import class_maps
from fer_lib.explain.occlusion import occlude, window_starts
from fer_lib.landmarks import FIVE_PARTS
from ferbook.analysis.maps import (
    CELLS,
    SIDE,
    WINDOW,
    alike,
    between,
    cams,
    covered,
    scaled,
    smaller,
)
from ferbook.papers.part_measures import NEAR

COUNT = 10
TRUSTED = np.arange(COUNT) % 3 > 0  # 1, 2, 4, 5, 7, 8


@pytest.fixture
def bar():
    with tqdm(disable=True) as one:
        yield one


@pytest.fixture(scope="module")
def faces():
    rng = np.random.default_rng(0)
    return FaceSet(
        "noise",
        some_faces(COUNT),
        np.arange(COUNT) % 7,
        np.full(COUNT, "Test"),
        "Noise.",
        landmarks=rng.uniform(4, 44, (COUNT, 68, 2)).astype(np.float32),
    )


def test_smaller_maps_are_means_of_blocks():
    maps = np.random.default_rng(0).random((3, 2, 12, 12))
    found = smaller(maps, 4)
    for row, column in np.ndindex(4, 4):
        block = maps[..., 3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
        np.testing.assert_allclose(found[..., row, column], block.mean((-1, -2)))


def test_a_scaled_map_has_a_mean_of_one():
    maps = np.random.default_rng(0).random((2, 5, 5))
    maps[1] = 0
    found = scaled(maps)
    assert found[0].mean() == pytest.approx(1) and np.isnan(found[1]).all()


@pytest.mark.parametrize("name", ["deep_emotion", "diversified_manet"])
def test_cams_are_those_of_the_library(name, faces, bar):
    network = smoke(name).eval()
    found = cams(network, faces, TRUSTED, bar)
    told = class_maps(network, faces.images, faces.labels)
    united = scaled(smaller(told.united, SIDE))
    np.testing.assert_allclose(found.united, united, rtol=1e-4, atol=1e-5)
    assert found.learners.shape == (COUNT, len(told.names), SIDE, SIDE)
    assert found.names == told.names
    few = cams(network, faces, TRUSTED, bar, batch=3)
    for one, other in zip(found[1:], few[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_heat_is_counted_near_own_and_others_landmarks(faces, bar):
    network = smoke("deep_emotion").eval()
    found = cams(network, faces, TRUSTED, bar)
    maps = class_maps(network, faces.images, faces.labels).united
    assert np.isnan(found.heat[~TRUSTED]).all() and np.isfinite(found.heat[1]).all()
    for face, other in ((1, 8), (4, 2)):  # the trusted one before it
        for column, (start, end) in enumerate(FIVE_PARTS.values()):
            for values, whose in ((found.heat, face), (found.other, other)):
                near = np.zeros((48, 48), bool)
                for x, y in faces.landmarks[whose, start:end]:
                    for row, at in np.ndindex(48, 48):
                        near[row, at] |= (row - y) ** 2 + (at - x) ** 2 <= (
                            NEAR * 48
                        ) ** 2
                wanted = maps[face][near].mean() / maps[face].mean()
                assert values[face, column] == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("size", [48, 64, 80, 96, 112, 224])
def test_seven_by_seven_squares_cover_a_face(size):
    window = round(WINDOW * size)
    assert len(window_starts(size, window, window // 2)) == CELLS - 1


def test_squares_are_those_of_the_library(faces, bar):
    network, faces = smoke("deep_emotion").eval(), faces.select(np.arange(3))
    found, few = (covered(network, faces, bar, batch=b) for b in (16, 2))
    told = occlude(network, faces.images, faces.labels, window=12, stride=6)
    np.testing.assert_allclose(found.drops, smaller(told.drops, CELLS), atol=1e-5)
    np.testing.assert_allclose(found.misled, smaller(told.misled, CELLS), atol=1e-5)
    np.testing.assert_allclose(found.drops, few.drops, atol=1e-5)


def test_how_alike_maps_are():
    maps = np.random.default_rng(0).random((4, 3, 5, 5))
    maps[1, 2] = 0.3  # an even map is like no other
    found = alike(maps)
    for face in (0, 2, 3):
        wanted = np.corrcoef(maps[face].reshape(3, -1))
        np.testing.assert_allclose(found[face], wanted)
        off = [wanted[i, j] for i in range(3) for j in range(3) if i != j]
        assert between(found)[face] == pytest.approx(np.mean(off))
    assert np.isnan(found[1, 2]).all() and np.isfinite(found[1, 0, 1])
    assert between(found)[1] == pytest.approx(found[1, 0, 1])
    assert np.isnan(between(np.full((1, 2, 2), np.nan))).all()
    twice = alike(maps[:1], 2 * maps[:1] + 1)
    np.testing.assert_allclose(twice, alike(maps[:1]))
