"""The parametric head: base mesh, identities and the 52 face units.

Lengths are decimetres; +x is the subject's left, +y up, +z forward.
Source: MakeHuman and Mika Suominen's face units, CC0 1.0
(``head.LICENSE.md``), which ``tests/helpers/head_asset.py`` reduced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError

ASSET = Path(__file__).with_name("head.npz")


@dataclass(frozen=True, eq=False)
class Head:
    """The head's mesh and what deforms it.

    Attributes:
        vertices: ``float64 [V, 3]``, the base shape.
        triangles: ``int64 [T, 3]``, vertex ids.
        groups: ``uint8 [T]``, index into ``group_names``.
        group_names: skin, left_eye, right_eye, upper_teeth, ...
        masks: by region name, ``float64 [V]`` from 0 to 1.
        mirror: ``int64 [V]``, the id of each vertex's mirror image.
        unit_names: the 52 ARKit names, alphabetical.
        units: ``float64 [52, V, 3]``, displacement at full intensity.
        macro_names: six identities, ethnicity-sex-young.
        macros: ``float64 [6, V, 3]``.
        shape_names: 226 axes of shape.
        shapes: ``float64 [226, V, 3]``.
        curtain: ``float64 [V]``, 0 but on long hair, where it grows to 1
            downwards.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    groups: np.ndarray
    group_names: tuple[str, ...]
    masks: Mapping[str, np.ndarray]
    mirror: np.ndarray
    unit_names: tuple[str, ...]
    units: np.ndarray
    macro_names: tuple[str, ...]
    macros: np.ndarray
    shape_names: tuple[str, ...]
    shapes: np.ndarray
    curtain: np.ndarray

    def shape(self, macros: np.ndarray, shapes: np.ndarray) -> np.ndarray:
        """A person's neutral vertices ``[V, 3]`` from weights ``[6]`` and ``[226]``."""
        return self.vertices + _mixed(macros, self.macros) + _mixed(shapes, self.shapes)

    def express(self, neutral: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Vertices ``[V, 3]`` of a person who moves units ``[52]``."""
        return neutral + _mixed(units, self.units)

    def unit_vector(self, **intensities: float) -> np.ndarray:
        """``float64 [52]`` from unit names.

        A name without ``Left`` or ``Right`` that has both sides sets both.

        Raises:
            FerError: when a name is no face unit.
        """
        vector = np.zeros(len(self.unit_names))
        for name, value in intensities.items():
            both = (name, f"{name}Left", f"{name}Right")
            places = [k for k, unit in enumerate(self.unit_names) if unit in both]
            if not places:
                raise FerError(
                    f"face unit '{name}' is unknown; expected one of "
                    f"{', '.join(self.unit_names)}."
                )
            vector[places] = value
        return vector

    @cached_property
    def short_triangles(self) -> np.ndarray:
        """The triangles without long hair, which comes last."""
        return self.triangles[self.groups < self.group_names.index("hair")]

    @cached_property
    def eyes(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertex ids of the left and of the right eyeball."""
        return tuple(
            np.unique(self.triangles[self.groups == self.group_names.index(g)])
            for g in ("left_eye", "right_eye")
        )

    def eye_centre(self, vertices: np.ndarray) -> np.ndarray:
        """The point ``[3]`` half-way between the eyeballs."""
        return np.mean([vertices[ids].mean(0) for ids in self.eyes], axis=0)


def _mixed(weights: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Weighted sum of displacements; einsum adds in one fixed order."""
    used = np.flatnonzero(weights)
    return np.einsum("n,nvd->vd", weights[used], moves[used])


@cache
def load_head(path: Path = ASSET) -> Head:
    """Read the asset, correct the mouth and add long hair; once a process.

    Raises:
        FerError: when the asset is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            raw = {key: stored[key] for key in stored.files}
    except Exception as error:  # zip, zlib, header: all mean damage
        raise FerError(
            f"{path}: the head asset is missing or damaged ({error}); take "
            "the file from the repository again."
        ) from error
    for key in ("units", "macros", "shapes", "vertices"):
        raw[key] = np.ascontiguousarray(np.moveaxis(raw[key], 0, -1))
    names = {k: tuple(raw[k].tolist()) for k in raw if k.endswith("_names")}
    masks = raw["masks"] / 255
    return _with_long_hair(
        Head(
            vertices=_with_open_mouth(raw),
            triangles=raw["triangles"].astype(np.int64),
            groups=raw["groups"],
            group_names=names["group_names"],
            masks=dict(zip(names["mask_names"], masks, strict=True)),
            mirror=raw["mirror"].astype(np.int64),
            unit_names=names["unit_names"],
            units=raw["units"] / 1000,
            macro_names=names["macro_names"],
            macros=raw["macros"] / 1000,
            shape_names=names["shape_names"],
            shapes=raw["shapes"] / 1000,
            curtain=np.zeros(len(raw["vertices"])),
        )
    )


def _with_open_mouth(raw: Mapping[str, np.ndarray]) -> np.ndarray:
    # The mesh's tongue would fill an open mouth and its lips would hide the upper
    # teeth altogether: flatten the one, let the others down by 3.5 mm.
    vertices = raw["vertices"] / 10_000
    names = raw["group_names"].tolist()
    tongue, teeth = (
        np.unique(raw["triangles"][raw["groups"] == names.index(part)])
        for part in ("tongue", "upper_teeth")
    )
    bottom = vertices[tongue, 1].min() - 0.03
    vertices[tongue, 1] = bottom + 0.45 * (vertices[tongue, 1] - bottom)
    vertices[tongue, 2] -= 0.06
    vertices[teeth] += [0, -0.035, -0.04]
    return vertices


def _with_long_hair(head: Head) -> Head:
    """Add a curtain of hair from one temple round the back to the other.

    Its vertices follow the identity and shape of the nearest point of the
    head, and no face unit.
    """
    rows, columns = 9, 33
    turn = np.radians(np.linspace(-288, -72, columns))
    fall = np.linspace(0, 1, rows)[:, None]
    out = np.interp(fall, [0, 0.25, 0.5, 1], [-0.06, 0.1, 0.16, 0.12])
    centre = head.eye_centre(head.vertices)
    x = (0.78 + out) * np.sin(turn)
    z = -0.75 + (0.95 + out) * np.cos(turn)
    y = np.broadcast_to(0.75 - 0.9 * fall, x.shape)
    hair = centre + np.stack([x, y, z], -1).reshape(-1, 3)
    away = hair[:, None] - head.vertices
    near = np.einsum("hvd,hvd->hv", away, away).argmin(1)
    first = len(head.vertices) + np.arange((rows - 1) * columns)
    first = first.reshape(rows - 1, columns)[:, :-1].ravel()
    below = first + columns
    upper = np.stack([first, below, first + 1], 1)
    faces = np.concatenate([upper, np.stack([first + 1, below, below + 1], 1)])
    flipped = np.arange(len(hair)).reshape(rows, columns)[:, ::-1].ravel()

    def longer(values, fill, axis=0):
        return np.concatenate([values, fill], axis)

    return replace(
        head,
        vertices=longer(head.vertices, hair),
        triangles=longer(head.triangles, faces),
        groups=longer(head.groups, np.full(len(faces), 6, np.uint8)),
        group_names=(*head.group_names, "hair"),
        masks={n: longer(m, np.zeros(len(hair))) for n, m in head.masks.items()},
        mirror=longer(head.mirror, len(head.vertices) + flipped),
        units=longer(head.units, np.zeros((len(head.units), len(hair), 3)), 1),
        macros=longer(head.macros, head.macros[:, near], 1),
        shapes=longer(head.shapes, head.shapes[:, near], 1),
        curtain=longer(head.curtain, np.repeat(fall.ravel(), columns)),
    )
