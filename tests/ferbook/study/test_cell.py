"""What is measured of a network whose evidence is known by construction."""

import numpy as np
import pytest
from planted_study import SIZE, SMALL, faces, reader

from fer_lib.evaluation.inference import predict
from fer_lib.explain.methods import METHODS
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.rendered.cues import CUES, mark_place
from ferbook.study import cell
from ferbook.study.cell import ROWS
from ferbook.study.faces import MOVEMENTS
from ferbook.study.record import DIMENSIONS


@pytest.fixture(scope="module")
def known():
    return faces()[1]


@pytest.fixture(scope="module")
def mouth(known):
    """A network that reads what moves in all of the faces."""
    return reader(known.moved.all(0))


@pytest.fixture(scope="module")
def mark():
    return reader(mark_place(SIZE))


def of(values, name):
    return values[ROWS.index(name)]


def test_methods_that_see_the_truth_score_above_those_that_do_not(known, mouth):
    told = cell.explained(mouth, known, {**cell.EXPLAINED, **DECOYS})
    assert set(told.maps) == set(ROWS) - {"attention"}
    found = cell.localised(told.maps, known)
    assert np.nanmin(of(found["relevance_mass"], "saliency")) > 0.9
    assert np.nanmin(of(found["pointing_game"], "grad_cam")) == 1
    assert np.isnan(of(found["inside_auc"], "attention")).all()
    for name in ("saliency", "smooth_grad", "occlusion"):
        for decoy in ("edges", "noise"):
            ours, theirs = (of(found["relevance_mass"], m) for m in (name, decoy))
            assert (ours > theirs).all(), (name, decoy)


def test_falls_are_differences_of_two_predictions(known, mouth):
    targets = np.array([1, 0, 1, 0])
    found = cell.falls(mouth, known, targets)
    assert found.shape == (4, len(MOVEMENTS))
    less, shown = known.less, ~np.isnan(found)
    assert shown.sum() == len(less)
    for k in range(len(less)):
        row = less.extra["row"][k]
        column = MOVEMENTS.index(less.extra["movement"][k])
        alone = predict(mouth.network, less.images[[k]])[0]
        fall = (mouth.scores[row] - alone)[targets[row]]
        np.testing.assert_allclose(found[row, column], fall, atol=1e-5)


def test_mass_by_movement_is_the_sum_over_its_pixels(known):
    maps = np.random.default_rng(0).normal(size=(4, SIZE, SIZE)).astype("f4")
    table = known.mass_by_movement(maps)
    for k in (0, 5, len(known.less) - 1):
        row, name = known.less.extra["row"][k], known.less.extra["movement"][k]
        where = known.less.extra["moved"][k]
        mass = sum(max(v, 0) for v in maps[row][where].tolist())
        assert table[row, MOVEMENTS.index(name)] == pytest.approx(mass, rel=1e-4)


def test_a_shortcut_shows_in_effect_and_maps(known, mark, mouth):
    maps = cell.explained(mark, known, {"saliency": METHODS["saliency"]}).maps
    found = cell.on_cues(mark, known, maps, CUES)
    place, others = CUES.index("mark"), [CUES.index("ears")]
    assert (found["cue_effect"][place] > 1).all()
    assert np.abs(found["cue_effect"][others]).max() < 0.05
    seen = of(found["cue_mass"][place], "saliency")
    is_set = known.faces.extra["cues"][:, place]
    assert (seen[is_set] > 0.7).all()
    fair = cell.on_cues(mouth, known, maps, ("mark",))
    assert np.abs(fair["cue_effect"][place]).max() < 1e-4
    assert np.isnan(fair["cue_effect"][others]).all()


def test_everything_of_the_first_seed(known, mouth):
    found = cell.measured(mouth, known, "mouth", 0, SMALL)
    sizes = {"method": len(ROWS), "face": len(known.faces), "cue": len(CUES)}
    sizes |= {"stage": SMALL.stages, "movement": len(MOVEMENTS), "test face": 6}
    assert found.pop("pooled").shape == (len(ROWS), len(known.faces), 16, 16)
    for name, values in found.items():
        shape = tuple(sizes[axis] for axis in DIMENSIONS[name][3:])
        assert values.shape == shape, name
    gone = found["deletion"]
    assert of(gone, "saliency").mean() < of(gone, "noise").mean()


@pytest.mark.parametrize(
    ("task", "seed", "has"),
    [
        ("mouth", 1, set()),
        ("brows", 0, {"deletion"}),
        ("mark", 0, {"cue_mass"}),
        ("shuffled", 0, set()),
    ],
)
def test_less_is_measured_where_it_is_not_needed(known, mouth, task, seed, has):
    found = set(cell.measured(mouth, known, task, seed, SMALL))
    assert found & {"deletion", "cue_mass", "randomised"} == has
    assert {"relevance_mass", "fall", "pooled", "agreement"} <= found
