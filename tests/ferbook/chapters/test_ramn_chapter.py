"""What the RAMN chapter draws and counts, against loops and closed forms."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from fer_lib.crops import COUNTS, crop_names
from fer_lib.explain.regions import RegionWeights
from fer_lib.losses.collaborative import collaborative_loss
from ferbook.chapters.ramn import features as ramn_features
from ferbook.chapters.ramn import losses as ramn_losses
from ferbook.chapters.ramn import regions as ramn


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_drawing_tells_the_default_networks_shapes():
    texts = {text.get_text() for text in ramn.draw_network().axes[0].texts}
    assert {"3 x 224 x 224", "6 x 3 x 224 x 224", "6 x 512", "7 x 128"} <= texts


def test_every_panel_shows_the_boxes_that_the_last_did_not_have():
    figure = ramn.draw_crops(np.zeros((1, 48, 48), np.uint8))
    upper = figure.axes[: len(COUNTS) - 1]
    named = [[box.get_label() for box in panel.patches] for panel in upper]
    assert [name for names in named for name in names] == list(crop_names(10)[1:])
    assert [len(names) for names in named] == [4, 1, 2, 2, 1]


def test_scales_say_the_sides_that_are_drawn():
    figure = ramn.draw_scales(np.zeros((1, 100, 100), np.uint8), (0.7, 1.2))
    labels = [panel.get_xlabel() for panel in figure.axes]
    assert labels[1].startswith("90 % and 96 %")
    widths = [[box.get_width() for box in panel.patches] for panel in figure.axes]
    np.testing.assert_allclose(widths[1], [0.9, 0.96], atol=0.06)
    assert np.all(np.less(widths[0], widths[1]))


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


def test_drawn_borders_are_the_closed_ones():
    figure = ramn_losses.draw_plane((2.0,) * 2, (1, 3))
    lines = [line.get_xdata()[0] for line in figure.axes[0].lines[:2]]
    np.testing.assert_allclose(lines, [0.25, 0.75])


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
    places, distance = ramn_features.task_plane(features[:, 0], belongs)
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
    found = ramn_features.held(features, labels, 3.0)
    assert found[0] == pytest.approx(share, abs=0.05)
    assert found[1] == 0


def test_tasks_are_drawn_for_every_class():
    features, labels = planted_features(2.0)
    figure = ramn_features.draw_tasks(features, labels, ("one", "two"), 3.0)
    shown = [
        sum(len(line.get_xdata()) for line in axes.lines[:2]) for axes in figure.axes
    ]
    assert shown == [40, 40]
