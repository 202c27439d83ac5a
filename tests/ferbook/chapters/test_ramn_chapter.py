"""What the RAMN chapter draws and counts, against loops and closed forms."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fer_lib.crops import crop_names
from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.explain.attention import RegionWeights, crop_features
from fer_lib.expressions import EXPRESSIONS
from fer_lib.losses.collaborative import collaborative_loss
from ferbook.chapters.ramn import losses as ramn_losses
from ferbook.chapters.ramn import regions as ramn
from ferbook.papers import ramn as recipe
from ferbook.papers.ramn import PAPER
from ferbook.runs.run import Run

TINY = {"width": 4, "batch_size": 8, "learning_rate": 0.02}


def region(weights: list) -> RegionWeights:
    theta = np.array(weights, np.float32)
    shares = theta / theta.sum(1, keepdims=True)
    return RegionWeights(crop_names(4), np.zeros((5, 4)), theta, shares, theta[:, 0])


def test_leads_of_planted_weights():
    found = region([[0.5, 0.1, 0.53, 0.1, 0.1], [0.5, 0.1, 0.2, 0.505, 0.1],
                    [0.6, 0.1, 0.59, 0.1, 0.1]])  # fmt: skip
    (row,) = ramn.lead_table({"planted": found}, (0.0, 0.01, 0.02)).rows
    name, whole, lead, best, *shares = row
    assert (name, whole, lead) == ("planted", "0.533", "+0.0083")
    assert best == "upper right\n 67 %"
    assert shares == ["67 %", "33 %", "33 %"]


def test_the_loss_in_the_plane_is_that_of_the_library():
    points = torch.randn(5, 4, 2, generator=torch.Generator().manual_seed(0))
    own, other = torch.tensor([0.7, 0.1]), torch.tensor([-0.7, 0.0])
    found = ramn_losses.plane_loss(points, own, other, 3.0)
    centres = torch.stack([other, own])[None]
    for place in np.ndindex(5, 4):
        one = collaborative_loss(
            points[place][None, None], torch.zeros(1).long(), centres
        )
        assert found[place].item() == pytest.approx(one.item(), rel=1e-5)


def planted_features(apart: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Two tasks of four numbers; means of task 0 lie ``apart`` from another."""
    draw = torch.Generator().manual_seed(3)
    labels = torch.arange(40) % 2
    features = 0.01 * torch.randn(40, 2, 4, generator=draw)
    features[:, 0, 2] += apart * (labels == 0)
    features[:, 0, 1] += torch.linspace(-1, 1, 40)  # the largest variance
    return features, labels


def test_a_tasks_plane_keeps_what_the_margin_is_about():
    features, labels = planted_features(2.0)
    belongs = labels == 0
    places, distance = ramn_losses.task_plane(features[:, 0], belongs)
    own, other = features[belongs, 0].mean(0), features[~belongs, 0].mean(0)
    towards = (features[:, 0] - other).square().sum(1)
    towards -= (features[:, 0] - own).square().sum(1)
    torch.testing.assert_close(places[:, 0] * 2 * distance, towards, atol=1e-4, rtol=0)
    assert distance == pytest.approx(2, abs=0.1)
    assert abs(np.corrcoef(places[:, 1], features[:, 0, 1])[0, 1]) > 0.99


@pytest.mark.parametrize(("apart", "share"), [(1.5, 0.0), (2.5, 1.0)])
def test_faces_hold_the_margin_when_the_means_are_far_enough(apart, share):
    # On the mean itself l_neg - l_pos is the squared distance: 3 lies between.
    features, labels = planted_features(apart)
    found = ramn_losses.held(features, labels, 3.0)
    assert found[0] == pytest.approx(share, abs=0.05)
    assert found[1] == 0


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
    config, splits = PAPER.make_config("smoke", **TINY), drawn_splits()
    network = PAPER.make_network(config, 7, seed=1).eval()
    with torch.no_grad():  # answers that depend on the face
        mean = network(network.input(splits.test.images)).logits.mean(0)
        network.classifier.bias -= mean
    return Run(network, config, splits, None)


def test_weight_one_diverges_where_the_default_does_not(run):
    last = {}
    for weight in (0.01, 1.0):
        config = replace(run.config, collaborative_weight=weight, batch_size=14)
        told = ramn_losses.first_steps(config, run.splits, steps=8)
        last[weight] = told[-1]["C-loss"] / told[0]["C-loss"]
    assert last[0.01] < 1 and not last[1.0] < 10


def test_its_own_boxes_give_a_networks_own_answers(run):
    images = run.splits.test.images
    x = run.network.input(images)
    with torch.inference_mode():
        own = run.network(x).logits.argmax(1).numpy()
    assert len(set(own)) > 1
    same = ramn.classify(*crop_features(run.network, images, 5))
    np.testing.assert_array_equal(same, own)


def record(variant: str, right: int, seed: int = 0, preset: str = "small"):
    told = np.arange(100) < right
    made = {"protocol": "official", "preset": preset, "recipe": "paper"}
    return SimpleNamespace(variant=variant, seed=seed, correct=lambda: told, **made)


def test_recorded_sweeps_average_over_seeds_and_drop_single_points():
    found = ramn.recorded_sweeps(
        [
            record("beta", 70), record("beta", 74, seed=1), record("beta_0.03", 60),
            record("beta_0.01", 50, preset="reduced"), record("omega_1", 40),
            record("baseline", 30),
        ]
    )  # fmt: skip
    curve = {"official, small, recipe paper": {0.02: (72.0, 100), 0.03: (60.0, 100)}}
    assert found == {"beta (Fig. 4a)": curve}
    axes = ramn.draw_sweeps(found).axes[0]
    assert axes.get_xlabel() == "beta (Fig. 4a)"
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [72, 60])
    assert ramn.recorded_sweeps([]) == {}


def test_the_sweeps_name_variants_that_the_recipe_has():
    for values in recipe.SWEEPS.values():
        for variant, value in values.items():
            config = PAPER.make_config("paper", variant)
            told = (
                config.network["crops"],
                config.network["crop_scale"],
                config.beta,
                config.omega,
            )
            assert value in told
