"""Grad-CAM, learner by learner: closed forms, flags, places, figures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from known_networks import Linear, left_as_found, smoke, some_faces

from fer_lib.crops import crop_boxes
from fer_lib.errors import FerError
from fer_lib.explain.class_maps import class_maps, learners, on_face
from fer_lib.explain.drawing.class_maps import draw_class_maps
from fer_lib.explain.drawing.colours import PART_COLOURS
from fer_lib.explain.drawing.panels import lay_over
from fer_lib.explain.grad_cam import grad_cam, signed_cam, union
from fer_lib.landmarks import FIVE_PARTS

FACES = some_faces(3, 6)
# Two channels, once and twice the picture: for class 0 they speak with
# 1 + 2 * 2 = 5, for class 1 with 1 - 2 * 2 = -3, for class 2 not at all.
WEIGHTS = [[1.0, 2.0], [1.0, -2.0], [0.0, 0.0]]


def test_closed_form():
    network = Linear(WEIGHTS)
    found = class_maps(network, FACES, np.array([0, 0, 0]))
    pixels = FACES[:, 0] / 255
    np.testing.assert_allclose(found.maps[0], 5 * pixels / 36, rtol=1e-5)
    shares = pixels / pixels.max((1, 2), keepdims=True)
    np.testing.assert_allclose(found.united, shares, rtol=1e-5)
    assert not found.against.any() and found.cells == ((6, 6),)


def test_empty_maps_say_why():
    network = Linear(WEIGHTS)
    found = class_maps(network, FACES, np.array([0, 1, 2]))
    assert found.maps.any((2, 3)).tolist() == [[True, False, False]]
    assert found.negative.tolist() == [[False, True, False]]
    assert found.dead.tolist() == [[False, False, True]]
    assert not np.isnan(found.united).any()


def test_share_of_the_evidence_against():
    """A channel of two signs: the part below zero speaks against."""
    network = Linear([[1.0], [0.0]])
    with torch.no_grad():
        network.conv.weight.fill_(1)
    network.input = type(network.input)(size=6, channels=1, mean=0.5, std=1.0)
    found = class_maps(network, FACES, np.zeros(3, int))
    signed = FACES[:, 0] / 255 - 0.5
    below = -signed.clip(max=0).sum((1, 2)) / np.abs(signed).sum((1, 2))
    np.testing.assert_allclose(found.against[0], below, rtol=1e-5)
    np.testing.assert_allclose(found.maps[0], signed.clip(0) / 36, atol=1e-8)


def test_explains_what_is_predicted_unless_told():
    network = Linear(WEIGHTS)
    assert class_maps(network, FACES).targets.tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["diversified_esr", "part_ensemble", "ramn"])
def test_does_not_depend_on_the_batch(name):
    network, faces = smoke(name), some_faces(5)
    one, other = (
        class_maps(network, faces, np.arange(5), batch_size=count) for count in (2, 5)
    )
    for field in ("maps", "united", "against"):
        first, second = getattr(one, field), getattr(other, field)
        scale = np.nanmax(np.abs(second))
        np.testing.assert_allclose(first, second, atol=1e-4 * scale, err_msg=field)


@pytest.mark.parametrize("kind", ["parts", "baseline"])
def test_parts_explain_their_own_scores(kind):
    network, faces = smoke("part_ensemble", kind=kind), some_faces(2)
    x, targets = network.input(faces), torch.tensor([3, 5])
    with left_as_found(network):
        found = class_maps(network, faces, targets.numpy())
    alone = [grad_cam(member, x, targets) for member in network.sub_networks]
    torch.testing.assert_close(torch.tensor(found.maps), torch.stack(alone))
    torch.testing.assert_close(torch.tensor(found.united), union(alone))
    assert found.names == tuple(network.cam_layers())


def test_branches_explain_their_own_scores():
    network, faces = smoke("diversified_esr"), some_faces(2, 64)
    network.active = 3
    first = class_maps(network, faces, np.array([0, 1]))
    assert first.names == ("branch 1", "branch 2", "branch 3")
    with torch.no_grad():
        network.branches[2].fc.weight.mul_(-1)
    then = class_maps(network, faces, np.array([0, 1]))
    assert np.array_equal(first.maps[:2], then.maps[:2])
    assert not np.array_equal(first.maps[2], then.maps[2])


def test_learners_add_up_to_the_score_they_explain():
    network = smoke("diversified_esr").eval()
    x = network.input(some_faces(2, 64))
    with torch.no_grad():
        branches = network(x).branches
        own = torch.stack([scores(x) for scores, _ in learners(network).values()], 1)
    torch.testing.assert_close(own, branches)


def test_regions_lie_where_they_were_cut():
    boxes, maps = crop_boxes(5, 24), torch.zeros(6, 3, 3)
    maps[3] = 2.0  # the lower left
    left, top, right, bottom = boxes[3]
    expected = torch.zeros(1, 24, 24)
    expected[:, top:bottom, left:right] = 2
    torch.testing.assert_close(on_face(maps, boxes, (24, 24)), expected)


def test_regions_are_added():
    torch.manual_seed(0)
    boxes, maps = crop_boxes(7, 20), torch.randn(2 * 8, 4, 4)
    expected = torch.zeros(2, 20, 20)
    for face in range(2):
        for r, (left, top, right, bottom) in enumerate(boxes):
            one = maps[face * 8 + r][None, None]
            box = (int(bottom - top), int(right - left))
            large = F.interpolate(one, box, mode="bilinear")[0, 0]
            expected[face, top:bottom, left:right] += large
    torch.testing.assert_close(on_face(maps, boxes, (20, 20)), expected)


def test_ramn_sees_the_region_that_counts():
    """Only the upper left region is heard: nothing elsewhere on the face."""
    network = smoke("ramn")
    faces = some_faces(2)

    def only_one(features):
        kept = torch.zeros_like(features)
        kept[:, 1] = features[:, 1]
        return features[:, 1], kept[..., 0].sigmoid()

    network.attention.forward = only_one
    found = class_maps(network, faces, np.array([1, 2]))
    _, _, right, bottom = network.boxes[1].tolist()
    outside = np.ones((48, 48), bool)
    outside[:bottom, :right] = False
    assert not found.maps[..., outside].any() and found.maps.any()


def test_regions_for_and_against_are_weighed_up():
    network, faces = smoke("ramn"), some_faces(2)
    with torch.no_grad():  # signs that differ from region to region
        network.classifier.weight.mul_(50)
    found = class_maps(network, faces, np.array([1, 2]))
    x, layer = network.input(faces), network.cam_layers()["regions"]
    network.eval()
    signed = signed_cam(lambda f: network(f).logits, layer, x, torch.tensor([1, 2]))
    expected = on_face(signed, network.boxes, (48, 48))
    assert expected.min() < 0 < expected.max()
    torch.testing.assert_close(torch.tensor(found.maps[0]), expected.relu())


def test_drawn():
    network = Linear(WEIGHTS)
    found = class_maps(network, FACES, np.array([0, 1, 2]))
    figure = draw_class_maps(found, FACES, ["a", "b", "c"])
    words = [text.get_text() for panel in figure.axes for text in panel.texts]
    assert words == ["all against", "no evidence"]
    assert "n = 3 faces" in figure.get_supxlabel()
    assert "maximum" in figure.axes[-1].get_ylabel()
    assert "2 of 3 maps are empty: 1 without" in figure.alt_text
    with pytest.raises(FerError, match="2 titles for 3 faces"):
        draw_class_maps(found, FACES, ["a", "b"])
    plt.close("all")


def test_drawn_when_nothing_speaks():
    network = Linear([[0.0], [0.0]])
    found = class_maps(network, FACES)
    draw_class_maps(found, FACES, ["a", "b", "c"])
    plt.close("all")


def test_parts_have_their_colours():
    assert set(PART_COLOURS) == set(FIVE_PARTS)
    network, faces = smoke("part_ensemble"), some_faces(1)
    figure = draw_class_maps(class_maps(network, faces), faces, ["a"])
    labels = {p.get_ylabel(): p.yaxis.label.get_color() for p in figure.axes[:7]}
    assert labels == {"face": "black", "union": "#000000"} | PART_COLOURS
    plt.close("all")


def test_a_map_is_drawn_where_it_belongs():
    figure, axes = plt.subplots()
    drawn = lay_over(
        axes, np.ones((2, 2)), (0.5, 0, 1, 0.5), colours="cividis", low=0, high=1
    )
    assert drawn.get_extent() == [0.5, 1, 0.5, 0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 1), (1, 0))
    plt.close(figure)
