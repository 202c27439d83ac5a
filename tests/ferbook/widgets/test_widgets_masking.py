"""The masking explorer against networks with each kind of mask.

It is driven in ``test_widgets_masking_driven.py``.
"""

import base64
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from planted_masks import CHANNELS, FACES, SIDES, TITLES, a_run, by_kind, maps_of

from fer_lib.errors import FerError
from fer_lib.explain.masking import MULTIPLES
from ferbook.widgets import masking as module
from ferbook.widgets import masking_explorer


@pytest.fixture(scope="module")
def run():
    return a_run()


@pytest.fixture(scope="module")
def widget(run):
    return masking_explorer(run, FACES, TITLES, "Noise.")


@pytest.fixture(scope="module")
def direct(run):
    return by_kind(run)


@pytest.mark.parametrize("kind", module.KINDS)
def test_the_pictures_are_the_maps_of_a_network_of_that_kind(widget, direct, kind):
    seen = widget.data["seen"][kind]
    for block, count in enumerate(CHANNELS):
        assert widget.data["blocks"][block]["kept"] == list(range(1, count + 1))
        assert seen["blocks"][block]["side"] == SIDES[block]
        for face in range(len(FACES)):
            for channel in range(count + 1):
                plane = seen["blocks"][block]["planes"][face][channel]
                texts, (top, low, high), means = plane[:3], plane[3:6], plane[6:]
                maps = maps_of(direct, kind, block, face, channel)
                scales = ((0, top), (low, high), (0, top))
                for text, ends, expected in zip(texts, scales, maps, strict=True):
                    shares = np.frombuffer(base64.b64decode(text), np.uint8) / 255
                    found = ends[0] + (ends[1] - ends[0]) * shares
                    near = 0.503 / 255 * (ends[1] - ends[0]) + 6e-4 * ends[1]
                    assert np.abs(found - expected.ravel()).max() <= near
                expected = [one.mean() for one in maps]
                np.testing.assert_allclose(means, expected, rtol=6e-4, atol=1e-7)
                assert top == pytest.approx(max(maps[0].max(), maps[2].max()), rel=6e-4)


@pytest.mark.parametrize("kind", module.KINDS)
def test_histograms_and_answers_are_those_of_that_kind(widget, direct, kind):
    seen = widget.data["seen"][kind]
    assert np.abs(np.array(seen["said"]) - 1000 * direct[kind][1]).max() <= 1.5
    for block, stage in enumerate(direct[kind][0]):
        counts = np.zeros(widget.data["bins"], int)
        told, first = seen["blocks"][block]["counts"], seen["blocks"][block]["first"]
        counts[first : first + len(told)] = told
        multiples = stage.mask.double().numpy() * CHANNELS[block]
        expected = np.histogram(multiples.clip(MULTIPLES[0], MULTIPLES[-1]), MULTIPLES)
        assert np.abs(counts - expected[0]).sum() <= 0.01 * counts.sum()  # at edges
        assert counts.sum() == stage.mask.numel()


def test_a_softmax_is_one_over_the_channels_on_average_and_not_in_a_channel(widget):
    for block, count in enumerate(CHANNELS):
        for face in widget.data["seen"]["softmax"]["blocks"][block]["planes"]:
            low, high, mean = face[0][4], face[0][5], face[0][7]
            assert low == high == mean == pytest.approx(1 / count, rel=1e-3)
            assert face[1][5] > face[1][4] + 0.001


def test_the_network_is_left_as_it_was(run):
    masking_explorer(run, FACES, TITLES)
    assert {block.activation for block in run.network.masking} == {"softmax"}


def test_what_was_trained_is_told_and_the_rest_is_what_if():
    widget = masking_explorer(a_run("sigmoid"), FACES[:1], ["one"])
    assert widget.data["trained"] == "sigmoid"
    names = [row[0] for row in widget.fallback.rows]
    assert names[:2] == ["block 1, softmax\n what if", "block 1, sigmoid"]
    assert len(names) == 12


@pytest.mark.parametrize("variant", ["constant", "no_mask"])
def test_masks_that_learn_nothing_stand_alone(variant):
    run = a_run(variant)
    widget = masking_explorer(run, FACES, TITLES)
    kind = "constant" if variant == "constant" else "none"
    seen = widget.data["seen"][kind]
    assert widget.data["trained"] == kind and len(widget.data["seen"]) == 1
    for count, block in zip(CHANNELS, seen["blocks"], strict=True):
        expected = 1 / count if variant == "constant" else 0
        assert block["planes"][0][1][4:6] == pytest.approx([expected] * 2, rel=1e-3)
    with pytest.raises(FerError, match="the network's masks have nothing to learn"):
        module.with_masks(run.network, "sigmoid")


def test_wide_networks_show_some_channels_of_every_block():
    shapes = [(3, 64, 24, 24), (3, 128, 12, 12), (3, 256, 6, 6), (3, 512, 3, 3)]
    stages = [SimpleNamespace(mask=torch.empty(one, device="meta")) for one in shapes]
    kept = [one.tolist() for one in module.kept_channels(stages)]
    size = sum(
        27 * h * w * (len(one) + 1)
        for one, (_, _, h, w) in zip(kept, shapes, strict=True)
    )
    assert size <= 120_000 < size + 27 * sum(h * w for _, _, h, w in shapes)
    for one, (_, count, _, _) in zip(kept, shapes, strict=True):
        assert one[0] == 0 and one[-1] == count - 1
        assert len(one) == len(set(one)) == 4
    (few,) = module.kept_channels(stages[:1], most=10)
    assert few.tolist() == [0]


def test_print_tells_every_block_and_kind(widget, direct):
    before, mask, after = direct["sigmoid"][0][2]
    row = widget.fallback.rows[7]
    low, high = np.quantile(mask.numpy(), (0.05, 0.95))
    assert row[0] == "block 3, sigmoid\n what if" and row[1] == "0.1250"
    assert row[2] == f"{mask.mean():.4f}" and row[3] == f"{low:.4f} to {high:.4f}"
    assert float(row[4]) == pytest.approx(float(after.mean() / before.mean()), abs=6e-4)
    labels = {kind: one[1].argmax(1) for kind, one in direct.items()}
    same = [(labels[kind] == labels["softmax"]).sum() for kind in module.KINDS[1:]]
    expected = f"Of 4 faces the same is said of {same[0]} with sigmoid, {same[1]} with"
    assert widget.fallback.note.startswith(expected)
