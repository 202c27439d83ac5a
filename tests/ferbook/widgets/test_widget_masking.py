"""The masking explorer against networks with each kind of mask, and driven."""

import base64
import re

import matplotlib
import numpy as np
import pytest
import torch
from planted_explorers import CHANNELS, MASKED, SIDES, TITLES, by_kind, masked
from widget_pages import call, find_all, picture_of, put, told

from fer_lib.errors import FerError
from fer_lib.explain.drawing.colours import SEQUENTIAL
from fer_lib.explain.masking import MULTIPLES
from fer_lib.expressions import EXPRESSIONS
from ferbook.widgets import masking, masking_explorer


@pytest.fixture(scope="module")
def network():
    return masked()


@pytest.fixture(scope="module")
def widget(explorers):
    return explorers("masking")


@pytest.fixture(scope="module")
def direct(network):
    return by_kind(network)


@pytest.fixture(scope="module")
def maps_of(direct):
    """Maps before, mask, after ``[h, w]``, channel 0 for their mean."""

    def of(kind, block, face, channel):
        stage = [maps[face].numpy() for maps in direct[kind][0][block]]
        return [maps[channel - 1] if channel else maps.mean(0) for maps in stage]

    return of


@pytest.mark.parametrize("kind", masking.KINDS)
def test_the_pictures_are_the_maps_of_a_network_of_that_kind(widget, maps_of, kind):
    seen = widget.data["seen"][kind]
    for block, count in enumerate(CHANNELS):
        assert widget.data["blocks"][block]["kept"] == list(range(1, count + 1))
        assert seen["blocks"][block]["side"] == SIDES[block]
        for face, channel in np.ndindex(len(MASKED), count + 1):
            plane = seen["blocks"][block]["planes"][face][channel]
            pictures, (top, low, high), means = plane[:3], plane[3:6], plane[6:]
            maps = maps_of(kind, block, face, channel)
            scales = ((0, top), (low, high), (0, top))
            for text, ends, expected in zip(pictures, scales, maps, strict=True):
                shares = np.frombuffer(base64.b64decode(text), np.uint8) / 255
                found = ends[0] + (ends[1] - ends[0]) * shares
                near = 0.503 / 255 * (ends[1] - ends[0]) + 6e-4 * ends[1]
                assert np.abs(found - expected.ravel()).max() <= near
            expected = [one.mean() for one in maps]
            np.testing.assert_allclose(means, expected, rtol=6e-4, atol=1e-7)
            assert top == pytest.approx(max(maps[0].max(), maps[2].max()), rel=6e-4)


@pytest.mark.parametrize("kind", masking.KINDS)
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


@pytest.mark.parametrize("variant", ["constant", "no_mask"])
def test_masks_that_learn_nothing_stand_alone(variant):
    network = masked(variant)
    widget = masking_explorer(network, MASKED, TITLES)
    kind = "constant" if variant == "constant" else "none"
    seen = widget.data["seen"][kind]
    assert widget.data["trained"] == kind and len(widget.data["seen"]) == 1
    for count, block in zip(CHANNELS, seen["blocks"], strict=True):
        expected = 1 / count if variant == "constant" else 0
        assert block["planes"][0][1][4:6] == pytest.approx([expected] * 2, rel=1e-3)
    with pytest.raises(FerError, match="the network's masks have nothing to learn"):
        masking.with_masks(network, "sigmoid")


def short(value):
    """As the page writes a number: three digits."""
    return f"{float(f'{value:.3g}'):g}"


def numbers_in(text, pattern):
    return [float(one) for one in re.search(pattern, text).groups()]


@pytest.mark.browser
def test_a_mask_fades_as_a_softmax_over_more_channels_does(browser):
    logits = torch.randn(4, 9, generator=torch.Generator().manual_seed(0)).double()
    own = logits.softmax(0)[0]
    for times in (1, 2, 7, 40):  # so often the other three
        many = 1 + 3 * times
        more = torch.cat([logits[:1], logits[1:].repeat(times, 1)])
        points = [[score, 4, many] for score in own.tolist()]
        found = call(browser, "masking", "faded", points)
        np.testing.assert_allclose(found, more.softmax(0)[0], rtol=1e-9)


@pytest.mark.browser
class TestInABrowser:
    NAME = "masking"

    @pytest.mark.parametrize(
        ("face", "block", "kind", "channel"),
        [(0, 0, "softmax", 0), (1, 2, "softmax", 5), (0, 3, "sigmoid", 16)],
    )
    def test_what_is_shown_is_what_the_network_does(
        self, browser, opened, direct, maps_of, face, block, kind, channel
    ):
        opened(f"face:{face};block:{block};kind:{kind};channel:{channel};scale:own")
        before, mask, after = maps = maps_of(kind, block, face, channel)
        count, text = CHANNELS[block], told(browser)
        assert f"C = {count} channels, {SIDES[block]} x {SIDES[block]} places" in text
        assert f"1/C is {short(1 / count)}." in text
        means = numbers_in(text, r"activation is ([\d.]+) before and ([\d.]+) after")
        assert means == pytest.approx([before.mean(), after.mean()], rel=6e-3)
        constant = before.mean() * (1 + 1 / count)
        (would,) = numbers_in(text, r"would make ([\d.]+) of it")
        assert would == pytest.approx(constant, rel=6e-3)
        if channel:
            spread = [mask.min(), mask.max(), mask.mean()]
            pattern = r"mask is ([\d.]+) to ([\d.]+), on average ([\d.]+);"
            found = numbers_in(text, pattern)
            assert found == pytest.approx(spread, rel=6e-3, abs=1e-9)
        else:
            assert f"the mask is {short(1 / count)} everywhere" in text
        shares = direct[kind][1][face]
        label = EXPRESSIONS[shares.argmax()]
        assert f"Read as {label} ({100 * shares.max():.1f}" in text
        top = max(before.max(), after.max())
        ends = (mask.min(), mask.max()) if channel else (0, 2 / count)
        scales = [(0, top), ends, (0, top)]
        pictures = find_all(browser, ".w-fourth img")[1:]
        for picture, values, (low, high) in zip(pictures, maps, scales, strict=True):
            shown = picture_of(picture.get_dom_attribute("src"))[..., :3]
            colours = matplotlib.colormaps[SEQUENTIAL]((values - low) / (high - low))
            assert np.abs(shown - 255 * colours[..., :3]).max() < 8

    @pytest.mark.parametrize("kind", masking.KINDS)
    def test_the_slider_of_channels_fades_what_knows_them(
        self, browser, opened, maps_of, kind
    ):
        opened(f"face:1;block:1;kind:{kind};channel:2", width=390)
        _, mask, _ = maps_of(kind, 1, 1, 2)

        def read():
            pattern = r"on average ([\d.e-]+);|the mask is ([\d.e-]+) everywhere"
            found = re.search(pattern, told(browser)).groups()
            return float(next(filter(None, found)))

        assert read() == pytest.approx(mask.mean(), rel=6e-3)
        put(browser, many=9)
        assert f"C = 512 channels in the place of its {CHANNELS[1]}" in told(browser)
        if kind == "sigmoid":
            assert read() == pytest.approx(mask.mean(), rel=6e-3)
            assert "do not know C" in told(browser)
            return
        own = np.full_like(mask, 1 / CHANNELS[1]) if kind == "constant" else mask
        others = (1 / own - 1) / (CHANNELS[1] - 1)
        assert read() == pytest.approx((1 / (1 + 511 * others)).mean(), rel=0.02)

    def test_it_starts_at_a_single_channel(self, browser, opened):
        opened("block:0")
        assert "channel 1 on one" in told(browser)
