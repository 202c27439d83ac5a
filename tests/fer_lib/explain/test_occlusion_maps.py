"""Occlusion of networks: known pixels, loops, captum, the number of passes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from known_networks import OnePixel, left_as_found, smoke, some_faces

from fer_lib.explain.covering import filling, window_starts
from fer_lib.explain.occlusion import covered_scores, from_pixels, score_drops
from fer_lib.explain.occlusion_maps import covers, draw_covers, draw_occlusion, occlude
from fer_lib.models import NETWORKS, logits_of

BRIGHT = np.full((2, 1, 9, 9), 204, np.uint8)  # 0.8: class 1


def test_finds_the_pixel_that_is_read():
    """A window of one pixel: a drop of its brightness, and only there."""
    network = OnePixel(6, 2)
    found = occlude(network, BRIGHT, window=1)
    expected = np.zeros((9, 9))
    expected[6, 2] = 1
    for face in range(2):
        np.testing.assert_allclose(found.drops[face], 0.8 * expected, atol=1e-6)
        assert np.array_equal(found.misled[face], expected)
    assert found.predicted.tolist() == found.targets.tolist() == [1, 1]


def test_is_zero_away_from_the_pixel_by_a_window():
    network = OnePixel(4, 3)
    found = occlude(network, BRIGHT, window=3)
    rows, columns = np.mgrid[:9, :9]
    reach = (abs(rows - 4) <= 2) & (abs(columns - 3) <= 2)
    assert np.array_equal(found.misled[0] > 0, reach)
    assert np.array_equal(found.drops[0] > 0, reach)
    assert found.drops[0].argmax() == 9 * 4 + 3


def test_fills_that_hide_nothing_change_nothing():
    network = OnePixel()
    for fill in ("mean", "blur", 0.8):
        found = occlude(network, BRIGHT, window=3, fill=fill)
        assert not found.misled.any(), fill
        np.testing.assert_allclose(found.drops, 0, atol=1e-6)


@pytest.mark.parametrize("fill", ["zero", "mean", "blur", 0.4])
def test_equals_a_loop(fill):
    network, faces, labels = smoke("deep_emotion").eval(), some_faces(2), [0, 4]
    window, stride = 20, 9
    starts = window_starts(48, window, stride)
    unit = network.input.to_unit(torch.tensor(faces))
    paint = filling(unit, fill, window)

    @torch.no_grad()
    def scores(pixels):
        return logits_of(network(network.input.normalise(pixels)))

    drops, misled = np.zeros((2, 48, 48)), np.zeros((2, 48, 48))
    plain = scores(unit)
    over = np.zeros((48, 48))
    for top in starts:
        for left in starts:
            area = np.s_[:, top : top + window, left : left + window]
            for i, label in enumerate(labels):
                covered = unit[i].clone()
                covered[area] = paint[i][area]
                said = scores(covered[None])[0]
                drops[i][area[1:]] += float(plain[i, label] - said[label])
                misled[i][area[1:]] += float(said.argmax() != label)
            over[area[1:]] += 1
    found = occlude(network, faces, labels, window=window, stride=stride, fill=fill)
    np.testing.assert_allclose(found.drops, drops / over, atol=1e-5)
    np.testing.assert_allclose(found.misled, misled / over, atol=1e-6)


def test_equals_captum_where_the_stride_fits():
    network, faces = smoke("deep_emotion"), some_faces(2)
    options = {"window": 16, "stride": 8, "fill": "mean"}
    found = occlude(network, faces, [1, 2], **options)
    unit = network.input.to_unit(torch.tensor(faces))
    scores = from_pixels(network)
    drops = score_drops(scores, unit, torch.tensor([1, 2]), **options)
    np.testing.assert_allclose(found.drops, drops, atol=1e-5)


def test_ten_thousand_windows_in_a_few_passes():
    network = OnePixel(20, 11, size=40)
    faces = np.full((8, 1, 40, 40), 204, np.uint8)
    found = occlude(network, faces, window=4, batch_size=1000)
    assert 8 * len(window_starts(40, 4, 1)) ** 2 == 10_952
    assert network.calls == 11 + 1  # and one of the uncovered faces
    assert (found.drops.reshape(8, -1).argmax(1) == 40 * 20 + 11).all()


def test_windows_of_several_faces_share_a_pass():
    network = OnePixel()
    occlude(network, np.repeat(BRIGHT, 3, 0), window=3, batch_size=300)
    assert network.calls == 1 + 1  # 6 x 49 covered faces


def test_does_not_depend_on_the_batch():
    network, faces = smoke("ramn"), some_faces(2)
    unit = network.input.to_unit(torch.tensor(faces))
    scores = from_pixels(network)
    one, other = (
        covered_scores(scores, unit, window=24, stride=12, batch_size=count)
        for count in (5, 18)
    )
    assert one.shape == (2, 3, 3, 7)
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "comparison"])
def test_every_network(name):
    network, faces = smoke(name), some_faces(2)
    size = network.input.size
    with left_as_found(network):
        found = occlude(network, faces, window=size // 2, stride=size)
    assert found.drops.shape == found.misled.shape == (2, size, size)
    assert np.isfinite(found.drops).all()
    assert found.targets.tolist() == found.predicted.tolist()


def test_drawn():
    network = OnePixel()
    faces = np.concatenate([BRIGHT, BRIGHT // 4])
    found = occlude(network, faces, [1, 1, 1, 0], window=3)
    figure = draw_occlusion(found, faces, list("abcd"))
    words = [t.get_text() for panel in figure.axes for t in panel.texts]
    assert words == ["misread\nuncovered"]
    assert {p.get_ylabel() for p in figure.axes} >= {"share of squares", "drop (score)"}
    assert "nothing is covered: 1 of 4 faces" in figure.alt_text
    plt.close(figure)


def test_covers():
    network = OnePixel(6, 2)
    found = covers(network, BRIGHT[0], window=3)
    assert found.faces.shape == (9, 1, 9, 9)
    for i, (top, left) in enumerate((t, s) for t in (0, 3, 6) for s in (0, 3, 6)):
        expected = np.full((9, 9), 0.8, np.float32)
        expected[top : top + 3, left : left + 3] = 0
        assert np.array_equal(found.faces[i, 0], expected)
    assert found.probabilities.argmax(1).tolist() == [1] * 6 + [0, 1, 1]
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-6)
    figure = draw_covers(found, ["dark", "bright"], 1)
    titles = [panel.get_title() for panel in figure.axes]
    assert sum("wrong" in title for title in titles) == 1
    assert "Under 1 of them" in figure.alt_text
    plt.close(figure)
