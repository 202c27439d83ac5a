"""Rays, projection and shading against oracles."""

import sys

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from fer_lib.errors import FerError
from fer_lib.rendered import render
from fer_lib.rendered.head import load_head
from fer_lib.rendered.people import Person
from fer_lib.rendered.render import Camera, Light
from fer_lib.rendered.scene import Scene, camera_on, turned
from fer_lib.rendered.surface import Look

EVEN = Person(np.full(6, 1 / 6), np.zeros(226), Look())


def even_scene(size=40, light=None, yaw=0.0, units=None):
    units = np.zeros(52) if units is None else units
    camera = camera_on(EVEN, size, turned(yaw, 0, 0))
    return Scene(EVEN, units, camera, light or Light())


def test_projection_inverts_the_rays():
    camera = Camera(
        9, turned(0.4, -0.2, 0.1), np.array([0.1, 7, 1]), 0.8, 7.0, (0.2, -0.1)
    )
    for away in (0.8, 1.0, 1.3):
        points = [0, 0, camera.distance] + away * camera.rays(samples=1)
        rows, columns = np.mgrid[0:9, 0:9]
        expected = np.stack([columns.ravel(), rows.ravel()], 1)
        np.testing.assert_allclose(camera.project(points), expected, atol=1e-4)


def test_rays_hit_a_triangle_where_it_is():
    points = np.array([[-1.0, -1, 0], [1, -1, 0], [0, 1, 0]])
    camera = Camera(32, np.eye(3), np.zeros(3), half=1.5, distance=5)
    triangle = np.array([[0, 1, 2]])
    run = render.intersector(points, triangle)
    hits = render.cast(run, triangle, camera, samples=1)
    here = hits.at(points)
    np.testing.assert_allclose(here[:, 2], 0, atol=1e-6)
    row, column = np.divmod(hits.rays, 32)
    np.testing.assert_allclose(
        camera.project(here), np.stack([column, row], 1), atol=1e-3
    )
    x = (np.arange(32) + 0.5) / 32 * 3 - 1.5
    across, up = np.meshgrid(x, -x)
    inside = (up > -1) & (up < 1 - 2 * np.abs(across))
    expected = np.flatnonzero(inside.ravel())
    np.testing.assert_array_equal(hits.rays, expected)


def test_normals_of_a_sphere_point_outwards():
    k = np.arange(400) + 0.5
    z, turn = 1 - 2 * k / 400, k * np.pi * (3 - 5**0.5)
    ring = np.sqrt(1 - z * z)
    ball = np.stack([ring * np.cos(turn), ring * np.sin(turn), z], 1)
    hull = ConvexHull(ball)
    faces = hull.simplices.astype(np.int64)
    a, b, c = (ball[faces[:, i]] for i in range(3))
    inward = np.einsum("td,td->t", np.cross(b - a, c - a), a) < 0
    faces[inward] = faces[inward][:, ::-1]
    found = render.normals(ball, faces)
    assert np.einsum("nd,nd->n", found, ball).min() > 0.99


def test_mirrored_light_gives_the_mirrored_image():
    left = even_scene(light=Light((0.9, 0.4, 0.8))).draw(0.5)
    right = even_scene(light=Light((-0.9, 0.4, 0.8))).draw(0.5)
    assert np.abs(left - left[:, ::-1]).mean() > 0.03
    # Hair and brows are even but for the seed's small waves.
    assert np.abs(left - right[:, ::-1]).mean() < 0.01


def test_light_is_linear_before_the_camera():
    scene = even_scene()
    hits = scene.hits()

    def lit(factor):
        light = Light(key=0.4 * factor, fill=0.1 * factor, ambient=0.2 * factor)
        return render.shade(
            load_head(), scene.points, EVEN.triangles, scene.run, hits,
            EVEN.look, {}, light, scene.camera.distance,
        )  # fmt: skip

    np.testing.assert_allclose(lit(2), 2 * lit(1))


def test_background_shows_only_beside_the_head():
    dark, light = (even_scene().draw(grey) for grey in (0.0, 1.0))
    hits = even_scene().hits()
    hit = np.zeros(hits.total, bool)
    hit[hits.rays] = True
    covered = hit.reshape(40, 2, 40, 2).all((1, 3))
    np.testing.assert_array_equal((dark == light), covered)
    assert 0.5 < covered.mean() < 0.95


def test_without_embreex_the_reader_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "embreex.rtcore_scene", None)
    with pytest.raises(FerError, match=r"embreex is missing.*as for Linux on Arm"):
        render.intersector(np.zeros((3, 3)), np.array([[0, 1, 2]]))
