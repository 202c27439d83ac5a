"""The recipe of ESR-9 and ESR-15: rates, branches, losses, departures."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from drawn_splits import drawn_splits

from fer_lib.losses.diversity import diversity, zero_diagonal_diversity
from ferbook.papers import diversified_esr as recipe
from ferbook.papers.diversified_esr import PAPER


def config_of(variant="default", **changes):
    small = {"branches": 3, "learning_rate": 0.1}
    return PAPER.make_config("smoke", variant, **small | changes)


def network_of(config, seed=0, classes=7):
    return PAPER.make_network(config, classes, seed)


def faces(count=4):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 64, 64, generator=generator)


def part_of(network):
    """Name of the part that a parameter belongs to, by its identity."""
    parts = {"base": network.base}
    parts |= {f"branch {i + 1}": part for i, part in enumerate(network.branches)}
    return {id(p): name for name, part in parts.items() for p in part.parameters()}


def rates(stage, network):
    """Learning rate by part; each parameter must be there only once."""
    names, found, seen = part_of(network), {}, set()
    for group in stage.optimizer(network, stage.loss).param_groups:
        assert group["momentum"] == 0.9 and group["weight_decay"] == 0
        for parameter in group["params"]:
            assert id(parameter) not in seen
            seen.add(id(parameter))
            found.setdefault(names[id(parameter)], group["lr"])
            assert found[names[id(parameter)]] == group["lr"]
    counts = {name: sum(n == name for n in names.values()) for name in found}
    assert len(seen) == sum(counts.values())  # none of a part is left out
    return found


def test_rows_of_table_1():
    rows = {"plain": (False, "none"), "cbam": (True, "none")}
    rows |= {"spatial": (True, "spatial"), "default": (True, "spatial_channel")}
    for name, (cbam, terms) in rows.items():
        config = PAPER.make_config("paper", name)
        assert (config.network["cbam"], config.diversity) == (cbam, terms)
    code = PAPER.make_config("paper", "authors_code")
    assert (code.measure, code.gamma) == ("authors_code", 10)


GROWING = [
    {"base": 0.1, "branch 1": 0.1},
    {"base": 0.01, "branch 1": 0.01, "branch 2": 0.1},
    {"base": 0.01, "branch 1": 0.01, "branch 2": 0.01, "branch 3": 0.1},
]
TUNING = [
    {"base": 0.1, "branch 1": 0.1, "branch 2": 0.02, "branch 3": 0.02},
    {"base": 0.02, "branch 1": 0.02, "branch 2": 0.1, "branch 3": 0.02},
    {"base": 0.02, "branch 1": 0.02, "branch 2": 0.02, "branch 3": 0.1},
]


@pytest.mark.parametrize(
    ("variant", "by_hand"), [("default", GROWING), ("ferplus", TUNING)]
)
def test_rates_of_parts(variant, by_hand):
    config = config_of(variant)
    network = network_of(config)
    stages = PAPER.make_plan(config, drawn_splits(), seed=0).stages
    assert [rates(stage, network) for stage in stages] == by_hand
    for number, stage in enumerate(stages, 1):
        stage.begin(network)
        assert network.active == number


@pytest.mark.parametrize(
    ("variant", "number", "newest", "old"),
    [
        ("default", 1, [0.1, 0.05, 0.025, 0.0125, 0.00625], None),
        ("default", 2, [0.1, 0.05], [0.01, 0.005]),
        ("ferplus", 2, [0.1, 0.075, 0.05625], [0.02, 0.015, 0.01125]),
    ],
)
def test_rates_epoch_by_epoch(variant, number, newest, old):
    """Ten epochs each; the scheduler is stepped after an epoch."""
    config = config_of(variant, step=10)
    network = network_of(config)
    stage = PAPER.make_plan(config, drawn_splits(), seed=0).stages[number - 1]
    optimizer = stage.optimizer(network, stage.loss)
    scheduler, found = stage.scheduler(optimizer), []
    for _ in range(10 * len(newest)):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    found = np.array(found)
    np.testing.assert_allclose(found[:, -1], np.repeat(newest, 10))
    np.testing.assert_allclose(found[:, 0], np.repeat(old or newest, 10))


@pytest.mark.equation("diversified_esr", 4)
@pytest.mark.parametrize("variant", ["plain", "cbam", "spatial", "default"])
def test_loss_by_hand(variant):
    config = config_of(variant)
    network, labels = network_of(config), torch.tensor([0, 3, 6, 3])
    output = network(faces())
    expected = sum(F.cross_entropy(output.branches[:, i], labels) for i in range(3))
    if variant in ("spatial", "default"):
        expected = expected - diversity(output.spatial)
    if variant == "default":
        expected = expected - diversity(output.channel)
    found = recipe.overall_loss(config, output, labels)
    torch.testing.assert_close(found, expected)
    assert 0 < diversity(output.spatial) < 1  # a term that could be missed


def test_loss_of_the_code():
    config = config_of("authors_code")
    output, labels = network_of(config)(faces()), torch.tensor([0, 3, 6, 3])
    expected = sum(F.cross_entropy(output.branches[:, i], labels) for i in range(3))
    for features in (output.spatial, output.channel):
        expected = expected - zero_diagonal_diversity(features, 10.0)
    torch.testing.assert_close(recipe.overall_loss(config, output, labels), expected)


def test_a_lone_branch_learns_from_its_entropy_alone():
    config = config_of()
    network, labels = network_of(config), torch.tensor([0, 3, 6, 3])
    network.active = 1
    output = network(faces())
    alone = F.cross_entropy(output.branches[:, 0], labels)
    found = recipe.overall_loss(config, output, labels)
    wanted = torch.autograd.grad(alone, network.base[0].conv.weight, retain_graph=True)
    given = torch.autograd.grad(found, network.base[0].conv.weight)
    torch.testing.assert_close(given, wanted)


def items(config, splits):
    return {d["item"]: d for d in PAPER.deviations(config, splits)}


ALWAYS = {"selection", "gamma", "prediction", "statistics when evaluated"}


def test_deviations():
    affectnet = drawn_splits("affectnet", "affectnet_val8")
    ferplus = drawn_splits("fer2013", "ferplus_validation8")
    rafdb = drawn_splits("rafdb", "rafdb_test")
    paper = PAPER.make_config("paper")
    assert set(items(paper, affectnet)) == ALWAYS
    tuned = items(PAPER.make_config("paper", "ferplus"), ferplus)
    assert set(tuned) == ALWAYS | {"pre-training"}
    tuned = items(PAPER.make_config("paper", "rafdb"), rafdb)
    assert set(tuned) == ALWAYS | {"pre-training", "normalisation"}
    grown = items(paper, ferplus)
    assert (grown["epochs"]["paper"], grown["epochs"]["ours"]) == ("580", "210")
    assert grown["pre-training"]["ours"] == "none, from scratch"
    small = items(PAPER.make_config("smoke", "plain"), drawn_splits())
    assert {"input size", "width", "epochs", "label set"} <= set(small)
    assert "gamma" not in small
    code = items(PAPER.make_config("paper", "authors_code"), affectnet)
    assert "diversity" in code and "gamma" not in code
