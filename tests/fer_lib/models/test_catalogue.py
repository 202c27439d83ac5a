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
    first = next(real.children())
    first.eval()
    counted = cost(real)
    assert entry("diversified_esr", preset="smoke").gflops == counted.gflops
    assert entry("diversified_esr", preset="smoke").parameters == counted.parameters
    assert real.training and not first.training  # left as they were


def test_operations_of_one_convolution():
    """2 x multiply-accumulates, by hand: Deep-Emotion's first layer."""
    torch.manual_seed(0)
    plain = entry("deep_emotion", "no_transformer").gflops
    convolutions = 10 * 9 * 46**2 + 100 * 9 * 44**2 + 100 * 9 * 20**2 + 100 * 9 * 18**2
    assert plain * 1e9 == 2 * (convolutions + 810 * 50 + 50 * 7)


COUNTED = {  # parameters with seven classes; 1e9 multiply-accumulates of a face
    "deep_emotion": (66_857, 0.003915),
    "deep_emotion no_transformer": (2_830 + 40_907, None),
    "deep_emotion kernels_3_3": (76_777, None),
    "deep_emotion pooled_to_90": (47_657, None),
    "deep_emotion resized_to_28": (49_257, None),
    "deep_emotion on_features": (48_305, None),
    "deep_emotion batch_norm": (66_877, None),
    "residual_masking": (137_796_423, 21.903),
    "residual_masking no_mask": (21_288_263, 3.663),  # ResNet-34 itself
    "residual_masking constant": (21_288_263, 3.663),
    "ramn": (15_181_128, 92.1),  # six regions of 15.35
    "ramn whole_face": (15_181_128, 15.35),
    "ramn crops_10": (15_181_128, 11 * 15.35),
    "ramn batch_norm": (15_189_576, None),
    "ramn fc7": (137_941_832, None),
    "ramn sum": (15_181_128 - 6 * 128 * 7, None),
    "diversified_esr": (20_827_715, 2.84),
    "diversified_esr plain": (20_344_767, 2.84),
    "diversified_esr esr15": (34_457_981, 3.97),
    "diversified_esr esr15_plain": (33_658_089, 3.96),
    "diversified_manet": (50_547_214, 3.64),  # the printed 50.54 M, cut off
    "diversified_manet fork": (50_547_214, 3.64),
    "part_ensemble": (1_642_680 - 5 * 129, 1.677),
}


@pytest.mark.parametrize("which", COUNTED)
def test_sizes_at_the_paper_s_input(which):
    one, (count, gigamacs) = entry(*which.split()), COUNTED[which]
    assert one.parameters == count
    assert gigamacs is None or one.gflops / 2 == pytest.approx(gigamacs, rel=2e-3)
