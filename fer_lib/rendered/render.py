"""Casting rays at a head and shading what they hit."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from fer_lib.errors import FerError, optional
from fer_lib.rendered.head import Head
from fer_lib.rendered.surface import Look, flat, surface

SAMPLES = 2  # rays a pixel along each side
# Where the light stands for each ray of a pixel: a soft shadow's edge
# without noise.
OUTLINE = 0.25  # cosine to the view below which a drawing has its line
LIGHT_JITTER = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]]) * 0.06


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; coordinates in pixels, centres at whole numbers.

    Attributes:
        size: side of the square image in pixels.
        rotation: ``[3, 3]``, turns the head into the camera's frame.
        centre: ``[3]``, the point of the head on the optical axis.
        half: half of the field of view at that point, decimetres.
        distance: from that point to the pinhole, decimetres.
        shift: x and y of that point from the image centre, as a share of
            ``half``; y down.
    """

    size: int
    rotation: np.ndarray
    centre: np.ndarray
    half: float = 0.95
    distance: float = 9.0
    shift: tuple[float, float] = (0.0, 0.0)

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """Head points ``[..., 3]`` in the camera's frame, pinhole at +z."""
        return (points - self.centre) @ self.rotation.T

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixel coordinates x, y ``[..., 2]`` of camera-frame points."""
        depth = self.distance / (self.distance - points[..., 2:])
        place = points[..., :2] * [1, -1] * depth / self.half + self.shift
        return (place + 1) / 2 * self.size - 0.5

    def rays(self, samples: int = SAMPLES) -> np.ndarray:
        """Directions ``float32 [R, 3]`` of all rays, row by row."""
        side = self.size * samples
        axis = (np.arange(side) + 0.5) / side * 2 - 1
        x = np.tile((axis - self.shift[0]) * self.half, (side, 1))
        y = np.tile(((self.shift[1] - axis) * self.half)[:, None], side)
        z = np.full_like(x, -self.distance)
        return np.stack([x.ravel(), y.ravel(), z.ravel()], 1).astype("f4")


@dataclass(frozen=True)
class Light:
    """A lamp, its fill and the room; strengths of linear light.

    Attributes:
        direction: ``[3]`` towards the lamp, camera frame.
        key: strength of the lamp.
        fill: strength of light from where the camera stands.
        ambient: strength of light from everywhere.
        tones: number of flat tones, as in a drawing; 0 is smooth.
    """

    direction: tuple[float, float, float] = (0.4, 0.5, 0.8)
    key: float = 0.75
    fill: float = 0.2
    ambient: float = 0.3
    tones: int = 0


@dataclass(frozen=True, eq=False)
class Hits:
    """What the rays of an image hit; ``R`` rays, ``K`` of them hit.

    Attributes:
        rays: ``int64 [K]``, numbers of the rays that hit, row by row.
        triangles: ``int64 [K]``, index of the triangle.
        corners: ``int64 [K, 3]``, its vertices.
        weights: ``float64 [K, 3]``, barycentric coordinates.
        total: R.
    """

    rays: np.ndarray
    triangles: np.ndarray
    corners: np.ndarray
    weights: np.ndarray
    total: int

    def at(self, values: np.ndarray) -> np.ndarray:
        """Vertex values ``[V, ...]`` interpolated at the hits ``[K, ...]``."""
        return np.einsum("kc,kc...->k...", self.weights, values[self.corners])


def _embree():
    """The two modules of embreex, which not every platform has."""
    try:
        scene = optional("embreex.rtcore_scene", "rendered")
        mesh = optional("embreex.mesh_construction", "rendered")
    except FerError as error:
        raise FerError(
            f"rendering faces: {error} Where it has no wheel, as for Linux on Arm, use "
            "a data set of your own, or copy the rendered cache from another machine."
        ) from error
    return scene.EmbreeScene, mesh.TriangleMesh


def intersector(points: np.ndarray, triangles: np.ndarray):
    """A function (origins, directions) -> raw hits on a mesh."""
    scene_type, mesh_type = _embree()
    scene = scene_type()
    mesh = mesh_type(scene, points.astype("f4"), triangles.astype("i4"))

    def run(origins, directions, **options):
        origins = np.ascontiguousarray(origins, "f4")
        directions = np.ascontiguousarray(directions, "f4")
        return scene.run(origins, directions, **options)

    run.mesh = mesh  # keeps the buffers alive as long as the function
    return run


def cast(run, triangles: np.ndarray, camera: Camera, samples: int = SAMPLES) -> Hits:
    """First hits of the camera's rays on the mesh of ``run``."""
    directions = camera.rays(samples)
    origins = np.tile(np.array([0, 0, camera.distance], "f4"), (len(directions), 1))
    found = run(origins, directions, query="INTERSECT", output=1)
    rays = np.flatnonzero(found["primID"] >= 0)
    u, v = found["u"][rays].astype(float), found["v"][rays].astype(float)
    hit = found["primID"][rays].astype(np.int64)
    return Hits(
        rays=rays,
        triangles=hit,
        corners=triangles[hit],
        weights=np.stack([1 - u - v, u, v], 1),
        total=len(directions),
    )


def normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit vertex normals ``[V, 3]``, weighted by triangle area."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(points)
    for k, axis in np.ndindex(3, 3):
        corners, part = triangles[:, k], face[:, axis]
        total[:, axis] += np.bincount(corners, part, minlength=len(points))
    return total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12)


@cache
def ambient_occlusion(head: Head) -> np.ndarray:
    """How open to the room each vertex of the base mesh is, ``[V]``, 0-1.

    The share of 64 directions about the normal whose rays leave the head,
    weighted by the cosine.
    """
    points = head.vertices
    normal = normals(points, head.short_triangles)
    run = intersector(points, head.short_triangles)
    k = np.arange(64) + 0.5
    z, turn = 1 - 2 * k / 64, k * np.pi * (3 - 5**0.5)
    ring = np.sqrt(1 - z * z)
    sphere = np.stack([ring * np.cos(turn), ring * np.sin(turn), z], 1)
    cosine = normal @ sphere.T
    vertex, way = np.nonzero(cosine > 0.05)
    found = run(points[vertex] + 0.02 * normal[vertex], sphere[way], query="OCCLUDED")
    free = (found < 0) * cosine[vertex, way]
    count = len(points)
    total = np.bincount(vertex, cosine[vertex, way], count)
    share = np.bincount(vertex, free, count) / np.maximum(total, 1e-9)
    share[head.curtain > 0] = 0.8
    return share


def shade(
    head: Head,
    points: np.ndarray,
    triangles: np.ndarray,
    run,
    hits: Hits,
    look: Look,
    folds: Mapping[str, float],
    light: Light,
    distance: float,
) -> np.ndarray:
    """Linear light ``[K]`` that leaves the hit points for the camera.

    Lambert with a wrapped terminator for the lamp, whose shadow is cast; a
    fill from the camera and light from the room, both dimmed by ambient
    occlusion; and a Blinn-Phong gloss.

    Args:
        head: whose surface it is.
        points: ``[V, 3]``, the vertices in the camera's frame, decimetres.
        triangles: ``[T, 3]``, the mesh of ``run``, its intersector.
        hits: the points to shade.
        look: the person's colours.
        folds: depth of wrinkles by name.
        light: in the camera's frame.
        distance: of the pinhole from the head's centre.
    """
    here = hits.at(points)
    normal = hits.at(normals(points, triangles))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    view = np.array([0, 0, distance]) - here
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    facing = np.einsum("kd,kd->k", normal, view)
    # Where a strong fold turns its back, shade it like its front.
    normal[facing < 0] *= -1
    skin = surface(head, hits, look, folds, ambient_occlusion(head))
    lamp = np.array(light.direction) / np.linalg.norm(light.direction)
    row, column = np.divmod(hits.rays, round(hits.total**0.5))
    jitter = LIGHT_JITTER[row % 2 * 2 + column % 2]
    to_lamp = lamp + np.pad(jitter, ((0, 0), (0, 1)))
    blocked = run(here + 0.015 * normal, to_lamp, query="OCCLUDED") >= 0
    lit = np.clip((normal @ lamp + skin.wrap) / (1 + skin.wrap), 0, 1)
    lit *= np.where(blocked, 0.12, 1)
    room = light.ambient * (0.6 + 0.4 * normal[:, 1])
    diffuse = light.key * lit + skin.open * (light.fill * np.abs(facing) + room)
    half = lamp + view
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    spark = np.clip(np.einsum("kd,kd->k", normal, half), 0, 1)
    shine = skin.gloss * spark**skin.sharpness * ~blocked
    if light.tones:
        diffuse, shine = flat(diffuse, shine, light.tones)
        diffuse *= np.where(facing < OUTLINE, 0.3, 1)
    return skin.albedo * diffuse + light.key * shine
