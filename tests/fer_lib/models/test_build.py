"""Networks by name: what is known of them, and what is refused in words."""

import pytest
import torch
from captum.attr import Saliency

from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.models import NETWORKS, Scores, build

OWN = [name for name in NETWORKS if name != "comparison"]


@pytest.mark.parametrize("name", OWN)
def test_options_build_it_again_and_captum_takes_its_scores(name):
    network = build(name, 8, preset="smoke").eval()
    assert network.classes == EXPRESSIONS and network.provenance == "untrained"
    again = build(name, **network.options)
    assert again.options == network.options and again.input == network.input
    size, channels = network.input.size, network.input.channels
    faces = torch.rand(2, channels, size, size)
    assert Scores(network)(faces).shape == (2, 8)
    maps = Saliency(Scores(network)).attribute(faces, target=3)
    assert maps.shape == faces.shape and maps.any()


def test_names_in_any_case_and_classes_of_ones_own():
    for name in ("RAMN", "Deep-Emotion", "residual masking"):
        assert build(name, preset="smoke").classes == EXPRESSIONS[:7]
    mine = build("ramn", preset="smoke", classes=("calm", "angry"))
    assert mine.classes == ("calm", "angry") and mine.options["num_classes"] == 2


@pytest.mark.parametrize(
    ("words", "options", "told"),
    [
        (["ranm"], {}, "name is 'ranm', expected one of .*; did you mean 'ramn'"),
        (["ramn"], {"preset": "smok"}, "preset is 'smok'.*did you mean 'smoke'"),
        (["ramn"], {"variant": "fc8"}, "variant is 'fc8'.*did you mean 'fc7'"),
        (["ramn"], {"crop": 4}, "option is 'crop'.*did you mean 'crops'"),
        (["ramn", "sum"], {}, "num_classes is 'sum', expected a value of type int"),
        (["ramn", 0], {}, "num_classes is 0, expected 1 or more"),
        (["ramn"], {"width": True}, "width is True, expected a value of type int"),
        (["ramn"], {"branch_features": -4}, "ramn: branch_features is -4, expected 1"),
        (["ramn", 7], {"classes": ("a",)}, "num_classes is 7, but 1 classes"),
        (["ramn"], {"combine": "concatt"}, "combine is 'concatt'.*'concat'"),
        (["ramn"], {"attention": "tanh"}, "activation is 'tanh', expected one of sigm"),
        (["ramn"], {"embedding": "fc6"}, "embedding is 'fc6'"),
        (["ramn"], {"crops": 6}, "count is 6"),
        (["ramn"], {"crop_scale": 2.0}, "scale is 2.0"),
        (["ramn"], {"input_size": 31}, "input_size is 31, expected 32"),
        (["deep_emotion"], {"warp": "both"}, "warp is 'both'"),
        (["deep_emotion"], {"localisation": "5_5"}, "localisation is '5_5'"),
        (["deep_emotion"], {"localisation": "on_features"}, "cannot warp the input"),
        (["deep_emotion"], {"input_size": 32}, "input_size is 32"),
        (["residual_masking"], {"input_size": 32}, "32, .* multiple of 32 from 64 up"),
        (["residual_masking"], {"input_size": 100}, "input_size is 100"),
        (["residual_masking"], {"width": 0}, "width is 0"),
        (
            ["residual_masking"],
            {"mask": "tanh"},
            "mask is 'tanh', expected one of",
        ),
        (["diversified_esr"], {"input_size": 53}, "53, expected 54 or more"),
        (["diversified_esr"], {"branches": 0}, "branches is 0, expected 1 or more"),
        (["diversified_manet"], {"path_b": "both"}, "path_b is 'both', expected one"),
        (["diversified_manet"], {"input_size": 100}, "100, expected a multiple of 16"),
        (["diversified_manet"], {"width": 0}, "width is 0"),
        (["diversified_manet"], {"lambda_": 1.5}, "lambda_ is 1.5, expected 0 to 1"),
        (["part_ensemble"], {"kind": "ensemble"}, "kind is 'ensemble'"),
        (["part_ensemble"], {"pooling": "same"}, "pooling is 'same'"),
        (["part_ensemble"], {"input_size": 15}, "input_size is 15"),
        (["comparison"], {"architecture": "googlenet"}, "architecture is 'googlenet'"),
        (["comparison"], {"input_size": 100}, "input_size is 100"),
        (
            ["comparison"],
            {"architecture": "inception_v3", "input_size": 64},
            "64, expected a multiple of 32 from 96 up for inception_v3",
        ),
    ],
)
def test_refusals(words, options, told):
    with pytest.raises(FerError, match=told):
        build(*words, **options)
