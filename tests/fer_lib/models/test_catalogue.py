"""Counted sizes beside those that the papers print."""

import json

import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.models import NETWORKS, build
from fer_lib.models.catalogue import catalogue, entry
from fer_lib.models.cost import cost
from ferbook.cli import main
from ferbook.show.networks import network_table


def test_every_network_and_variant_is_listed(capsys):
    assert main(["models", "--json", "--preset", "smoke"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert all(one["parameters"] or one["note"] for one in listed)
    expected = {(n, v) for n, network in NETWORKS.items() for v in network.VARIANTS}
    assert {(one["name"], one["variant"]) for one in listed} == expected
    for one in listed:
        stated = one["paper"] and one["paper"]["parameters"]
        if stated and one["parameters"]:
            assert one["parameters_ratio"] == one["parameters"] / stated


def test_networks_without_a_preset_are_left_out():
    """Deep-Emotion has no ``small``; what none has is refused."""
    listed = {one.name for one in catalogue("small")}
    assert listed == {n for n, net in NETWORKS.items() if "small" in net.PRESETS}
    assert "ramn" in listed and "deep_emotion" not in listed
    with pytest.raises(FerError, match="preset is 'tiny', expected one of"):
        list(catalogue("tiny"))


def test_table():
    entries = [entry("residual_masking"), entry("part_ensemble")]
    told = network_table(entries).text()
    assert "137,796,423" in told and "142.9 M" in told and "0.964" in told
    assert "2.775" in told and "1.209" in told  # printed, and ours over it


def test_counting_does_not_compute():
    """The meta device gives the numbers of a real network."""
    real = build("diversified_esr", preset="smoke")
    counted = cost(real)
    assert entry("diversified_esr", preset="smoke").gflops == counted.gflops
    assert entry("diversified_esr", preset="smoke").parameters == counted.parameters
    assert real.training  # left as it was


def test_operations_of_one_convolution():
    """2 x multiply-accumulates, by hand: Deep-Emotion's first layer."""
    torch.manual_seed(0)
    plain = entry("deep_emotion", "no_transformer").gflops
    convolutions = 10 * 9 * 46**2 + 100 * 9 * 44**2 + 100 * 9 * 20**2 + 100 * 9 * 18**2
    assert plain * 1e9 == 2 * (convolutions + 810 * 50 + 50 * 7)


@pytest.mark.parametrize(
    ("name", "variant", "count", "gigamacs"),
    [
        ("residual_masking", "default", 137_796_423, 21.90),
        ("ramn", "default", 15_181_128, 92.1),
        ("diversified_esr", "default", 20_827_715, 2.84),
        ("diversified_esr", "plain", 20_344_767, 2.84),
        ("diversified_esr", "esr15", 34_457_981, 3.97),
        ("diversified_manet", "default", 50_547_214, 3.64),
        ("deep_emotion", "default", 66_857, 0.0039),
    ],
)
def test_sizes_at_the_paper_s_input(name, variant, count, gigamacs):
    one = entry(name, variant)
    assert one.parameters == count
    assert one.gflops / 2 == pytest.approx(gigamacs, rel=0.02)


def test_printed_figures_are_quoted_with_their_place():
    stated = [s for network in NETWORKS.values() for s in network.STATED.values()]
    assert stated and all(one.where for one in stated)
