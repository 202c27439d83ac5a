"""Drawings: what lies where, what is told of it, and how many faces."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from known_networks import Linear, OnePixel, smoke, some_faces

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.explain.attention import cbam_attention, region_weights
from fer_lib.explain.drawing.attention import (
    draw_channel_attention,
    draw_mask_distribution,
    draw_masking,
    draw_mean_shares,
    draw_region_weights,
    draw_spatial_attention,
)
from fer_lib.explain.drawing.colours import PART_COLOURS
from fer_lib.explain.drawing.landmarks import draw_landmark_drift, draw_landmark_errors
from fer_lib.explain.drawing.maps import draw_class_maps, draw_covers, draw_occlusion
from fer_lib.explain.grad_cam import class_maps
from fer_lib.explain.landmarks import landmark_drift
from fer_lib.explain.masking import masking
from fer_lib.explain.occlusion import covers, occlude
from fer_lib.models.part_ensemble import PartEnsemble

BRIGHT = np.full((2, 1, 9, 9), 204, np.uint8)  # 0.8: class 1


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def words(figure):
    return [text.get_text() for panel in figure.axes for text in panel.texts]


def test_empty_class_maps_say_why():
    network, faces = Linear([[1.0, 2.0], [1.0, -2.0], [0.0, 0.0]]), some_faces(3, 6)
    found = class_maps(network, faces, np.array([0, 1, 2]))
    figure = draw_class_maps(found, faces, ["a", "b", "c"])
    assert words(figure) == ["all against", "no evidence"]
    assert "maximum" in figure.axes[-1].get_ylabel()
    assert "2 of 3 maps are empty: 1 without" in figure.alt_text
    with pytest.raises(FerError, match="2 titles for 3 faces"):
        draw_class_maps(found, faces, ["a", "b"])


def test_occlusion_tells_who_was_misread():
    faces = np.concatenate([BRIGHT, BRIGHT // 4])
    found = occlude(OnePixel(), faces, np.array([1, 1, 1, 0]), window=3)
    figure = draw_occlusion(found, faces, list("abcd"))
    assert words(figure) == ["misread\nuncovered"]
    assert "nothing is covered: 1 of 4 faces" in figure.alt_text
    told = draw_covers(covers(OnePixel(6, 2), BRIGHT[0], window=3), ["dark", "b"], 1)
    assert sum("wrong" in panel.get_title() for panel in told.axes) == 1
    assert "Under 1 of them" in told.alt_text


def test_masks():
    network, faces = smoke("residual_masking", "constant"), some_faces(3, 64)
    found = masking(network, faces)
    figure = draw_masking(found, faces, list("abc"), block=2)
    assert "before mask 2" in [panel.get_ylabel() for panel in figure.axes]
    assert f"multiply it by {1 + 1 / found.channels[1]:.3f}" in figure.alt_text
    spread = draw_mask_distribution(found)
    assert "100 per cent of 3 faces" in spread.alt_text
    for line, channels in zip(spread.axes[0].lines, found.channels, strict=False):
        assert line.get_ydata().sum() == pytest.approx(100)
        assert f"C = {channels}" in line.get_label()


def test_cbam():
    faces = some_faces(3, 64)
    found = cbam_attention(smoke("diversified_manet"), faces)
    figure = draw_spatial_attention(found, faces, list("abc"))
    panel = figure.axes[3]  # below the first face: the face, four patches
    extents = [tuple(image.get_extent()) for image in panel.images]
    assert extents == [
        (0, 1, 1, 0), (0, 0.5, 0.5, 0), (0.5, 1, 0.5, 0), (0, 0.5, 1, 0.5),
        (0.5, 1, 1, 0.5),
    ]  # fmt: skip
    assert "4 blocks on 3 faces" in figure.alt_text
    network = smoke("diversified_esr")
    network.active = 2
    found = cbam_attention(network, faces)
    assert len(draw_spatial_attention(found, faces, list("abc")).axes) == 9 + 1
    curves = draw_channel_attention(found)
    assert [panel.get_title() for panel in curves.axes] == ["branch 1", "branch 2"]
    heights = curves.axes[0].lines[0].get_ydata()
    assert (np.diff(heights) <= 0).all()
    np.testing.assert_allclose(heights.mean(), found.channel[0].mean(), rtol=1e-5)
    assert "n = 3 faces" in curves.get_supxlabel()


def test_regions():
    faces = some_faces(4)
    found = region_weights(smoke("ramn"), faces)
    weights = np.full((4, 6), 0.5, np.float32)
    weights[:, 5] = 0.953
    shares = weights / weights.sum(1, keepdims=True)
    shares[2:, 2], shares[2:, 5] = shares[2:, 5], shares[2:, 2]
    planted = found._replace(weights=weights, shares=shares)
    figure = draw_region_weights(planted, faces, list("abcd"))
    frames = [panel.patches[0] for panel in figure.axes[:24]]
    centre = frames[20]
    corners = centre.get_bbox().extents
    np.testing.assert_allclose(corners, found.boxes[5])
    colours = {frame.get_edgecolor() for frame in frames[:20]}
    assert len(colours) == 1 and centre.get_edgecolor() not in colours
    told = [panel.texts[0].get_text() for panel in figure.axes[:24]]
    assert told == ["0.500"] * 20 + ["0.953"] * 4
    figure = draw_mean_shares(planted, np.array([0, 0, 2, 2]), ["a", "none", "b"])
    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shown[0], 100 * shares[0], rtol=1e-5)
    np.testing.assert_allclose(shown[2], 100 * shares[3], rtol=1e-5)
    assert np.isnan(shown[1].filled(np.nan)).all() and len(figure.axes[0].texts) == 12
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == ["a (2)", "none (0)", "b (2)"]


def test_landmarks():
    count = 4
    torch.manual_seed(0)
    network = PartEnsemble(input_size=48, width=2, kind="parts", keep_localisers=True)
    points = np.random.default_rng(0).uniform(5, 55, (count, 68, 2)).astype(np.float32)
    columns = (np.zeros(count, np.int64), np.array(["Test"] * count))
    faces = FaceSet("drawn", some_faces(count, 60), *columns, "drawn", landmarks=points)
    found = landmark_drift(network, faces)
    figure = draw_landmark_drift(found, faces.images, list("abcd")[:count])
    before = figure.axes[count].lines  # second row, first face
    assert [line.get_color() for line in before] == list(PART_COLOURS.values())
    np.testing.assert_allclose(before[0].get_xydata(), found.before[0][0])
    assert sum(len(line.get_xydata()) for line in figure.axes[0].lines) == 68
    shown = 100 * found.errors_before.normalised[:, 0].mean()
    assert f"eyebrows {shown:.1f} and " in figure.alt_text
    errors = draw_landmark_errors(found)
    right = errors.axes[1]
    assert "% of eye distance" in right.get_ylabel()
    np.testing.assert_allclose(right.lines[0].get_ydata()[0], shown)
    assert f"n = {count} faces" in errors.get_supxlabel()
