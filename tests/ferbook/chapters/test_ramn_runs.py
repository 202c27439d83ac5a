"""The RAMN chapter's first steps and sweeps, on drawn faces and records."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from fer_lib.crops import COUNTS
from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.explain.regions import crop_features
from fer_lib.expressions import EXPRESSIONS
from ferbook.chapters.ramn import features as ramn_features
from ferbook.chapters.ramn import regions as ramn
from ferbook.chapters.ramn import sweeps as ramn_sweeps
from ferbook.papers import ramn as recipe
from ferbook.runs.run import Run

TINY = {"width": 4, "batch_size": 8, "learning_rate": 0.02}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn_splits() -> Splits:
    """Noise, two faces a class in every part."""
    draw = np.random.default_rng(0)

    def part(name: str) -> FaceSet:
        images = draw.integers(0, 256, (14, 1, 48, 48), np.uint8)
        names = np.full(14, name)
        return FaceSet(
            "drawn", images, np.arange(14) % 7, names, "drawn", rendered=True
        )

    parts = [part(name) for name in ("Training", "PublicTest", "PrivateTest")]
    return Splits("official", "as drawn", *parts, EXPRESSIONS[:7])


@pytest.fixture(scope="module")
def run() -> Run:
    config, splits = recipe.make_config("smoke", **TINY), drawn_splits()
    network = recipe.make_network(config, 7, seed=1).eval()
    with torch.no_grad():  # answers that depend on the face
        mean = network(network.input(splits.test.images)).logits.mean(0)
        network.classifier.bias -= mean
    return Run(network, config, splits, None)


def test_first_steps_begin_with_the_losses_of_the_untrained_network(run):
    config = replace(run.config, collaborative_weight=0.1)
    told = ramn_features.first_steps(config, run.splits, steps=2)
    network = recipe.make_network(config, 7, 0)
    x = network.input(run.splits.train.images[:8])
    with torch.no_grad():
        length = network(x).expressions.square().sum(-1).mean()
    assert told[0]["length"] == pytest.approx(float(length), rel=1e-4)
    assert told[0]["cross-entropy"] == pytest.approx(np.log(7), abs=0.1)
    assert told[1]["C-loss"] < told[0]["C-loss"]
    assert len(ramn_features.draw_first_steps({"a": told}).axes) == 2


def test_weight_one_diverges_where_the_default_does_not(run):
    last = {}
    for weight in (0.01, 1.0):
        config = replace(run.config, collaborative_weight=weight, batch_size=14)
        told = ramn_features.first_steps(config, run.splits, steps=8)
        last[weight] = told[-1]["C-loss"] / told[0]["C-loss"]
    assert last[0.01] < 1 and not last[1.0] < 10


def test_its_own_boxes_give_a_networks_own_answers(run):
    images = run.splits.test.images
    x = run.network.input(images)
    with torch.inference_mode():
        own = run.network(x).logits.argmax(1).numpy()
    assert len(set(own)) > 1
    same = ramn_sweeps.classify(*crop_features(run.network, images, 5))
    np.testing.assert_array_equal(same, own)


def test_fewer_sub_images_are_the_first_of_more(run):
    images = run.splits.test.images
    _, features = crop_features(run.network, images, 10)
    for count in (0, 4, 9):
        own = crop_features(run.network, images, count)
        torch.testing.assert_close(
            features[:, : count + 1], own[1], atol=1e-5, rtol=1e-4
        )
    tried = ramn_sweeps.tried_crops(run)
    assert [list(values) for values in tried.values()] == [
        list(COUNTS),
        list(ramn.SCALES),
    ]
    default = [values[v] for values, v in zip(tried.values(), (5, 1.0), strict=True)]
    assert default[0] == default[1]


def record(variant: str, right: int, seed: int = 0, preset: str = "small"):
    told = np.arange(100) < right
    made = {"protocol": "official", "preset": preset, "recipe": "paper"}
    return SimpleNamespace(variant=variant, seed=seed, correct=lambda: told, **made)


def test_recorded_sweeps_average_over_seeds_and_drop_single_points():
    found = ramn_sweeps.recorded_sweeps(
        [
            record("beta", 70), record("beta", 74, seed=1), record("beta_0.03", 60),
            record("beta_0.01", 50, preset="reduced"), record("omega_1", 40),
            record("baseline", 30),
        ]
    )  # fmt: skip
    curve = {"official, small, recipe paper": {0.02: (72.0, 100), 0.03: (60.0, 100)}}
    assert found == {"beta (Fig. 4a)": curve}
    axes = ramn_sweeps.draw_sweeps(found).axes[0]
    assert axes.get_xlabel() == "beta (Fig. 4a)"
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [72, 60])
    assert ramn_sweeps.recorded_sweeps([]) == {}


def test_the_sweeps_name_variants_that_the_recipe_has():
    for values in recipe.SWEEPS.values():
        for variant, value in values.items():
            config = recipe.make_config("paper", variant)
            told = (config.crops, config.crop_scale, config.beta, config.omega)
            assert value in told
