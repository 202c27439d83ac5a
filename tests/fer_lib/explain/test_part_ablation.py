"""Parts hidden one at a time, against captum and a slow loop."""

import numpy as np
import pytest
import torch
from captum.attr import FeatureAblation
from known_networks import OnePixel, left_as_found, smoke, some_faces
from planted import a_face

from fer_lib.errors import FerError
from fer_lib.explain.inputs import from_pixels
from fer_lib.explain.part_ablation import POLYGONS, part_ablation, part_polygons
from fer_lib.landmarks import IBUG_FLIP


def test_it_is_captums_with_these_parts():
    network = smoke("ramn").eval()
    unit = network.input.to_unit(some_faces(2))
    points = np.concatenate([a_face(48), a_face(48) + 2])
    with left_as_found(network):
        found = part_ablation(network, unit, np.array([1, 4]), landmarks=points)
    network.eval()
    for face, target in enumerate((1, 4)):
        x = unit[face : face + 1]
        parts = torch.as_tensor(part_polygons(points[face : face + 1], 48))
        expected = FeatureAblation(from_pixels(network)).attribute(
            x,
            x.mean((2, 3), keepdim=True).expand_as(x),
            target=target,
            feature_mask=parts[:, None].expand_as(x),
        )
        expected = expected[0, 0].detach().numpy()
        np.testing.assert_allclose(found[face], expected, atol=1e-4)


def test_parts_hold_their_landmarks_and_mirror():
    points = a_face(96)
    parts = part_polygons(points, 96)[0]
    assert set(np.unique(parts)) == set(range(len(POLYGONS) + 1))
    for number, (name, chosen) in enumerate(POLYGONS.items(), 1):
        columns, rows = points[0, list(chosen)].round().astype(int).T
        inside = parts[rows.clip(0, 95), columns.clip(0, 95)] == number
        assert inside.mean() > 0.6, name  # others may lie on top
    mirrored = points[:, IBUG_FLIP] * [-1, 1] + [95, 0]
    other = part_polygons(mirrored, 96)[0][:, ::-1]
    left_right = np.array([0, 1, 2, 3, 5, 4, 7, 6])
    # Borders are rounded to one side.
    assert (left_right[other] == parts).mean() > 0.97


def test_a_face_that_goes_by_one_pixel_loses_that_part_alone():
    network = OnePixel(row=30, column=24, size=48).eval()
    points = a_face(48)
    faces = some_faces(1, 48)
    own = part_polygons(points, 48)[0]
    found = part_ablation(network, faces, np.array([1]), landmarks=points)[0]
    fall = (faces[0, 0, 30, 24] - faces.mean()) / 255
    here = own == own[30, 24]
    np.testing.assert_allclose(found[here], fall, atol=1e-5)
    assert np.abs(found[~here]).max() < 1e-6


def test_it_needs_landmarks():
    with pytest.raises(FerError, match="none of landmarks for 1 faces"):
        part_ablation(OnePixel(), some_faces(1, 9))
